// Lists of names, as arguments and results of every driver of the family.
#pragma once

#include <string>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

// A list of names as an argument.
Result<std::vector<std::string>> names_of(const Value& list);

Value list_of(const std::vector<std::string>& names);

}  // namespace perilune
