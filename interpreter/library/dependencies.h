// Finds the libraries that a library uses, and those that they use.
#pragma once

#include <map>
#include <string>

#include "interpreter/library/library.h"
#include "interpreter/library/manifest.h"
#include "interpreter/library/problems.h"

namespace perilune {

// Every dependency under its name, each once. Problems: a folder that holds no library, another
// name or version than was asked for, two folders under one name, a circle.
std::map<std::string, Dependency> find_dependencies(const std::string& folder,
                                                    const Manifest& manifest, Problems& problems);

}  // namespace perilune
