// A run by what a person types: its id, a unique part of it, or "last".
#pragma once

#include <string>
#include <vector>

#include "interpreter/journal/store.h"

namespace perilune {

Result<RunRow> find_run(Store& store, const std::string& typed);
// It and all runs below it, parents before their children.
Result<std::vector<RunRow>> find_tree(Store& store, const std::string& typed);

}  // namespace perilune
