// release and redeploy of deploy's driver `ssh`, and what became of a rollout.
#include <algorithm>

#include "bindings/deploy/artifact.h"
#include "bindings/deploy/local_variables.h"
#include "bindings/deploy/ssh_fleet.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"

namespace perilune {

namespace {

Error no_artifact(const SshFleet& fleet, const std::string& version) {
    return fail("not_found", "There is no artifact " + version + " below " + fleet.artifacts +
                                 " to release to " + fleet.target + ". Build it first.");
}

// The release whose version a redeploy makes anew; empty where there is none.
std::string redeployed(const FleetSight& sight, const Call& call) {
    const std::string id =
        call.arguments.has("release_id") ? call.arguments["release_id"].text() : sight.wanted();
    return sight.record(id) ? id : "";
}

// What the release that this call makes is: its artifact, its variables.
struct Making {
    std::string version;
    Variables variables;
    std::string digest;
};

Result<Making> read_making(const SshFleet& fleet, const FleetSight& sight, const Call& call) {
    Making making;
    auto variables = next_variables(fleet, sight);
    if (!variables) return variables.error();
    making.variables = std::move(*variables);
    if (call.operation == "redeploy") {
        const std::string id = redeployed(sight, call);
        if (id.empty())
            return fail("not_found", "The target " + fleet.target + " has no release " +
                                         call.arguments["release_id"].text() + " to make anew.");
        making.version = (*sight.record(id))["version"].text();
        making.digest = (*sight.record(id))["digest"].text();
        return making;
    }
    making.version = call.arguments["version"].text();
    if (!is_version(making.version)) return no_artifact(fleet, making.version);
    const auto artifact = read_artifact(fleet.artifacts + "/" + making.version);
    if (!artifact) return artifact.error();
    if (!*artifact) return no_artifact(fleet, making.version);
    making.digest = (*artifact)->digest;
    const auto given = open_variables(call.arguments["env"], call);
    if (!given) return given.error();
    for (const auto& [name, variable] : *given) making.variables.insert_or_assign(name, variable);
    return making;
}

bool serves_already(const FleetSight& sight, const Making& making) {
    const std::string current = sight.current();
    const Value* record = sight.record(current);
    if (!record || sight.state_of(current) != "serving" ||
        sight.healthy() < static_cast<int>(sight.hosts.size()))
        return false;
    const std::string variables = to_canonical_json(to_value(making.variables));
    return (*record)["version"].text() == making.version &&
           (*record)["digest"].text() == making.digest &&
           std::ranges::all_of(sight.hosts, [&](const HostSight& host) {
               return host.released_variables == variables;
           });
}

Awaitable<Result<Before>> before_release(SharedFleet fleet, Call& call) {
    if (const auto good = refuse_fleet_slot(*fleet, call); !good) co_return good.error();
    auto seeing = see_whole_fleet(fleet, call, Sight::variables);
    const auto sight = co_await seeing;
    if (!sight) co_return sight.error();
    const std::function<Result<Making>()> reading = [&] {
        return read_making(*fleet, *sight, call);
    };
    const auto making = co_await off_loop(fleet->loop, reading);
    if (!making) co_return making.error();
    // Refused here, before anything is copied.
    const auto environment = environment_file(*fleet, {}, making->variables);
    if (!environment) co_return environment.error();
    const std::string wanted = sight->wanted();
    const Value* now = sight->record(wanted);
    Before before;
    before.state = fleet_serving(*fleet, wanted, sight->runs());
    before.sign = now ? '~' : '+';
    before.plan = (now ? (*now)["version"].text() + " → " : std::string()) + making->version +
                  " on " + std::to_string(fleet->hosts.size()) + " hosts, " +
                  std::to_string(fleet->at_once) + " at a time";
    before.already_so = call.operation == "release" && serves_already(*sight, *making);
    if (before.already_so) before.result = fleet_release(*sight, wanted).set("changed", false);
    co_return before;
}

Awaitable<Outcome> act_release(SharedFleet fleet, Call& call, Value before) {
    auto seeing = see_whole_fleet(fleet, call, Sight::variables);
    const auto sight = co_await seeing;
    if (!sight) co_return Outcome::failed(sight.error());
    const std::function<Result<Making>()> reading = [&] {
        return read_making(*fleet, *sight, call);
    };
    auto making = co_await off_loop(fleet->loop, reading);
    if (!making) co_return Outcome::failed(making.error());
    FleetRelease release;
    release.id = fleet_release_id(making->version, call.key);
    release.variables = std::move(making->variables);
    const std::string previous = before["release_id"].text();
    if (call.operation == "redeploy")
        release.copied_from =
            call.arguments.has("release_id") ? call.arguments["release_id"].text() : previous;
    if (const Value* record = sight->record(release.id)) {
        // An earlier try of this intent came so far.
        release.record = *record;
        if (const std::string reason = sight->reason_of(release.id); !reason.empty()) {
            auto giving_up = give_up(fleet, call, release.id, previous, reason);
            co_return co_await giving_up;
        }
    } else {
        release.record.set("id", release.id).set("version", making->version);
        release.record.set("previous", previous).set("message", call.arguments["message"].text());
        release.record.set("digest", making->digest).set("key", call.key);
        release.record.set("created_at", wall_now_s());
    }
    const std::string id = release.id;
    auto placing = place_release(fleet, call, *sight, std::move(release));
    Outcome placed = co_await placing;
    if (placed.kind != Outcome::Kind::done) co_return placed;
    auto rolling = roll_out(fleet, call, id, previous);
    co_return co_await rolling;
}

std::optional<Restore> restore_release(const Call&, const Value& before, const Value& result) {
    if (!result["changed"].boolean() || result["state"].text() == "failed") return std::nullopt;
    // Where nothing served before, nothing serves after.
    if (before["release_id"].text().empty() || !before["running"].boolean())
        return Restore{"stop", Value(Map())};
    return Restore{
        "rollback",
        Value().set("release_id", before["release_id"]).set("within", fleet_undo_within_s)};
}

}  // namespace

Awaitable<Sighting> look_for_rollout(SharedFleet fleet, Call& call, Value before) {
    Sighting sighting;
    auto seeing = see_whole_fleet(fleet, call);
    const auto sight = co_await seeing;
    if (!sight) {
        sighting.evidence = sight.error().message;
        co_return sighting;
    }
    sighting.kind = Sighting::Kind::did_not;
    const std::string id = sight->made_by(call.key);
    if (id.empty()) {
        sighting.evidence =
            "No host of " + fleet->target + " has a release with this intent's key.";
        co_return sighting;
    }
    std::size_t hosts = 0;
    std::size_t there = 0;
    for (const auto& host : sight->hosts) {
        const auto found = host.releases.find(id);
        const bool taken = found != host.releases.end() && found->second.taken == call.key;
        there += host.current == id ? 1 : 0;
        hosts += taken && host.current == id ? 1 : 0;
    }
    const bool failed = !sight->reason_of(id).empty();
    sighting.evidence = "The release " + id + " carries this intent's key and was taken to " +
                        std::to_string(hosts) + " of " + std::to_string(sight->hosts.size()) +
                        " hosts" + (failed ? ", and given up." : ".");
    if (failed && there > 0) co_return sighting;
    if (!failed && hosts < sight->hosts.size()) {
        const std::string wanted = sight->wanted();
        if (wanted == id || wanted == before["release_id"].text()) co_return sighting;
        sighting.kind = Sighting::Kind::cannot_tell;
        sighting.evidence += " Another one, " + wanted + ", was taken to since.";
        co_return sighting;
    }
    sighting.kind = Sighting::Kind::happened;
    sighting.value = fleet_release(*sight, id).set("changed", true);
    const std::string serves = failed ? before["release_id"].text() : id;
    sighting.after = fleet_serving(*fleet, serves, !serves.empty());
    co_return sighting;
}

Value fleet_serving(const SshFleet& fleet, const std::string& release_id, bool running) {
    std::string place;
    for (const auto& host : fleet.hosts)
        place += host.show() + ":" + fill_host(fleet.folder, host) + " ";
    Value value;
    value.set("place", to_hex(sha256(place)).substr(0, 16)).set("release_id", release_id);
    return value.set("running", running);
}

std::string fleet_release_id(const std::string& version, const std::string& key) {
    std::string id;
    for (const char c : version.substr(0, 60))
        id += std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-' ? c
                                                                                              : '_';
    return id + "-" + to_hex(sha256(key)).substr(0, 8);
}

void add_fleet_releases(std::map<std::string, Handler, std::less<>>& handlers, SharedFleet fleet) {
    Handler made;
    made.before = [fleet](Call& call) { return before_release(fleet, call); };
    made.act = [fleet](Call& call, const Value& before) {
        return act_release(fleet, call, before);
    };
    made.look = [fleet](Call& call, const Value& before) {
        return look_for_rollout(fleet, call, before);
    };
    handlers.emplace("redeploy", made);
    made.restore = restore_release;
    handlers.emplace("release", std::move(made));
}

}  // namespace perilune
