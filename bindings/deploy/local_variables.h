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

// What a call wants of each variable it names: opened, or nothing where it is to go.
struct WantedVariables {
    Variables set;
    std::vector<std::string> names;
};
Result<WantedVariables> read_wanted(const Call& call);
// `before` and `after` of set_env and unset_env, their result, and what takes them back.
Value state_of(const Variables& variables, const WantedVariables& wanted);
Value env_value(const WantedVariables& wanted, bool changed);
std::optional<Restore> restore_env(const Call& call, const Value& before, const Value& result);

}  // namespace perilune
