// Which keys the files of a folder are.
#pragma once

#include <string>
#include <vector>

namespace perilune {

// The keys of all regular files below `root` that begin with `prefix`, in the order of their bytes.
// Links, sockets and the hidden folder are no objects. A folder that cannot be read is passed over.
std::vector<std::string> keys_below(int root, const std::string& prefix);

// Removes the folders of `path` that became empty, innermost first.
void remove_empty_folders(int root, std::string path);

}  // namespace perilune
