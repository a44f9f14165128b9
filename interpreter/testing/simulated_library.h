// A library as a simulator is sent it: every text it could need, since it opens no file itself.
#pragma once

#include <string>

#include "interpreter/library/environment.h"

namespace perilune {

// { folder, texts, drivers }: runbooks, lib, environments, tests, explorations, dependencies; and
// of each driver in Lua that an environment uses, what its file declares.
Result<Value> simulated_library(const Library& library, const KnownDrivers& known,
                                const std::string& worker_program);

}  // namespace perilune
