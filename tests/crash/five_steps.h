// A run with a change of each recovery, for cases that stop it somewhere and look what came of it.
#pragma once

#include <string>

#include "tests/crash/crash_rig.h"

namespace perilune::test {

inline constexpr const char* five_steps = R"(
    step("Again", function() shop:again { name = "again" } end)
    local keyed = step("Keyed", function() return shop:keyed { name = "keyed" }.name end)
    step("Looked", function() shop:looked { name = "looked" } end)
    step("Left", function() shop:left { name = "left" } end)
    local found = parallel {
      ["Read"] = function() return shop:count { name = "keyed" } end,
      ["Set"] = function() return shop:set { name = "value", body = "set" }.name end,
    }
    local asked = step("Asked", function() return shop:asked { name = "asked" }.name end)
    return { keyed = keyed, asked = asked, read = found["Read"], set = found["Set"] }
)";

// Goes on until the run has ended; what a person would find in the provider settles a doubt. What
// it returns, where not empty, is a problem.
std::string go_on(const CrashWorld& world);

// What differs from a run that nobody killed.
std::string compare(const CrashWorld& world);

}  // namespace perilune::test
