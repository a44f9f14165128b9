// Text such as "{services.primary.url}" in an environment: known only once a drill has started it.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "interpreter/base/driver.h"
#include "interpreter/library/environment.h"
#include "interpreter/library/problems.h"
#include "interpreter/library/yaml.h"

namespace perilune {

// Opens the secrets that a drill's services were made with.
constexpr std::string_view service_provider = "services";

bool holds_service(std::string_view text);

// Adds a problem for every reference that is misspelt or names a service that is not started.
void check_services(const YamlNode& node, std::string_view what,
                    const std::set<std::string>& services, Problems& problems);

// What stands for "primary.url": text, or a secret handle; nothing where the service says no such
// thing.
using ServiceValue = std::function<std::optional<Value>(std::string_view name)>;

// The value with every reference replaced, also inside lists and maps.
Result<Value> fill_services(const Value& value, const ServiceValue& value_of);
// What a drill knows of the services it starts, as runs carry it:
//   facts     by service, the texts that {services.NAME.FACT} stands for
//   order     the services in the order in which they are started
//   secrets   by service, the names of the facts whose texts are secrets
//   secrets_file  the JSON file that holds those, by "NAME.FACT"
//   programs  what the target process/services may start, as its setting `programs`
//   targets   by target, the service behind it
// Fills it into the environment: no target needs services afterwards. `process` is the driver
// `local` of the family process, for process/services.
Status fill_environment(Environment& environment, const Value& services,
                        const DriverKind& process);
// What {services.NAME.FACT} stands for: texts, and handles that the provider "services" opens.
ServiceValue service_values(const Value& services);
// Which service is behind each target: the first one that its settings name.
Map services_behind(const Environment& environment);

// A target's settings with every reference replaced, and those that are no text converted to the
// types of the driver's table.
Result<Settings> fill_services(const Settings& settings, std::span<const Setting> table,
                               const ServiceValue& value_of);

}  // namespace perilune
