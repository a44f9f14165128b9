// Folders for the files of one call each, below the state folder. They are gone with their call; of
// a host that died, with the next one.
#pragma once

#include <memory>
#include <string>

#include "interpreter/base/files.h"

namespace perilune {

class ScratchFolder {
public:
    // An empty folder of its own below `parent`, which only its owner may read. It is locked while
    // it is in use.
    static Result<std::unique_ptr<ScratchFolder>> make(const std::string& parent);
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    const std::string& path() const { return path_; }

private:
    ScratchFolder(std::string path, Descriptor lock);

    std::string path_;
    Descriptor lock_;
};

// Removes the folders below `parent` whose host is gone.
void remove_stale_folders(const std::string& parent);

// Raises disk_full where there is no room for so many bytes in `parent`, which may not be there
// yet.
Status require_room(const std::string& parent, double bytes, const std::string& doing);

// "120 MiB in /var/lib/perilune/scratch, where 40 GiB are free"
std::string show_room(const std::string& parent, double bytes);

}  // namespace perilune
