// What deploy's driver `ssh` looks at, and the waits.
#include <algorithm>

#include "bindings/deploy/artifact.h"
#include "bindings/deploy/ssh_fleet.h"
#include "interpreter/base/json.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr double first_pause_s = 0.2;
constexpr double longest_pause_s = 2;

using Look = std::function<Result<Value>(const SshFleet&, const Call&, const FleetSight&)>;

Awaitable<Result<Value>> look_at_fleet(SharedFleet fleet, Call& call, Look look) {
    if (const auto good = refuse_fleet_slot(*fleet, call); !good) co_return good.error();
    const Sight what = call.operation == "get_env" ? Sight::variables : Sight::state;
    auto seeing = see_fleet(fleet, call, what);
    const FleetSight sight = co_await seeing;
    if (auto error = unseen(sight)) co_return *error;
    co_return look(*fleet, call, sight);
}

Result<Value> releases(const SshFleet&, const Call& call, const FleetSight& sight) {
    const auto limit = static_cast<std::size_t>(call.arguments["limit"].integer());
    List list;
    auto ids = sight.oldest_first();
    std::ranges::reverse(ids);
    for (const auto& id : ids)
        if (list.size() < limit) list.push_back(fleet_release(sight, id));
    return Value(std::move(list));
}

Result<Value> previous_release(const SshFleet&, const Call&, const FleetSight& sight) {
    const std::string id = sight.previous_of(sight.wanted());
    return id.empty() ? Value() : fleet_release(sight, id);
}

Result<Value> get_env(const SshFleet& fleet, const Call& call, const FleetSight& sight) {
    const auto variables = next_variables(fleet, sight);
    if (!variables) return variables.error();
    const List& names = call.arguments["names"].list();
    Value found;
    found.as_map();
    for (const auto& [name, variable] : *variables) {
        if (call.arguments.has("names") && std::ranges::find(names, Value(name)) == names.end())
            continue;
        found.set(name, variable.secret.is_nil() ? Value().set("value", variable.value)
                                                 : Value().set("digest", variable.digest));
    }
    return found;
}

Result<Value> artifact(const SshFleet& fleet, const Call& call) {
    const std::string& version = call.arguments["version"].text();
    if (!is_version(version)) return Value();
    const auto found = read_artifact(fleet.artifacts + "/" + version);
    if (!found) return found.error();
    if (!*found) return Value();
    Value value;
    value.set("version", version).set("digest", (*found)->digest);
    return value.set("size_bytes", (*found)->size_bytes).set("built_at", (*found)->built_at);
}

std::string find_release(const FleetSight& sight, const std::string& id,
                         const std::string& version) {
    if (!id.empty()) return sight.record(id) ? id : "";
    std::string newest;
    for (const auto& one : sight.oldest_first())
        if ((*sight.record(one))["version"].text() == version) newest = one;
    return newest;
}

Awaitable<Result<Value>> wait_serving(SharedFleet fleet, Call& call) {
    if (const auto good = refuse_fleet_slot(*fleet, call); !good) co_return good.error();
    auto waiting =
        await_fleet_serving(fleet, call, call.arguments["release_id"].text(),
                            call.arguments["version"].text(), call.arguments["within"].number());
    co_return co_await waiting;
}

std::string processes_of(const FleetSight& sight) {
    std::string all;
    for (const auto& host : sight.hosts) all += host.healthy ? host.process + " " : "- ";
    return all;
}

Awaitable<Result<Value>> wait_healthy(SharedFleet fleet, Call& call) {
    if (const auto good = refuse_fleet_slot(*fleet, call); !good) co_return good.error();
    const double within_s = call.arguments["within"].number();
    const double healthy_for_s = call.arguments["healthy_for"].number();
    const double until_s = std::min(call.deadline_s, boot_now_s() + within_s);
    double since_s = -1;
    std::string processes;
    for (double pause_s = first_pause_s;; pause_s = std::min(pause_s * 1.5, longest_pause_s)) {
        auto seeing = see_fleet(fleet, call);
        const FleetSight sight = co_await seeing;
        if (auto error = unseen(sight); error && error->retry == Retry::never) co_return *error;
        const auto wanted = call.arguments.has("instances") ? call.arguments["instances"].integer()
                                                            : std::ssize(fleet->hosts);
        const double now_s = boot_now_s();
        const bool good = sight.healthy() >= wanted;
        // One that was started anew between two looks begins to be healthy again.
        const std::string seen = processes_of(sight);
        if (!good || seen != processes) since_s = good ? now_s : -1;
        processes = seen;
        if (good && now_s - since_s >= healthy_for_s) co_return fleet_app(sight);
        if (now_s + pause_s >= until_s || call.cancel->asked()) {
            Error error = fail("timed_out",
                               "Of the " + std::to_string(wanted) + " hosts of " + fleet->target +
                                   " that are to be healthy for " + show_duration(healthy_for_s) +
                                   ", " + std::to_string(sight.healthy()) + " are healthy after " +
                                   show_duration(within_s) + ".",
                               Retry::safe);
            error.detail = fleet_app(sight);
            co_return error;
        }
        co_await wait_until(fleet->loop, now_s + pause_s);
    }
}

}  // namespace

Value fleet_app(const FleetSight& sight) {
    const std::string wanted = sight.wanted();
    const int healthy = sight.healthy();
    const bool whole = healthy == static_cast<int>(sight.hosts.size());
    Value app;
    if (!sight.runs())
        app.set("state", "stopped");
    else if (sight.current().empty())
        app.set("state", "deploying");
    else
        app.set("state", whole && sight.served_at(wanted) > 0 ? "serving" : "degraded");
    if (const Value* record = sight.record(wanted))
        app.set("version", (*record)["version"]).set("release_id", wanted);
    app.set("instances", sight.runs() ? static_cast<int>(sight.hosts.size()) : 0);
    app.set("instances_healthy", healthy);
    app.set("maintenance", std::ranges::any_of(sight.hosts, [](const HostSight& host) {
                return host.maintenance.has_value();
            }));
    if (const double since_at = sight.served_at(wanted); since_at > 0)
        app.set("since_at", since_at);
    return app;
}

Value fleet_release(const FleetSight& sight, const std::string& id) {
    Value value;
    const Value* record = sight.record(id);
    if (!record) return value;
    value.set("release_id", id).set("version", (*record)["version"]);
    value.set("state", sight.state_of(id)).set("created_at", (*record)["created_at"]);
    value.set("can_roll_back", sight.served_at(id) > 0 && sight.has_files(id));
    for (const auto& [name, text] : {std::pair("previous_release_id", (*record)["previous"].text()),
                                     std::pair("message", (*record)["message"].text()),
                                     std::pair("reason", sight.reason_of(id))})
        if (!text.empty()) value.set(name, text);
    return value;
}

Error fleet_wrong_version(const SshFleet& fleet, const FleetSight& sight, const std::string& id) {
    const std::string current = sight.current();
    const Value* record = sight.record(current);
    Error error = fail(
        "wrong_version",
        "The release " + id + " of " + fleet.target + " does not serve: it is " +
            sight.state_of(id) + ". " + sight.reason_of(id) +
            (sight.reason_of(id).empty() ? "" : " ") +
            (record ? "The target settled on " + current + " (" + (*record)["version"].text() + ")."
                    : "No other release serves.") +
            " See the unit's log there.");
    error.detail = fleet_release(sight, id);
    return error;
}

Awaitable<Result<Value>> await_fleet_serving(SharedFleet fleet, Call& call, std::string release_id,
                                             std::string version, double within_s) {
    const double until_s = std::min(call.deadline_s, boot_now_s() + within_s);
    for (double pause_s = first_pause_s;; pause_s = std::min(pause_s * 1.5, longest_pause_s)) {
        auto seeing = see_fleet(fleet, call);
        const FleetSight sight = co_await seeing;
        const auto error = unseen(sight);
        if (error && error->retry == Retry::never) co_return *error;
        const std::string id = find_release(sight, release_id, version);
        if (!error && id.empty())
            co_return fail("not_found", "The target " + fleet->target + " knows no release " +
                                            release_id + version + ".");
        const std::string state = sight.state_of(id);
        const bool whole =
            std::ranges::all_of(sight.hosts, [](const HostSight& host) { return host.seen; });
        if (whole && state == "serving" && sight.runs()) co_return fleet_release(sight, id);
        if (whole && (state == "failed" || state == "superseded"))
            co_return fleet_wrong_version(*fleet, sight, id);
        const double now_s = boot_now_s();
        if (now_s + pause_s >= until_s || call.cancel->asked())
            co_return fail("timed_out",
                           "The release " + release_id + version + " of " + fleet->target +
                               " did not serve on every host within " + show_duration(within_s) +
                               ".",
                           Retry::safe);
        co_await wait_until(fleet->loop, now_s + pause_s);
    }
}

Result<Variables> next_variables(const SshFleet& fleet, const FleetSight& sight) {
    for (const auto& host : sight.hosts) {
        if (!host.seen || host.variables.empty()) continue;
        const auto value = from_canonical_json(host.variables);
        if (!value)
            return fail("file_failed", "The variables that a host of " + fleet.target +
                                           " keeps are damaged: " + value.error().message);
        return variables_from(*value);
    }
    return Variables();
}

Status refuse_fleet_slot(const SshFleet& fleet, const Call& call) {
    if (!call.arguments.has("slot")) return Done{};
    return fail("no_slots", "The target " + fleet.target + " has no slots: leave `slot` out.");
}

void add_fleet_observes(std::map<std::string, Handler, std::less<>>& handlers, SharedFleet fleet) {
    const std::map<std::string, Look> looks = {
        {"status",
         [](const SshFleet&, const Call&, const FleetSight& sight) -> Result<Value> {
             return fleet_app(sight);
         }},
        {"releases", releases},
        {"previous_release", previous_release},
        {"get_env", get_env},
    };
    for (const auto& [name, look] : looks) {
        Handler made;
        made.observe = [fleet, look](Call& call) { return look_at_fleet(fleet, call, look); };
        handlers.emplace(name, std::move(made));
    }
    handlers.emplace("endpoint", observe_blocking(fleet->loop, [fleet](Call&) -> Result<Value> {
                         return Value(fleet->endpoint);
                     }));
    handlers.emplace("artifact", observe_blocking(fleet->loop, [fleet](Call& call) {
                         return artifact(*fleet, call);
                     }));
    Handler serving;
    serving.observe = [fleet](Call& call) { return wait_serving(fleet, call); };
    handlers.emplace("wait_serving", std::move(serving));
    Handler healthy;
    healthy.observe = [fleet](Call& call) { return wait_healthy(fleet, call); };
    handlers.emplace("wait_healthy", std::move(healthy));
}

}  // namespace perilune
