// Check records, and what becomes of a list of them.
#pragma once

#include <string>

#include "interpreter/base/result.h"

namespace perilune {

// One Check record.
Value make_check(const std::string& name, bool passed, const Value& expected, const Value& found);

// The list, or check_failed with every failure in its message and the list in its detail.
Result<Value> judge_checks(List checks, const std::string& doing);

// The check of a table's rows: between `min` and `max` of its limits, or exactly so many.
Value check_rows(const std::string& table, const Value& limit, const Result<double>& found);
Value check_exact_rows(const std::string& table, const Value& expected,
                       const Result<double>& found);

}  // namespace perilune
