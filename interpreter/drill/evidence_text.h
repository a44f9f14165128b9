// Drills as people read them: the outcome of one, the readiness of a library, two side by side.
#pragma once

#include <string>
#include <vector>

#include "interpreter/base/value.h"
#include "interpreter/drill/conductor.h"

namespace perilune {

// RTO, RPO, deviations and where everything is, a few lines.
std::string drill_text(const Value& evidence);
// The table that ends a series of drills, a row each: library, drill, RTO and RPO measured and
// allowed, in doubt, result, and the numbers of what is not real, which follows as notes.
std::vector<std::string> drill_table(const std::vector<Value>& all);
// One self-contained page with the outage drawn over the steps.
std::string drill_html(const Value& evidence, const Conducted& conducted);
// Step by step: how long each took in both drills.
std::string drill_comparison(const Value& before, const Value& after);

}  // namespace perilune
