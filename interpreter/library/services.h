// Text such as "{services.primary.url}" in an environment: known only once a drill has started it.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "interpreter/base/driver.h"
#include "interpreter/library/problems.h"
#include "interpreter/library/yaml.h"

namespace perilune {

bool holds_service(std::string_view text);

// Adds a problem for every reference that is misspelt or names a service that is not started.
void check_services(const YamlNode& node, std::string_view what,
                    const std::set<std::string>& services, Problems& problems);

// What stands for "primary.url"; nothing where the service says no such thing.
using ServiceValue = std::function<std::optional<std::string>(std::string_view name)>;

// The value with every reference replaced, also inside lists and maps.
Result<Value> fill_services(const Value& value, const ServiceValue& value_of);
// A target's settings with every reference replaced, and those that are no text converted to the
// types of the driver's table.
Result<Settings> fill_services(const Settings& settings, std::span<const Setting> table,
                               const ServiceValue& value_of);

}  // namespace perilune
