// Which keys a folder can hold, and how they become paths.
#pragma once

#include <string>
#include <string_view>

#include "interpreter/base/result.h"

namespace perilune {

// The sub-folder that holds versions, settings and unfinished writes; no key may name it.
constexpr std::string_view hidden_folder = ".perilune";

// Refuses what is no relative path of plain segments: empty, absolute, with empty segments, `.` or
// `..`, NUL, the hidden folder's name in any letter case, or longer than a file system takes.
Status check_key(const std::string& key, const std::string& target);

// The folder and the last segment of a key: "a/b/c" is "a/b" and "c".
struct KeyPath {
    std::string folder;
    std::string name;
};
KeyPath split_key(const std::string& key);

// A prefix is only compared with keys; NUL and `..` segments are refused all the same.
Status check_prefix(const std::string& prefix, const std::string& target);

}  // namespace perilune
