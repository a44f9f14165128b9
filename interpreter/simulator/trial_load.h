// Loads a runbook of a library as its worker would, to see whether it can be.
#pragma once

#include "interpreter/library/library.h"

namespace perilune {

Status try_to_load(const Texts& texts, const std::string& path);

}  // namespace perilune
