// Finds one field of nested plain data by a dotted name, as settings and checks name JSON fields.
#pragma once

#include <string>
#include <string_view>

#include "interpreter/base/result.h"

namespace perilune {

// A name such as `data.result[0].value[1]`: dots between names, [n] for the n-th of a list counted
// from 0, [-1] for its last, ["a.b"] for a name that holds a dot. Refuses anything else.
Status check_field_name(std::string_view name);

// The value there; nil where it is absent or the name is refused. An empty name is the whole.
Value find_field(const Value& whole, std::string_view name);

}  // namespace perilune
