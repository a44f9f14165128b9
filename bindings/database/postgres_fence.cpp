// Fencing a PostgreSQL database: fence and unfence.
//
// A fence is in the database's catalog, so it reaches replicas with everything else; promote lifts
// what came so. A primary has no switch against writes that its own users could not turn back.
// "read_only" is the database's default_transaction_read_only: it stops everybody, superusers too,
// who does not ask for a transaction that writes in so many words. "disconnect" lets nobody begin a
// session; only who may alter the database can lift that, and from another database.
#include "bindings/database/postgres_databases.h"
#include "bindings/database/postgres_fencing.h"

namespace perilune {

namespace {

Value state_of(const std::string& how) { return Value().set("how", how); }

// A server that cannot be told is not fenced, and may go on serving others.
Error cannot_tell(const PostgresTarget& target, const Error& error) {
    for (const char* code : {"refused", "unreachable", "timed_out", "name_not_found"})
        if (error.code == code)
            return fail("unreachable",
                        target.target +
                            " cannot be reached, so it cannot be told to fence or unfence itself; "
                            "others may still reach it. Cut it off at its network or its machine, "
                            "and let a person see to it. " +
                            error.message,
                        Retry::safe);
    return error;
}

// A session by which to set the fence: in the database itself where that can be, for a login may
// not be allowed into another one.
Awaitable<Result<PostgresPointer>> connect_to_set(PostgresTargetPointer target, Call& call) {
    const bool beside = call.operation == "fence" && call.arguments["how"].text() == "disconnect";
    if (beside) {
        auto other = co_await connect_beside(target, call);
        if (!other) co_return cannot_tell(*target, other.error());
        co_return other;
    }
    auto own = co_await connect_past_fence(target, call);
    if (!own) co_return cannot_tell(*target, own.error());
    co_return own;
}

Awaitable<Result<FenceFound>> find_fence(PostgresTargetPointer target, Call& call,
                                         PostgresConnection& connection) {
    const auto found = co_await read_fence(target, call, connection);
    if (found && found->in_recovery)
        co_return fail("wrong_role", "The server of " + target->target +
                                         " is a replica: it takes no writes, and its fence is its "
                                         "primary's. Fence the primary.");
    co_return found;
}

Awaitable<Status> refuse_bypass(PostgresTargetPointer target, PostgresConnection& connection,
                                std::string database) {
    const auto bypass = co_await find_bypass(connection, database);
    if (!bypass) co_return bypass.error();
    if (bypass->empty()) co_return Done{};
    co_return fail("fence_failed", "Fencing " + target->target +
                                       " by \"read_only\" would not stop every write: " + *bypass +
                                       ". End that first, or use how = \"disconnect\".");
}

Error not_by(const PostgresTarget& target, const std::string& how) {
    const std::string whole = "Fencing " + target.target + " by \"" + how +
                              "\" is not possible with the driver postgres: ";
    if (how == "stop")
        return fail("not_supported", whole +
                                         "the environment names no `machine` that stops the "
                                         "server. Name it, or use how = \"disconnect\" or "
                                         "\"read_only\".");
    // Rules of one machine's packet filter are not all that leads to a server, and others own them.
    return fail("not_supported", whole +
                                     "whoever owns its network has to cut it off. Use how = "
                                     "\"stop\" with `machine`, or \"disconnect\"; or close the "
                                     "network by a program of process that does and checks it.");
}

Awaitable<Result<Before>> before_fence(PostgresTargetPointer target, Call& call) {
    const std::string how = call.arguments["how"].text();
    if (how != "read_only" && how != "disconnect") co_return not_by(*target, how);
    const auto opened = co_await connect_to_set(target, call);
    if (!opened) co_return opened.error();
    const auto found = co_await find_fence(target, call, **opened);
    if (!found) co_return found.error();
    const auto address = open_address(*target, call);
    if (!address) co_return address.error();
    if (how == "read_only") {
        const auto sure = co_await refuse_bypass(target, **opened, address->database());
        if (!sure) co_return sure.error();
    }
    Before before;
    before.state = state_of(found->how());
    before.result.set("how", how).set("changed", false);
    before.plan = how == "read_only" ? "every write fails" : "nobody is connected";
    // A fence that somebody else set, or that did not come to its end, is not yet seen to hold.
    if (found->how() != how || (how == "read_only" && found->held_since.empty())) co_return before;
    const auto old = co_await count_old_sessions(**opened, address->database(), found->held_since);
    if (!old) co_return old.error();
    before.already_so = *old == 0;
    co_return before;
}

// Everything of a fence, in the order in which it holds: no new session that writes, no old one,
// and then the proof.
Awaitable<Status> fence_by(PostgresTargetPointer target, Call& call, PostgresConnection& connection,
                           bool& touched) {
    const std::string how = call.arguments["how"].text();
    const auto address = open_address(*target, call);
    if (!address) co_return address.error();
    const std::string database = address->database();
    const auto found = co_await find_fence(target, call, connection);
    if (!found) co_return found.error();
    Status done = Done{};
    if (how == "read_only") done = co_await refuse_bypass(target, connection, database);
    if (!done) co_return done;
    done = co_await set_fence(call, connection, database, how, *found);
    touched = done || done.error().retry == Retry::unknown;
    if (!done) co_return done;
    const auto moment = co_await read_clock(connection);
    if (!moment) co_return moment.error();
    const std::string until = how == "disconnect" ? "" : *moment;
    done = co_await end_old_sessions(target, call, connection, database, until);
    if (done) done = co_await see_write_fail(target, call, how);
    if (done && how == "read_only") done = co_await write_held_since(connection, database, *moment);
    co_return done;
}

Awaitable<Outcome> act_fence(PostgresTargetPointer target, Call& call, const Value& before) {
    const std::string how = call.arguments["how"].text();
    const auto opened = co_await connect_to_set(target, call);
    if (!opened) co_return outcome_of(opened.error());
    bool touched = false;
    const auto fenced = co_await fence_by(target, call, **opened, touched);
    if (!fenced) {
        Outcome outcome = outcome_of(fenced.error(), touched);
        outcome.after = state_of(how);
        co_return outcome;
    }
    Value result;
    result.set("how", how).set("changed", before["how"].text() != how);
    co_return Outcome::done(std::move(result), state_of(how));
}

Awaitable<Result<Before>> before_unfence(PostgresTargetPointer target, Call& call) {
    const auto opened = co_await connect_to_set(target, call);
    if (!opened) co_return opened.error();
    const auto found = co_await find_fence(target, call, **opened);
    if (!found) co_return found.error();
    Before before;
    before.state = state_of(found->how());
    before.already_so = found->how() == "none";
    before.result.set("changed", false);
    before.plan = "writes succeed again";
    co_return before;
}

Awaitable<Status> unfence(PostgresTargetPointer target, Call& call, PostgresConnection& connection,
                          bool& touched) {
    const auto found = co_await find_fence(target, call, connection);
    if (!found) co_return found.error();
    const auto lifted = co_await lift_fence(target, call, connection, *found, touched);
    if (!lifted) co_return lifted;
    co_return co_await see_write_begin(target, call);
}

Awaitable<Outcome> act_unfence(PostgresTargetPointer target, Call& call, const Value& before) {
    const auto opened = co_await connect_to_set(target, call);
    if (!opened) co_return outcome_of(opened.error());
    bool touched = false;
    const auto open = co_await unfence(target, call, **opened, touched);
    if (!open) {
        Outcome outcome = outcome_of(open.error(), touched);
        outcome.after = state_of("none");
        co_return outcome;
    }
    Value result;
    result.set("changed", before["how"].text() != "none");
    if (before["how"].text() != "none") result.set("how_before", before["how"]);
    co_return Outcome::done(std::move(result), state_of("none"));
}

}  // namespace

void add_postgres_fence(Operations& operations, const PostgresTargetPointer& target) {
    Handler& fence = operations["fence"];
    fence.before = [target](Call& call) { return before_fence(target, call); };
    fence.act = [target](Call& call, const Value& before) {
        return act_fence(target, call, before);
    };
    fence.restore = [](const Call&, const Value& before, const Value&) {
        // What was fenced in another way goes back to that.
        if (before["how"].text() == "none")
            return std::optional<Restore>(Restore{"unfence", Value(Map{})});
        return std::optional<Restore>(Restore{"fence", Value().set("how", before["how"])});
    };
    Handler& open = operations["unfence"];
    open.before = [target](Call& call) { return before_unfence(target, call); };
    open.act = [target](Call& call, const Value& before) {
        return act_unfence(target, call, before);
    };
    open.restore = [](const Call&, const Value& before, const Value&) {
        if (before["how"].text() == "none") return std::optional<Restore>();
        return std::optional<Restore>(Restore{"fence", Value().set("how", before["how"])});
    };
}

}  // namespace perilune
