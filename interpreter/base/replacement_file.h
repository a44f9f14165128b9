// The temporary file beside a file that is to be replaced: known as ours, and removed when whoever
// wrote it has died.
#pragma once

#include <string>

#include "interpreter/base/files.h"

namespace perilune {

struct ReplacementFile {
    Descriptor file;   // Locked as long as it is open: its writer lives.
    std::string path;  // ".NAME.perilune-XXXXXX" in the folder of `path`.
};

// Makes one for `path`, mode 0600, and removes those for the same `path` that no living program
// writes. `errno` says why where the file is not open.
ReplacementFile make_replacement(const std::string& path);

}  // namespace perilune
