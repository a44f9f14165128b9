// Making an old PostgreSQL primary on this machine a replica of the new one: rejoin.
#include <algorithm>

#include "bindings/database/postgres_backup.h"
#include "bindings/database/postgres_configuration.h"
#include "bindings/database/postgres_fencing.h"
#include "bindings/database/postgres_rejoining.h"
#include "bindings/database/postgres_replica.h"
#include "interpreter/base/pause.h"

namespace perilune {

namespace {

constexpr double poll_s = 0.25;
constexpr double streams_within_s = 600;

std::string doing(const Call& call) {
    return "Rejoining " + call.target + " to " + call.arguments["primary"].text();
}

// The server to follow, asked by its own target's settings.
struct Followed {
    NewPrimary server;
    std::string identifier;  // The same in every copy of one server's data.
    double timeline = 0;

    std::string place() const { return server.endpoint.host + ":" + server.endpoint.port; }
};

Result<PostgresTargetPointer> find_other(const PostgresTarget& target, const Call& call) {
    const std::string name = call.arguments["primary"].text();
    const Driver* other = target.services->driver_of ? target.services->driver_of(name) : nullptr;
    if (!other)
        return fail("no_such_target",
                    doing(call) + ": the environment has no database " + name + ".");
    const auto primary = postgres_target_of(*other);
    if (!primary)
        return fail("not_supported", doing(call) + ": " + name +
                                         " is not of the driver postgres, so its server cannot be "
                                         "followed.");
    if (name == call.target)
        return fail("bad_argument", doing(call) + ": a server cannot follow itself.");
    return primary;
}

// How the replica logs in to the server that a connection reached.
Result<NewPrimary> login_to(PostgresTargetPointer primary, Call& call,
                            const PostgresConnection& connection) {
    NewPrimary login{.target = primary->target,
                     .address = connection.address(),
                     .endpoint = connection.endpoint()};
    if (primary->replication_url.is_nil()) return login;
    PostgresTarget other = *primary;
    other.url = primary->replication_url;
    const auto address = open_address(other, call);
    if (!address) return address.error();
    login.address = *address;
    return login;
}

Awaitable<Result<Followed>> find_primary(PostgresTargetPointer target, Call& call) {
    const auto primary = find_other(*target, call);
    if (!primary) co_return primary.error();
    const auto opened = co_await connect_past_fence(*primary, call);
    if (!opened) co_return opened.error();
    PostgresConnection& connection = **opened;
    const auto replica = co_await read_replica(connection);
    if (!replica) co_return replica.error();
    if (replica->in_recovery)
        co_return fail("wrong_role", doing(call) + ": " + (*primary)->target +
                                         " is itself a replica. Promote it first.");
    auto login = login_to(*primary, call, connection);
    if (!login) co_return login.error();
    Followed followed{.server = std::move(*login)};
    const auto identifier =
        co_await connection.query("select system_identifier from pg_control_system()");
    if (!identifier) co_return identifier.error();
    followed.identifier = identifier->first();
    const auto timeline = co_await read_timeline(connection);
    if (!timeline) co_return timeline.error();
    followed.timeline = *timeline;
    co_return followed;
}

// Refuses what would throw away the wrong server's data.
Status judge_history(const LocalServer& server, const Call& call, const Followed& followed,
                     const StreamWatch& watch) {
    auto control = read_control(server, watch);
    if (!control) return control.error();
    if ((*control)["Database system identifier"] != followed.identifier)
        return fail("wrong_server", doing(call) + ": the data in " + server.data +
                                        " is that of another server, not of a copy of it. Nothing "
                                        "was changed.");
    const double own = std::strtod((*control)["Latest checkpoint's TimeLineID"].c_str(), nullptr);
    if (own > followed.timeline)
        return fail("wrong_role", doing(call) + ": the data in " + server.data +
                                      " is the newer one: it was promoted after " +
                                      followed.server.target +
                                      ". Rejoin that one to this. Nothing was changed.");
    return Done{};
}

// The replica's own words, where it answers and follows that primary by a stream that flows.
Awaitable<Result<Value>> read_following(PostgresTargetPointer target, Call& call,
                                        std::string place) {
    const auto opened = co_await connect_past_fence(target, call);
    if (!opened) co_return opened.error();
    const auto replica = co_await read_replica(**opened);
    if (!replica) co_return replica.error();
    std::string what = "it is a primary";
    if (replica->in_recovery) what = "it follows " + replica->primary;
    if (!replica->in_recovery || (!replica->primary.empty() && replica->primary != place))
        co_return fail("wrong_role", target->target + ": " + what + ", not " + place + ".");
    if (!replica->lag["connected"].boolean())
        co_return fail("not_ready", target->target + ": nothing streams from " + place + " yet.",
                       Retry::safe);
    co_return replica->lag;
}

Awaitable<Result<Before>> before_rejoin(PostgresTargetPointer target, Call& call) {
    const auto server = find_local_server(*target, doing(call));
    if (!server) co_return server.error();
    const auto followed = co_await find_primary(target, call);
    if (!followed) co_return followed.error();
    const StreamWatch watch = watch_of(call, doing(call));
    std::function<Status()> judging = [&] {
        return judge_history(*server, call, *followed, watch);
    };
    const auto judged = co_await off_the_loop<Status>(*target, judging);
    if (!judged) co_return judged.error();
    Before before;
    before.state.set("role", "primary").set("data", server->data);
    before.plan = "as a replica of " + followed->server.target + " at " + followed->place() +
                  "; what only it has is lost";
    const auto following = co_await read_following(target, call, followed->place());
    if (!following) co_return before;
    before.already_so = true;
    before.state = Value().set("role", "replica").set("primary", followed->place());
    Value lag = *following;
    before.result = lag.set("changed", false);
    co_return before;
}

// What pg_rewind reads of the primary's history is only as new as its last checkpoint.
Awaitable<bool> checkpoint(PostgresTargetPointer target, Call& call) {
    const auto primary = find_other(*target, call);
    if (!primary) co_return false;
    const auto opened = co_await connect_past_fence(*primary, call);
    if (!opened) co_return false;
    const auto done = co_await (*opened)->query("checkpoint");
    co_return done.ok();
}

Awaitable<Outcome> act_rejoin(PostgresTargetPointer target, Call& call) {
    const auto server = find_local_server(*target, doing(call));
    if (!server) co_return outcome_of(server.error());
    auto followed = co_await find_primary(target, call);
    if (!followed) co_return outcome_of(followed.error());
    followed->server.can_rewind = co_await checkpoint(target, call);
    if (!call.may_act())
        co_return Outcome::failed(
            fail("stopped", doing(call) + " was stopped: the run may be lost."));
    const StreamWatch watch = watch_of(call, doing(call));
    std::function<Status()> working = [&] {
        const auto judged = judge_history(*server, call, *followed, watch);
        return judged ? make_replica_of(*server, followed->server, watch) : judged;
    };
    const auto made = co_await off_the_loop<Status>(*target, working);
    if (!made) co_return outcome_of(made.error(), true);
    const double until_s = std::min(call.deadline_s, boot_now_s() + streams_within_s);
    for (;;) {
        auto lag = co_await read_following(target, call, followed->place());
        if (lag) {
            forget_configuration(*server);
            Value after = Value().set("role", "replica").set("primary", followed->place());
            co_return Outcome::done(lag->set("changed", true), std::move(after));
        }
        if (lag.error().retry != Retry::safe || boot_now_s() > until_s || call.cancel->asked()) {
            Error error = lag.error();
            error.message = doing(call) + ": the server was started as a replica, but " +
                            error.message + " See its log.";
            co_return outcome_of(error, true);
        }
        co_await pause_until(target->services->loop, boot_now_s() + poll_s, call.cancel);
    }
}

// Doing it again is safe, so whatever is not seen to follow did not happen.
Awaitable<Sighting> look_for_rejoining(PostgresTargetPointer target, Call& call) {
    Sighting sighting;
    const auto followed = co_await find_primary(target, call);
    if (!followed) {
        sighting.evidence = followed.error().message;
        co_return sighting;
    }
    auto lag = co_await read_following(target, call, followed->place());
    if (!lag) {
        sighting.kind = Sighting::Kind::did_not;
        sighting.evidence = lag.error().message;
        co_return sighting;
    }
    sighting.kind = Sighting::Kind::happened;
    sighting.value = lag->set("changed", true);
    sighting.after.set("role", "replica").set("primary", followed->place());
    sighting.evidence = target->target + " follows " + followed->place() + ".";
    co_return sighting;
}

}  // namespace

void add_postgres_rejoin(Operations& operations, const PostgresTargetPointer& target) {
    Handler& rejoin = operations["rejoin"];
    rejoin.before = [target](Call& call) { return before_rejoin(target, call); };
    rejoin.act = [target](Call& call, const Value&) { return act_rejoin(target, call); };
    rejoin.look = [target](Call& call, const Value&) { return look_for_rejoining(target, call); };
}

}  // namespace perilune
