// rollback, promote and prune_releases of the local driver: releases that exist already.
#include <algorithm>
#include <filesystem>

#include <unistd.h>

#include "bindings/deploy/local_target.h"

namespace perilune {

namespace {

constexpr double keep_incoming_for_s = 86400;
constexpr double undo_serves_within_s = 120;

Result<const ReleaseRecord*> find_wanted(const LocalTarget& local, const TargetState& state,
                                         const Call& call) {
    const bool named = call.arguments.has("release_id");
    const std::string& id = call.arguments["release_id"].text();
    const ReleaseRecord* release = named ? state.release(id) : rollback_target(state);
    if (!release && named)
        return fail("not_found", "The target " + local.target + " knows no release " + id + ".");
    if (!release)
        return fail("nothing_to_roll_back",
                    "No release of " + local.target + " served before the present one.");
    return release;
}

Result<Before> before_move(const LocalTarget& local, Call& call) {
    if (const auto good = refuse_slot(local, call); !good) return good.error();
    const auto state = load_state(local.root);
    if (!state) return state.error();
    const auto wanted = find_wanted(local, *state, call);
    if (!wanted) return wanted.error();
    const ReleaseRecord& release = **wanted;
    if (call.operation == "rollback" && release.served_at == 0)
        return fail("cannot_roll_back", "The release " + release.id + " of " + local.target +
                                            " never served: use promote to try it.");
    if (::access(release_path(local.root, release).c_str(), X_OK) != 0)
        return fail("cannot_roll_back", "The files of the release " + release.id + " of " +
                                            local.target + " are gone from " +
                                            release_path(local.root, release) + ".");
    Before before;
    before.state = serving_state(local, *state);
    const ReleaseRecord* now = state->release(state->wanted);
    before.plan =
        (now ? now->version + " → " : std::string()) + release.version + " (" + release.id + ")";
    before.already_so = state->running && state->wanted == release.id;
    if (call.arguments.has("within") && release.state != "serving") before.already_so = false;
    if (before.already_so) before.result = release_value(local, release).set("changed", false);
    return before;
}

Awaitable<Outcome> act_move(SharedTarget local, Call& call) {
    const Work<Result<Value>> preparing = [&]() -> Result<Value> {
        const auto state = load_state(local->root);
        if (!state) return state.error();
        // An earlier try may have been carried out, and with it what a rollback returns to.
        const ReleaseRecord* release = made_by(*state, call);
        if (!release) {
            const auto wanted = find_wanted(*local, *state, call);
            if (!wanted) return wanted.error();
            release = *wanted;
        }
        Value request;
        return request.set("do", "activate").set("release_id", release->id);
    };
    auto request = co_await off_loop(local->loop, preparing);
    if (!request) co_return Outcome::failed(request.error());
    Outcome outcome = co_await ask_for_release(local, std::move(*request), call);
    if (outcome.kind != Outcome::Kind::done || !call.arguments.has("within")) co_return outcome;
    const std::string id = outcome.value["release_id"].text();
    Result<Value> served =
        co_await await_serving(local, call, id, call.arguments["within"].number());
    if (served) {
        outcome.value = served->set("changed", true);
    } else {
        // It was made the wanted one, which is a part of what was asked for.
        outcome.kind = Outcome::Kind::failed;
        outcome.error = served.error();
        outcome.left_some = true;
    }
    co_return outcome;
}

// With `within`, one that is still on its way is looked at again.
Sighting look_for_move(const LocalTarget& local, const Call& call, const Value& before) {
    Sighting seen = look_for_release(local, call, before);
    if (seen.kind != Sighting::Kind::happened || !call.arguments.has("within")) return seen;
    if (seen.value["state"].text() != "pending") return seen;
    seen.kind = Sighting::Kind::cannot_tell;
    seen.evidence = "The release " + seen.value["release_id"].text() + " of " + local.target +
                    " does not serve yet.";
    return seen;
}

std::optional<Restore> restore_move(const Call&, const Value& before, const Value& result) {
    const bool unchanged = result.has("changed") && !result["changed"].boolean();
    if (unchanged || before["release_id"].text().empty()) return std::nullopt;
    if (!before["running"].boolean()) return Restore{"stop", Value(Map())};
    return Restore{"promote", serving_again(before["release_id"])};
}

Result<Before> before_prune(const LocalTarget& local, Call& call) {
    const auto state = load_state(local.root);
    if (!state) return state.error();
    const Prunable prunable = find_prunable(*state, call);
    const auto most = static_cast<std::size_t>(call.arguments["delete_at_most"].integer());
    if (prunable.removed.size() > most)
        return fail("too_many", std::to_string(prunable.removed.size()) + " releases of " +
                                    local.target + " would be deleted, and at most " +
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

// Deletes what the supervisor has put out of the way, and copies that no release came of.
void sweep(const LocalTarget& local) {
    std::error_code code;
    const auto oldest = std::filesystem::file_time_type::clock::now() -
                        std::chrono::seconds(static_cast<long>(keep_incoming_for_s));
    for (const auto& entry : std::filesystem::directory_iterator(local.root + "/releases", code)) {
        const std::string name = entry.path().filename().string();
        const bool given_up =
            name.starts_with(".incoming-") && entry.last_write_time(code) < oldest;
        if (given_up || name.starts_with(".removed-"))
            std::filesystem::remove_all(entry.path(), code);
    }
}

Awaitable<Outcome> act_prune(SharedTarget local, Call& call, Value before) {
    Value request;
    request.set("do", "prune").set("release_ids", before["releases"]);
    const auto answer = co_await ask(local, request, call);
    if (!answer) co_return outcome_of(answer.error());
    const Work<Outcome> finishing = [&]() -> Outcome {
        sweep(*local);
        const auto state = load_state(local->root);
        if (!state) return Outcome::unknown(state.error());
        Prunable left = find_prunable(*state, call);
        left.kept.clear();
        for (const auto& release : state->releases) left.kept.push_back(release.id);
        left.removed = before["releases"].list();
        return Outcome::done(pruned_value(left, true));
    };
    co_return co_await off_loop(local->loop, finishing);
}

}  // namespace

Prunable find_prunable(const TargetState& state, const Call& call) {
    Prunable found;
    const auto keep = static_cast<std::size_t>(call.arguments["keep_at_least"].integer());
    const double older_than_s = call.arguments["older_than"].number();
    const ReleaseRecord* previous = rollback_target(state);
    for (std::size_t i = 0; i < state.releases.size(); ++i) {
        const ReleaseRecord& release = state.releases[i];
        const bool needed = release.id == state.wanted || release.id == state.current ||
                            (previous && release.id == previous->id) ||
                            state.releases.size() - i <= keep ||
                            wall_now_s() - release.created_at < older_than_s;
        (needed ? found.kept : found.removed).push_back(release.id);
    }
    return found;
}

Value pruned_value(const Prunable& prunable, bool changed) {
    Value value;
    return value.set("changed", changed)
        .set("removed", prunable.removed)
        .set("kept", prunable.kept);
}

Value serving_again(const Value& release_id) {
    Value arguments;
    return arguments.set("release_id", release_id).set("within", undo_serves_within_s);
}

void add_promotions(Handlers& handlers, SharedTarget local) {
    Handler move = change_blocking(
        local->loop, [local](Call& call) { return before_move(*local, call); }, {},
        [local](Call& call, const Value& before) { return look_for_move(*local, call, before); },
        restore_move);
    move.act = [local](Call& call, const Value&) { return act_move(local, call); };
    handlers.emplace("rollback", move);
    handlers.emplace("promote", std::move(move));
    Handler prune = change_blocking(local->loop,
                                    [local](Call& call) { return before_prune(*local, call); }, {});
    prune.act = [local](Call& call, const Value& before) { return act_prune(local, call, before); };
    handlers.emplace("prune_releases", std::move(prune));
}

}  // namespace perilune
