// release, redeploy and cancel_release of the simulated driver, and what became of an intent.
#include "bindings/deploy/simulated_deploy.h"

namespace perilune {

SimulatedMove find_move(SimulatedApp& app, const Call& call) {
    for (auto& slot : app.slots)
        for (auto& release : slot.state.releases)
            if (release.key == call.key || release.activated_by == call.key)
                return {&slot, &release};
    return {};
}

Outcome outcome_of_move(SimulatedApp& app, const SimulatedMove& move) {
    SimulatedSlot after = *move.slot;
    after.state.wanted = move.release->id;
    after.state.running = true;
    return Outcome::done(app.release(*move.slot, *move.release).set("changed", true),
                         app.serving(after));
}

Sighting look_for_move(SimulatedApp& app, const Call& call) {
    app.settle();
    Sighting sighting;
    const SimulatedMove move = find_move(app, call);
    sighting.kind = move.release ? Sighting::Kind::happened : Sighting::Kind::did_not;
    if (!move.release) {
        sighting.evidence = "No release of " + app.target + " carries this intent's key.";
        return sighting;
    }
    sighting.evidence = "The release " + move.release->id + " carries this intent's key.";
    Outcome outcome = outcome_of_move(app, move);
    sighting.value = std::move(outcome.value);
    sighting.after = std::move(outcome.after);
    return sighting;
}

namespace {

Error no_artifact(const SimulatedApp& app, const std::string& version) {
    return fail("not_found", "There is no artifact " + version + " to release to " + app.target +
                                 ". Build it first.");
}

Result<Variables> variables_for(const SimulatedApp& app, const Call& call) {
    Variables variables = app.variables;
    const auto given = open_variables(call.arguments["env"], call);
    if (!given) return given.error();
    for (const auto& [name, variable] : *given) variables.insert_or_assign(name, variable);
    return variables;
}

Result<Before> before_release(SimulatedApp& app, Call& call) {
    app.settle();
    const auto found = app.slot_of(call);
    if (!found) return found.error();
    const SimulatedSlot& slot = **found;
    const std::string& version = call.arguments["version"].text();
    const auto artifact = app.artifacts.find(version);
    const auto variables = variables_for(app, call);
    if (!variables) return variables.error();
    const ReleaseRecord* current = slot.state.release(slot.state.current);
    Before before;
    before.state = app.serving(slot);
    before.sign = current ? '~' : '+';
    before.plan = (current ? current->version + " → " : std::string()) + version;
    const bool serves = current && slot.state.running && slot.state.wanted == current->id &&
                        current->state == "serving" && current->version == version;
    before.already_so = serves && app.environments[current->id] == *variables &&
                        artifact != app.artifacts.end() &&
                        artifact->second.digest == current->digest;
    if (before.already_so) before.result = app.release(slot, *current).set("changed", false);
    if (!before.already_so && artifact == app.artifacts.end()) return no_artifact(app, version);
    return before;
}

// A release made anew for this intent, or the one that an earlier try of it made.
Outcome make_release(SimulatedApp& app, SimulatedSlot& slot, const Call& call, ReleaseRecord made,
                     Variables variables) {
    if (const SimulatedMove earlier = find_move(app, call); earlier.release)
        return outcome_of_move(app, earlier);
    made.previous = slot.state.current;
    made.message = call.arguments["message"].text();
    made.key = call.key;
    made.created_at = wall_now_s();
    ReleaseRecord& release = app.add_release(slot, std::move(made), std::move(variables));
    app.want(slot, release, call.key, false);
    return outcome_of_move(app, {&slot, &release});
}

Outcome act_release(SimulatedApp& app, Call& call) {
    app.settle();
    const auto slot = app.slot_of(call);
    if (!slot) return Outcome::failed(slot.error());
    ReleaseRecord made;
    made.version = call.arguments["version"].text();
    if (!app.artifacts.contains(made.version))
        return Outcome::failed(no_artifact(app, made.version));
    auto variables = variables_for(app, call);
    if (!variables) return Outcome::failed(variables.error());
    return make_release(app, **slot, call, std::move(made), std::move(*variables));
}

std::optional<Restore> restore_release(const Call&, const Value& before, const Value& result) {
    if (!result["changed"].boolean()) return std::nullopt;
    Restore back;
    // Where nothing served before, nothing serves after.
    const bool served = !before["release_id"].text().empty() && before["running"].boolean();
    back.operation = served ? "rollback" : "stop";
    back.arguments = served ? serving_again(before["release_id"]) : Value(Map());
    back.arguments.set("slot", before["slot"]);
    return back;
}

// The release whose version a redeploy makes anew; null where there is none.
const ReleaseRecord* redeployed(const SimulatedSlot& slot, const Call& call) {
    const std::string& id = call.arguments["release_id"].text();
    return slot.state.release(id.empty() ? slot.state.current : id);
}

Result<Before> before_redeploy(SimulatedApp& app, Call& call) {
    app.settle();
    const auto slot = app.slot_of(call);
    if (!slot) return slot.error();
    const ReleaseRecord* release = redeployed(**slot, call);
    if (!release)
        return fail("not_found", "The target " + app.target + " has no release " +
                                     call.arguments["release_id"].text() + " to make anew.");
    Before before;
    before.state = app.serving(**slot);
    before.plan = release->version + " once more";
    return before;
}

Outcome act_redeploy(SimulatedApp& app, Call& call) {
    app.settle();
    const auto slot = app.slot_of(call);
    if (!slot) return Outcome::failed(slot.error());
    const ReleaseRecord* release = redeployed(**slot, call);
    if (!release)
        return Outcome::failed(fail("not_found", "The release to make anew is gone meanwhile."));
    ReleaseRecord made;
    made.version = release->version;
    return make_release(app, **slot, call, std::move(made), app.variables);
}

Result<Before> before_cancel(SimulatedApp& app, Call& call) {
    app.settle();
    const std::string& id = call.arguments["release_id"].text();
    SimulatedSlot* slot = app.slot_of_release(id);
    if (!slot)
        return fail("not_found", "The target " + app.target + " knows no release " + id + ".");
    const ReleaseRecord& release = *slot->state.release(id);
    Before before;
    before.sign = '-';
    before.state.set("state", release.state);
    before.already_so = release.state != "pending";
    before.result = app.release(*slot, release).set("changed", false);
    before.plan = release.version + " (" + id + ")";
    return before;
}

Outcome act_cancel(SimulatedApp& app, Call& call) {
    app.settle();
    const std::string& id = call.arguments["release_id"].text();
    SimulatedSlot* slot = app.slot_of_release(id);
    if (!slot) return Outcome::failed(fail("not_found", "The release is gone meanwhile."));
    ReleaseRecord& release = *slot->state.release(id);
    const bool pending = release.state == "pending";
    if (pending) app.cancel(*slot, release);
    return Outcome::done(app.release(*slot, release).set("changed", pending),
                         Value().set("state", release.state));
}

}  // namespace

void add_simulated_releases(Handlers& handlers, SimulatedApp& app) {
    const auto look = [&app](Call& call, const Value&) { return look_for_move(app, call); };
    handlers["release"] = change_at_once(
        [&app](Call& call) { return before_release(app, call); },
        [&app](Call& call, const Value&) { return act_release(app, call); }, look, restore_release);
    handlers["redeploy"] =
        change_at_once([&app](Call& call) { return before_redeploy(app, call); },
                       [&app](Call& call, const Value&) { return act_redeploy(app, call); }, look);
    handlers["cancel_release"] =
        change_at_once([&app](Call& call) { return before_cancel(app, call); },
                       [&app](Call& call, const Value&) { return act_cancel(app, call); });
}

}  // namespace perilune
