// Checks a target's settings against its driver's table and turns them into plain values.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "interpreter/base/driver.h"
#include "interpreter/library/problems.h"
#include "interpreter/library/yaml.h"

namespace perilune {

// What the settings of one environment may refer to, and what was said about them.
struct SettingsScope {
    std::map<std::string, Value> credentials;  // By their names: maps of text and secret handles.
    std::set<std::string> credentials_used;
    std::set<std::string> targets;
    std::set<std::string> services;
    Problems& problems;
    std::vector<std::string>& warnings;
};

// Whose settings are read, for messages: "dns/site" and "driver route53".
struct SettingsOwner {
    std::string name;
    std::string driver;
    std::set<std::string> common_keys;  // Read by others; no settings unless the table has them.
};

// The values of the keys in `map`: durations, sizes and times as numbers, "secret:NAME" as a
// handle, `credentials: NAME` as the map of that name, defaults filled in. Text that holds
// {services.…} is kept as it is until a drill knows it. Problems: unknown, missing and mistyped
// keys, secrets where none may be.
Value read_settings(const YamlNode& map, std::span<const Setting> table, const SettingsOwner& owner,
                    SettingsScope& scope);

enum class Secrets { allowed, refused };
// A value without a table (a list, a map, credentials): scalars read as by untyped_value.
Value read_free_value(const YamlNode& node, std::string_view what, Secrets secrets,
                      SettingsScope& scope);
// "secret:NAME" as a handle, other text as it is; nil (and a problem) for anything else.
Value read_text_or_secret(const YamlNode& node, std::string_view what, SettingsScope& scope);

}  // namespace perilune
