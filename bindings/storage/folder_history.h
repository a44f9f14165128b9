// What a folder remembers about one key beside its file: one small file for every version.
//
// .perilune/versions/HH/HASH/       HASH is the SHA-256 of the key, HH its first two digits
//     VERSION.json                  what is known of that version; never changed in its meaning
//     VERSION.data                  its content, once it is no longer the current one
//
// Nothing says which version is current: that is the one whose inode, size and time the key's own
// file has. So there is no second truth that a crash could leave behind, and a file that a person
// dropped in or edited is seen for what it is.
#pragma once

#include <string>
#include <vector>

#include <sys/stat.h>

#include "bindings/storage/beneath.h"
#include "bindings/storage/object_store.h"
#include "interpreter/base/result.h"

namespace perilune {

// The versions of one key. Reading needs no lock; writing needs the store's.
class History {
public:
    // `root` is the folder of the objects; it must outlive the history.
    History(int root, std::string key);

    // Reads what is recorded, newest first.
    Status read();
    const std::vector<Version>& recorded() const { return recorded_; }
    std::uint64_t next_order() const;

    // Writes a version's record. Makes the history's folder.
    Status write(const Version& version);
    // Keeps the content of `file` of `folder` as that of a version: a second link, so no copying.
    Status keep_data(int folder, const std::string& file, const std::string& id);
    // Opens a version's kept content.
    Opened open_data(const std::string& id) const;
    // Removes a version, its record last.
    Status remove(const std::string& id);

private:
    Status open_for_writing();
    Error failure(const std::string& doing, int error) const;

    int root_;
    std::string key_;
    std::string path_;
    Descriptor folder_;
    std::vector<Version> recorded_;
};

// Whether `info` is of the file that this version describes.
bool describes(const Version& version, const struct stat& info);
// Notes the inode, size and time of a file in a version.
void note_file(Version& version, const struct stat& info);
double modified_s(const struct stat& info);
std::int64_t modified_ns(const struct stat& info);

// Every key that has a history, in no order.
Result<std::vector<std::string>> keys_with_history(int root);

}  // namespace perilune
