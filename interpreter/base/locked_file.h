// A file that several programs change: one writer at a time, replaced whole, owner and mode kept.
#pragma once

#include <string>
#include <string_view>

#include "interpreter/base/files.h"

namespace perilune {

// Holds the exclusive flock of a lock file until it is destroyed. The lock file stays: removing it
// would let two writers each hold a lock of their own.
class FileLock {
public:
    // Waits for the lock until `deadline_s` on the boot clock. Blocks: for use off the loop. Two
    // threads of one program exclude each other as two programs do.
    static Result<FileLock> take(const std::string& lock_path, double deadline_s);

private:
    explicit FileLock(Descriptor file) : file_(std::move(file)) {}
    Descriptor file_;
};

// Replaces an existing file durably with its owner, group and mode as they were. A symbolic link
// stays one: what it points at is replaced. An error with `retry` unknown came after the
// replacement; every other one left the old file.
Status replace_file_durably(const std::string& path, std::string_view bytes);

}  // namespace perilune
