// What the commands that execute tests are told in common: which files, how, and how good.
#pragma once

#include <optional>

#include "interpreter/command/command.h"
#include "interpreter/testing/test_runner.h"

namespace perilune {

// `files_named` as people write them; none: all.
Result<TestOptions> read_test_options(const Invocation& invocation, const Library& library,
                                      const std::vector<std::string>& files_named);
// --least, of hundred.
Result<std::optional<double>> read_least(const Invocation& invocation);

// perilune test --mutate: the library's runbooks broken in small ways; see mutate.cpp.
int execute_mutations(const Invocation& invocation, const Library& library);

}  // namespace perilune
