// What a host does for drills alone: secrets of services, and files of drills, which may do
// anything.
#include <fstream>

#include "interpreter/base/json.h"
#include "interpreter/library/services.h"
#include "interpreter/run/live_run.h"

namespace perilune {

namespace {

FetchSecret fetch_of_services(const std::string& path) {
    return [path](const std::string& name, const std::string&) -> Result<std::string> {
        std::ifstream file(path);
        const std::string text((std::istreambuf_iterator<char>(file)), {});
        const auto read = from_json(text);
        if (read && read->has(name)) return (*read)[name].text();
        return fail("secret_missing", "The secret " + name + " of a drill's service is not in " +
                                          path + " any more.");
    };
}

}  // namespace

void Host::use_service_secrets(const Environment& environment) {
    if (environment.service_secrets.empty()) return;
    secrets_.add_provider(std::string(service_provider),
                          fetch_of_services(environment.service_secrets));
}

// It breaks things for real, and may do so to everything there is.
Status Host::allows_drill(const Prepared& prepared) const {
    const EnvironmentKind kind = prepared.environment.kind;
    if (prepared.facts["drill"].is_nil() || kind == EnvironmentKind::drill) return Done{};
    return fail("denied", prepared.path + " is a drill, which breaks things for real, and the " +
                              "environment " + prepared.environment.name + " is of kind " +
                              std::string(to_text(kind)) +
                              ". Nothing was started; drills are executed in environments that "
                              "say kind: drill.");
}

Value Host::with_all_targets(Value facts) const {
    if (facts["drill"].is_nil()) return facts;
    Map targets;
    for (const auto& [name, target] : environment_.targets) {
        List changes;
        const Family* family = family_of(name);
        for (const auto operation : target.driver->operations)
            if (const auto* row = family->operation(operation);
                row && row->effect == Effect::change)
                changes.emplace_back(operation);
        targets.insert_or_assign(name, Value(std::move(changes)));
    }
    facts.set("targets", Value(std::move(targets)));
    return facts;
}

}  // namespace perilune
