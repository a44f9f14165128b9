// Opens and writes files below one folder: never above it, and never through a symbolic link.
#pragma once

#include <string>
#include <string_view>

#include "interpreter/base/files.h"

namespace perilune {

// A descriptor, or the errno that says why there is none.
struct Opened {
    Descriptor file;
    int error = 0;
    bool ok() const { return error == 0; }
};

enum class Resolver {
    kernel,   // openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, where the kernel has it.
    segments  // One openat(2) with O_NOFOLLOW for each segment: what older kernels get.
};

// Opens `path` below `folder`; an empty path is the folder itself. Refuses `..` and links: the
// error is then ELOOP, EXDEV or EINVAL.
Opened open_beneath(int folder, const std::string& path, int flags, int mode = 0,
                    Resolver resolver = Resolver::kernel);

// Opens the folder `path` below `folder`, and makes what is missing of it, durably.
Opened make_folder_beneath(int folder, const std::string& path);

// Writes a small file whole: temporary, flushed, renamed over `name`, folder flushed. Returns 0 or
// an errno. `name` is one segment.
int write_file_beneath(int folder, const std::string& name, std::string_view bytes);

// Reads a small regular file whole. Returns 0 or an errno.
int read_file_beneath(int folder, const std::string& name, std::string& bytes);

// Writes everything; returns 0 or an errno.
int write_all(int file, std::string_view bytes);

}  // namespace perilune
