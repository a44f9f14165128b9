// Reads the `targets` of an environment.
#pragma once

#include "interpreter/library/environment.h"
#include "interpreter/library/settings.h"

namespace perilune {

// Fills `environment.targets` from the value of `targets`; `scope.targets` already has the names.
void read_targets(const YamlNode& node, const Library& library, const KnownDrivers& drivers,
                  SettingsScope& scope, Environment& environment);

}  // namespace perilune
