// What starts runs by itself in an environment: schedules and webhooks.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "interpreter/library/library.h"
#include "interpreter/library/settings.h"

namespace perilune {

struct Start {
    std::string cron;       // Five fields; empty where a webhook starts it.
    std::string time_zone;  // Of the cron fields, such as "Europe/Berlin"; "UTC" unless said.
    std::string webhook;    // The last part of the webhook's path.
    Value key;              // The secret that signs the webhook's calls.
    Map parameters;         // Texts, or lists of texts, by the parameter's name.
    Place place;
};

using Starts = std::map<std::string, std::vector<Start>>;  // By runbook.

// Reads the value of `starts`: for each runbook one start or a list of them.
Starts read_starts(const YamlNode& node, const Library& library, SettingsScope& scope);

// Parameters as a person would write them on the command line: texts, or lists of texts. What they
// mean is known only with the runbook's declarations.
Map read_parameter_texts(const YamlNode& node, const std::string& what, Problems& problems);

// What is wrong with a cron expression, as a sentence; empty where it is right. Minute, hour, day
// of the month, month (or "jan"), day of the week (0 to 7 or "mon"); *, lists, ranges and steps.
std::string cron_problem(std::string_view text);

}  // namespace perilune
