// The files below a library's folder, and waiting until one of them changes.
#pragma once

#include <map>
#include <string>

namespace perilune {

// Size and time of the last change, by path. Hidden files and folders are left out.
using LibraryFiles = std::map<std::string, std::pair<std::uintmax_t, std::int64_t>>;

LibraryFiles see_library(const std::string& folder);
// Returns what is there once it is not `seen` any more, and nobody is writing at this moment.
LibraryFiles wait_for_change(const std::string& folder, const LibraryFiles& seen);

}  // namespace perilune
