// rollback, promote and prune_releases of the simulated driver: releases that exist already.
#include "bindings/deploy/simulated_deploy.h"

namespace perilune {

namespace {

Result<SimulatedMove> find_wanted(SimulatedApp& app, const Call& call) {
    const std::string& id = call.arguments["release_id"].text();
    SimulatedMove move;
    if (call.operation == "promote") {
        move.slot = app.slot_of_release(id);
    } else {
        const auto slot = app.slot_of(call);
        if (!slot) return slot.error();
        move.slot = *slot;
    }
    if (move.slot && !id.empty()) move.release = move.slot->state.release(id);
    if (move.slot && id.empty())
        if (const ReleaseRecord* found = rollback_target(move.slot->state))
            move.release = move.slot->state.release(found->id);
    if (move.release) return move;
    if (!id.empty())
        return fail("not_found", "The target " + app.target + " knows no release " + id + ".");
    return fail("nothing_to_roll_back",
                "No release of " + app.target + " served before the present one.");
}

Result<Before> before_move(SimulatedApp& app, Call& call) {
    app.settle();
    const auto move = find_wanted(app, call);
    if (!move) return move.error();
    const TargetState& state = move->slot->state;
    const ReleaseRecord& release = *move->release;
    if (call.operation == "rollback" && release.served_at == 0)
        return fail("cannot_roll_back", "The release " + release.id + " of " + app.target +
                                            " never served: use promote to try it.");
    Before before;
    before.state = app.serving(*move->slot);
    const ReleaseRecord* now = state.release(state.wanted);
    before.plan =
        (now ? now->version + " → " : std::string()) + release.version + " (" + release.id + ")";
    before.already_so = state.running && state.wanted == release.id;
    if (call.arguments.has("within") && release.state != "serving") before.already_so = false;
    if (before.already_so) before.result = app.release(*move->slot, release).set("changed", false);
    return before;
}

Awaitable<Outcome> act_move(SimulatedApp& app, Loop& loop, Call& call) {
    app.settle();
    SimulatedMove move = find_move(app, call);
    if (!move.release) {
        const auto wanted = find_wanted(app, call);
        if (!wanted) co_return Outcome::failed(wanted.error());
        move = *wanted;
        app.want(*move.slot, *move.release, call.key, call.operation == "rollback");
    }
    Outcome outcome = outcome_of_move(app, move);
    if (!call.arguments.has("within")) co_return outcome;
    Value named;
    named.set("release_id", outcome.value["release_id"]).set("slot", outcome.value["slot"]);
    auto waiting = await_simulated_serving(app, loop, call, std::move(named),
                                           call.arguments["within"].number());
    auto served = co_await waiting;
    if (served) {
        outcome.value = served->set("changed", true);
        co_return outcome;
    }
    // It was made the wanted one, which is a part of what was asked for.
    outcome.kind = Outcome::Kind::failed;
    outcome.error = served.error();
    outcome.left_some = true;
    co_return outcome;
}

// With `within`, one that is still on its way is looked at again.
Sighting look_for_promotion(SimulatedApp& app, const Call& call) {
    Sighting seen = look_for_move(app, call);
    if (seen.kind != Sighting::Kind::happened || !call.arguments.has("within")) return seen;
    if (seen.value["state"].text() != "pending") return seen;
    seen.kind = Sighting::Kind::cannot_tell;
    seen.evidence = "The release " + seen.value["release_id"].text() + " of " + app.target +
                    " does not serve yet.";
    return seen;
}

std::optional<Restore> restore_move(const Call&, const Value& before, const Value& result) {
    const bool unchanged = result.has("changed") && !result["changed"].boolean();
    if (unchanged || before["release_id"].text().empty()) return std::nullopt;
    if (before["running"].boolean()) return Restore{"promote", serving_again(before["release_id"])};
    return Restore{"stop", Value(Map()).set("slot", before["slot"])};
}

Prunable find_all_prunable(const SimulatedApp& app, const Call& call) {
    Prunable all;
    for (const auto& slot : app.slots) {
        Prunable found = find_prunable(slot.state, call);
        for (auto& id : found.removed) all.removed.push_back(std::move(id));
        for (auto& id : found.kept) all.kept.push_back(std::move(id));
    }
    return all;
}

Result<Before> before_prune(SimulatedApp& app, Call& call) {
    app.settle();
    const Prunable prunable = find_all_prunable(app, call);
    const auto most = static_cast<std::size_t>(call.arguments["delete_at_most"].integer());
    if (prunable.removed.size() > most)
        return fail("too_many", std::to_string(prunable.removed.size()) + " releases of " +
                                    app.target + " would be deleted, and at most " +
                                    std::to_string(most) + " may be. None was.");
    Before before;
    before.sign = '-';
    before.state.set("releases", prunable.removed);
    before.already_so = prunable.removed.empty();
    before.result = pruned_value(prunable, false);
    for (const auto& id : prunable.removed)
        before.plan += (before.plan.empty() ? "" : ", ") + id.text();
    return before;
}

Outcome act_prune(SimulatedApp& app, const Value& before) {
    app.settle();
    Prunable left;
    left.removed = before["releases"].list();
    for (const auto& id : left.removed) {
        for (auto& slot : app.slots)
            std::erase_if(slot.state.releases, [&](const ReleaseRecord& release) {
                const bool needed =
                    release.id == slot.state.wanted || release.id == slot.state.current;
                return release.id == id.text() && !needed;
            });
        app.environments.erase(id.text());
    }
    for (const auto& slot : app.slots)
        for (const auto& release : slot.state.releases) left.kept.push_back(release.id);
    return Outcome::done(pruned_value(left, true), Value().set("releases", List()));
}

}  // namespace

void add_simulated_promotions(Handlers& handlers, SimulatedApp& app, Loop& loop) {
    Handler move = change_at_once(
        [&app](Call& call) { return before_move(app, call); }, {},
        [&app](Call& call, const Value&) { return look_for_promotion(app, call); }, restore_move);
    move.act = [&app, &loop](Call& call, const Value&) { return act_move(app, loop, call); };
    handlers["rollback"] = move;
    handlers["promote"] = std::move(move);
    handlers["prune_releases"] =
        change_at_once([&app](Call& call) { return before_prune(app, call); },
                       [&app](Call&, const Value& before) { return act_prune(app, before); });
}

}  // namespace perilune
