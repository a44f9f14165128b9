// perilune test --coverage: what is asked for, and where it is written.
#pragma once

#include "interpreter/command/command.h"
#include "interpreter/library/library.h"
#include "interpreter/testing/coverage.h"

namespace perilune {

// Refuses options that do not go together, before anything is executed.
Status check_coverage_options(const Invocation& invocation);
// In the form asked for; nothing where the results' own JSON has it.
Status write_coverage(const Invocation& invocation, const Library& library,
                      const Coverage& coverage);
// "Steps 95.8 % (23 of 24), branches …", and whether `least` percent of the steps are executed.
bool tell_coverage(const Coverage& coverage, std::optional<double> least);

}  // namespace perilune
