// Variables of a call as they are stored, and as `before` and `after` hold them.
#pragma once

#include "bindings/deploy/target_state.h"
#include "interpreter/base/driver.h"

namespace perilune {

// The variables of a map of names to texts, secrets (opened here, with their digest) or false
// (left out).
Result<Variables> open_variables(const Value& values, const Call& call);

// What undo compares and gives back: { value }, or { secret, digest }, or false where not set.
Value variable_state(const Variables& variables, const std::string& name);
// The argument of set_env that brings such a state about.
Value variable_argument(const Value& state);

}  // namespace perilune
