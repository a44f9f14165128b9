// rollback and promote of deploy's driver `ssh`: releases that exist already.
#include "bindings/deploy/ssh_fleet.h"

namespace perilune {

namespace {

Result<std::string> find_wanted(const SshFleet& fleet, const FleetSight& sight, const Call& call) {
    const bool named = call.arguments.has("release_id");
    const std::string id =
        named ? call.arguments["release_id"].text() : sight.previous_of(sight.wanted());
    if (named && !sight.record(id))
        return fail("not_found", "The target " + fleet.target + " knows no release " + id + ".");
    if (id.empty())
        return fail("nothing_to_roll_back",
                    "No release of " + fleet.target + " served before the present one.");
    if (call.operation == "rollback" && sight.served_at(id) == 0)
        return fail("cannot_roll_back", "The release " + id + " of " + fleet.target +
                                            " never served on every host: use promote to try it.");
    if (!sight.has_files(id))
        return fail("cannot_roll_back",
                    "The files of the release " + id + " of " + fleet.target + " are gone.");
    return id;
}

Awaitable<Result<Before>> before_move(SharedFleet fleet, Call& call) {
    if (const auto good = refuse_fleet_slot(*fleet, call); !good) co_return good.error();
    auto seeing = see_whole_fleet(fleet, call);
    const auto sight = co_await seeing;
    if (!sight) co_return sight.error();
    const auto id = find_wanted(*fleet, *sight, call);
    if (!id) co_return id.error();
    const Value* now = sight->record(sight->wanted());
    Before before;
    before.state = fleet_serving(*fleet, sight->wanted(), sight->runs());
    before.plan = (now ? (*now)["version"].text() + " → " : std::string()) +
                  (*sight->record(*id))["version"].text() + " (" + *id + ")";
    before.already_so = sight->runs() && sight->state_of(*id) == "serving";
    if (before.already_so) before.result = fleet_release(*sight, *id).set("changed", false);
    co_return before;
}

Awaitable<Outcome> act_move(SharedFleet fleet, Call& call, Value before) {
    auto seeing = see_whole_fleet(fleet, call);
    const auto sight = co_await seeing;
    if (!sight) co_return Outcome::failed(sight.error());
    // An earlier try may have been carried out, and with it what a rollback returns to.
    std::string id = sight->made_by(call.key);
    if (id.empty()) {
        const auto wanted = find_wanted(*fleet, *sight, call);
        if (!wanted) co_return Outcome::failed(wanted.error());
        id = *wanted;
    }
    const std::string previous = before["release_id"].text();
    const std::string reason = sight->made_by(call.key) == id ? sight->reason_of(id) : "";
    auto moving = reason.empty() ? roll_out(fleet, call, id, previous)
                                 : give_up(fleet, call, id, previous, reason);
    Outcome outcome = co_await moving;
    const bool given_up =
        outcome.kind == Outcome::Kind::done && outcome.value["state"].text() == "failed";
    if (given_up && call.arguments.has("within")) {
        outcome.kind = Outcome::Kind::failed;
        outcome.error =
            fail("wrong_version", "The release " + id + " of " + fleet->target +
                                      " does not serve. " + outcome.value["reason"].text());
        outcome.error.detail = outcome.value;
    }
    co_return outcome;
}

std::optional<Restore> restore_move(const Call&, const Value& before, const Value& result) {
    const bool unchanged = result.has("changed") && !result["changed"].boolean();
    if (unchanged || before["release_id"].text().empty()) return std::nullopt;
    if (!before["running"].boolean()) return Restore{"stop", Value(Map())};
    return Restore{
        "promote",
        Value().set("release_id", before["release_id"]).set("within", fleet_undo_within_s)};
}

}  // namespace

void add_fleet_promotions(std::map<std::string, Handler, std::less<>>& handlers,
                          SharedFleet fleet) {
    Handler made;
    made.before = [fleet](Call& call) { return before_move(fleet, call); };
    made.act = [fleet](Call& call, const Value& before) { return act_move(fleet, call, before); };
    made.look = [fleet](Call& call, const Value& before) {
        return look_for_rollout(fleet, call, before);
    };
    made.restore = restore_move;
    handlers.emplace("rollback", made);
    handlers.emplace("promote", std::move(made));
}

}  // namespace perilune
