// Files as a recovery tool must treat them: whole or not at all, and on the disk when it says so.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

// The whole of a regular file of at most `bytes_max`. A folder, FIFO, device or larger file is
// refused by name.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max = 64 << 20);

// Writes a temporary file beside `path`, flushes it, renames it over `path`, flushes the folder.
Status write_file_durably(const std::string& path, std::string_view bytes, int mode = 0644);

// Flushes a folder's own entry list.
Status sync_folder(const std::string& path);

// Makes the folder and those above it that are missing.
Status make_folders(const std::string& path, int mode = 0755);

// `path` where it is absolute, else below `folder`.
std::string path_below(const std::string& folder, const std::string& path);

// Owns a file descriptor.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor();
    int get() const { return fd_; }
    bool open() const { return fd_ >= 0; }
    int release();
    void close();

private:
    int fd_ = -1;
};

}  // namespace perilune
