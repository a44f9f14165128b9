// What an operation touches, as one name: changes of one thing wait for each other.
#pragma once

#include <string>

#include "interpreter/base/operation.h"

namespace perilune {

// "storage/box|\"a.txt\"", or "storage/box" where the operation touches the whole target.
std::string resource_key(const std::string& target, const Operation& row, const Value& arguments);
// False where only the run will know what it touches.
bool is_resource_known(const Operation& row, const Value& arguments);
// True where they are the same thing or one holds the other.
bool resources_overlap(const std::string& one, const std::string& other);

// True where `wanted` is one of the words in `listed`, which are separated by spaces.
bool names_word(std::string_view listed, std::string_view wanted);

}  // namespace perilune
