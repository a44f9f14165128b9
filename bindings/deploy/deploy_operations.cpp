// The deploy family as runbooks, the journal and the manual see it: its rows, records and what is
// refused for every driver.
#include <algorithm>
#include <cmath>

#include "bindings/deploy/deploy.h"
#include "bindings/deploy/deploy_changes.h"
#include "bindings/deploy/deploy_controls.h"
#include "bindings/deploy/deploy_observes.h"

namespace perilune {

namespace {

constexpr auto operations = [] {
    using namespace deploy_table;
    std::array<Operation, std::size(observes) + std::size(release_changes) + std::size(controls)>
        all{};
    auto next = std::copy(std::begin(observes), std::end(observes), all.begin());
    next = std::copy(std::begin(release_changes), std::end(release_changes), next);
    std::copy(std::begin(controls), std::end(controls), next);
    return all;
}();

constexpr Field changed_field = {"changed", "boolean", "False where it already was as asked."};

constexpr Record records[] = {
    {.name = "App",
     .doc = "An application as it is now.",
     .fields =
         {{{"state", "text",
            "\"serving\": all instances healthy on one release; \"deploying\": a release is "
            "on its way; \"degraded\": some are not healthy; \"stopped\"."},
           {"version", "text?", "Of the serving release; nil before the first."},
           {"release_id", "text?", "The serving release."},
           {"instances", "number", "So many are to run."},
           {"instances_healthy", "number",
            "So many answered healthy just now; where none is to run, so many have not ended."},
           {"maintenance", "boolean", "Whether the maintenance mode is on."},
           {"since_at", "number?",
            "Unix seconds since the release serves, or since all is stopped."}}}},
    {.name = "AppChange",
     .doc = "An App after a change.",
     .fields = {{changed_field,
                 {"state", "text", "As of App."},
                 {"version", "text?", "As of App."},
                 {"release_id", "text?", "As of App."},
                 {"instances", "number", "As of App."},
                 {"instances_healthy", "number", "As of App."},
                 {"maintenance", "boolean", "As of App."},
                 {"since_at", "number?", "As of App."}}}},
    {.name = "Release",
     .doc = "One release of an application.",
     .fields = {{{"release_id", "text", "The provider's id."},
                 {"previous_release_id", "text?", "What served when it was made."},
                 {"version", "text", "The version as the builder named it."},
                 {"state", "text",
                  "\"pending\", \"serving\", \"superseded\", \"failed\" or \"cancelled\"."},
                 {"slot", "text?", "Where the target has slots."},
                 {"created_at", "number", "Unix seconds."},
                 {"url", "text?", "Where this very release is reached."},
                 {"can_roll_back", "boolean", "Whether a rollback may return to it."},
                 {"message", "text?", "What was said when it was made."},
                 {"reason", "text?", "Why it failed."},
                 {"changed", "boolean?", "Of changes: false where it already was as asked."}}}},
    {.name = "Artifact",
     .doc = "A built version that waits to be released.",
     .fields = {{{"version", "text", "As the builder named it."},
                 {"digest", "text", "SHA-256 over its files, hexadecimal."},
                 {"size_bytes", "number", "Of all files together."},
                 {"built_at", "number", "Unix seconds."}}}},
    {.name = "Variable",
     .doc = "One environment variable.",
     .fields = {{{"value", "text?", "Where it is no secret."},
                 {"digest", "text?", "Of a secret: SHA-256 of its value, hexadecimal."}}}},
    {.name = "Drained",
     .doc = "A slot without connections.",
     .fields = {{{"connections", "number", "Still open: 0."},
                 {"waited_s", "number", "How long it took."}}}},
    {.name = "Pruned",
     .doc = "What prune_releases did.",
     .fields = {{changed_field,
                 {"removed", "list of text", "Release ids that are gone, oldest first."},
                 {"kept", "list of text", "Release ids that stay, oldest first."}}}},
    {.name = "TrafficChange",
     .doc = "Shares of the requests.",
     .fields = {{changed_field,
                 {"before", "map of percent", "By slot or release id."},
                 {"after", "map of percent", "By slot or release id."}}}},
    {.name = "Scaled",
     .doc = "The number of instances.",
     .fields = {{changed_field,
                 {"instances_before", "number", "So many were to run."},
                 {"instances", "number", "So many are to run."}}}},
    {.name = "AutoscalingChange",
     .doc = "Autoscaling: each side { state, instances_min?, instances_max? }.",
     .fields = {{changed_field, {"before", "map", "As it was."}, {"after", "map", "As it is."}}}},
    {.name = "SizeChange",
     .doc = "The size of instances: each side { memory_bytes, cpus }.",
     .fields = {{changed_field, {"before", "map", "As it was."}, {"after", "map", "As it is."}}}},
    {.name = "EnvChange",
     .doc = "What happened to variables.",
     .fields = {{changed_field,
                 {"names", "list of text", "The variables that were set or taken away, by name."},
                 {"release_id", "text?",
                  "The release that carries them, with `apply = \"now\"`."}}}},
    {.name = "MaintenanceChange",
     .doc = "The maintenance mode.",
     .fields = {{changed_field,
                 {"before", "text", "\"on\" or \"off\"."},
                 {"after", "text", "\"on\" or \"off\"."}}}},
    {.name = "RulesChange",
     .doc = "Who reaches the application.",
     .fields = {{changed_field,
                 {"rules_before", "list of text", "Ranges that reached it."},
                 {"rules", "list of text", "Ranges that reach it."}}}},
};

Error refused(const Operation& operation, const std::string& message) {
    return fail("bad_argument", "deploy:" + std::string(operation.name) + ": " + message);
}

Status check_name(const Operation& operation, const std::string& name) {
    const bool usable = !name.empty() && std::none_of(name.begin(), name.end(), [](char c) {
        return c == '=' || static_cast<unsigned char>(c) < 0x20;
    });
    if (!usable)
        return refused(operation,
                       "the name of a variable is empty, or holds `=`, a line break or "
                       "another control byte.");
    if (name.starts_with("LD_") || name.starts_with("DYLD_"))
        return refused(operation, "the variable " + name +
                                      " is refused: the dynamic loader obeys "
                                      "it.");
    return Done{};
}

// Values of variables become text; whole numbers as they are written.
Status normalise_variables(const Operation& operation, Value& variables) {
    for (auto& [name, value] : variables.as_map()) {
        if (const auto good = check_name(operation, name); !good) return good;
        if (value.is_number() && value.number() == std::floor(value.number()))
            value = std::to_string(value.integer());
        const bool taken_away = operation.name == "set_env" && value == Value(false);
        if (value.is_secret() || value.is_unknown() || taken_away) continue;
        if (!value.is_text() || value.text().find('\0') != std::string::npos)
            return refused(operation, "the variable " + name +
                                          " must be text without NUL bytes, "
                                          "or a secret.");
    }
    return Done{};
}

Status check_weights(const Operation& operation, const Value& weights) {
    double sum = 0;
    for (const auto& [name, percent] : weights.map()) {
        if (percent.is_unknown()) return Done{};
        if (!percent.is_number() || percent.number() != std::floor(percent.number()) ||
            percent.number() < 0)
            return refused(operation, "the weight of " + name + " must be a whole percent.");
        sum += percent.number();
    }
    if (sum != 100) return refused(operation, "the weights must be 100 together.");
    return Done{};
}

}  // namespace

Status normalise_deploy_call(const Operation& operation, Map& arguments) {
    for (const char* const name : {"env", "values"})
        if (const auto found = arguments.find(name);
            found != arguments.end() && !found->second.is_unknown())
            if (const auto good = normalise_variables(operation, found->second); !good) return good;
    if (const auto names = arguments.find("names"); names != arguments.end())
        for (const auto& name : names->second.list()) {
            if (name.is_unknown()) continue;
            if (const auto good = check_name(operation, name.text()); !good) return good;
        }
    if (const auto weights = arguments.find("weights"); weights != arguments.end())
        if (const auto good = check_weights(operation, weights->second); !good) return good;
    for (const char* const name :
         {"instances", "at_once", "limit", "lines_max", "keep_at_least", "delete_at_most"}) {
        const auto found = arguments.find(name);
        if (found != arguments.end() && found->second.number() < 0)
            return refused(operation, std::string(name) + " must not be negative.");
    }
    return Done{};
}

const Family deploy_family = {
    .name = "deploy",
    .doc =
        "One application in one place. A slot is one of several copies side by side (blue, "
        "green); without slots the parameter is left out.",
    .operations = operations,
    .records = records,
    .normalise = normalise_deploy_call,
};

}  // namespace perilune
