// An environment: what each target is here, with which settings, under which policy.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "interpreter/base/driver.h"
#include "interpreter/base/result.h"
#include "interpreter/library/library.h"
#include "interpreter/library/policy.h"
#include "interpreter/library/starts.h"

namespace perilune {

enum class EnvironmentKind { production, staging, drill, development };
std::string_view to_text(EnvironmentKind kind);

struct TargetSettings {
    const DriverKind* driver = nullptr;
    Settings settings;
    Place place;                    // Of the target's name.
    std::vector<std::string> uses;  // Targets that it cannot be without.
    std::string same_as;            // The target that is the same thing under another name.
    bool disposable = false;        // May be dropped and made anew.
    bool needs_services = false;    // Holds {services.…}: see fill_services.
};

// Where secrets are kept. Its settings hold no secrets.
struct SecretsSettings {
    std::string provider;              // Empty where the environment names none.
    const DriverKind* kind = nullptr;  // Where the table of bindings knows the provider.
    Settings settings;
    Place place = {};
};

struct Environment {
    std::string name;
    EnvironmentKind kind = EnvironmentKind::production;
    std::vector<std::string> files;  // Its own and those it extends: they belong to the bundle.
    std::map<std::string, TargetSettings> targets;  // By "family/name".
    std::map<std::string, Value> credentials;
    SecretsSettings secrets;
    Policy policy;
    std::map<std::string, Map> parameters;  // Defaults by runbook: texts, or lists of texts.
    Value state;                            // The store's URL: text, secret handle or nil.
    Value services;                         // What a drill starts: a map by name.
    std::string service_secrets;            // Once it has: the file that holds their secrets.
    Starts starts;
    std::vector<std::string> warnings;
};

// What the table of bindings can be asked.
struct KnownDrivers {
    std::function<const DriverKind*(std::string_view family, std::string_view name)> find;
    // The names that `find` knows, for suggestions; may be left empty.
    std::function<std::vector<std::string>(std::string_view family)> names = {};
    // A driver in Lua, of the library or built in: null where there is none, or what is wrong with
    // its file. May be left empty.
    std::function<Result<const DriverKind*>(const Library& library, std::string_view family,
                                            std::string_view name)>
        find_script = {};
    std::function<std::vector<std::string>(const Library& library, std::string_view family)>
        script_names = {};
    // What a driver itself has against settings that fit its table, such as a port out of range.
    // May be left empty.
    std::function<Status(const DriverKind& kind, const Settings& settings)> try_settings = {};
    // A provider of secrets with its table of settings; left empty, its settings are not checked.
    std::function<const DriverKind*(std::string_view provider)> find_secrets = {};
};

// Reads `environments/NAME.yaml` and what it extends. All problems are reported at once, each with
// file, line and column.
Result<Environment> load_environment(const Library& library, const std::string& name,
                                     const KnownDrivers& drivers);

}  // namespace perilune
