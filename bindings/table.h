// The table of bindings: every family and every driver there is. Adding one is adding its row here.
#pragma once

#include <string_view>
#include <vector>

#include "interpreter/base/driver.h"
#include "interpreter/base/operation.h"
#include "interpreter/base/remote.h"
#include "interpreter/base/simulation.h"

namespace perilune {

const std::vector<const Family*>& all_families();
const std::vector<const DriverKind*>& all_drivers();

// What families build on the functions of a provider's Lua file.
const std::vector<const FamilyRules*>& all_family_rules();

// The simulated targets, one a family.
const std::vector<const SimulatedKind*>& all_simulated();
const SimulatedKind* find_simulated(std::string_view family);

const Family* find_family(std::string_view name);
const DriverKind* find_driver(std::string_view family, std::string_view name);
std::vector<std::string> driver_names(std::string_view family);

}  // namespace perilune
