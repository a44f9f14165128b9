// Replicas in memory: lag, wait_caught_up, promote and rejoin.
#include <algorithm>

#include "bindings/database/simulated_handlers.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/pause.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr double poll_s = 0.25;

Value show_lag(const SimulatedServer& server) {
    const double behind = server.behind_bytes();
    Value lag;
    lag.set("behind_bytes", behind).set("idle", behind <= 0);
    return lag.set("connected", server.connected()).set("replayed_at", server.now().at_s);
}

Result<Value> read_lag(const SimulatedServer& server) {
    if (const auto refused = server.refusal()) return *refused;
    if (server.role() == ServerRole::replica) return show_lag(server);
    return fail("wrong_role", "Asking how far " + server.target() +
                                  " is behind its primary: it is no replica but a primary.");
}

Awaitable<Result<Value>> observe_lag(HostPointer host, Call&) { co_return read_lag(*host->server); }

Awaitable<Result<Value>> wait_caught_up(HostPointer host, Call& call) {
    double until_s = boot_now_s() + call.arguments["within"].number();
    if (call.deadline_s > 0) until_s = std::min(until_s, call.deadline_s);
    for (;;) {
        const auto lag = read_lag(*host->server);
        if (!lag && lag.error().retry != Retry::safe) co_return lag.error();
        if (call.cancel->asked())
            co_return fail("cancelled", "Waiting for " + call.target + " was told to stop.",
                           Retry::safe);
        const double most = call.arguments["behind_max"].number();
        if (lag && (*lag)["behind_bytes"].number() <= most) co_return *lag;
        const std::string last =
            lag ? "it is " + show_size((*lag)["behind_bytes"].number()) + " behind" +
                      ((*lag)["connected"].boolean() ? "." : " and not connected to its primary.")
                : lag.error().message;
        if (boot_now_s() + poll_s > until_s)
            co_return fail("timed_out",
                           "Waiting until " + call.target + " has caught up ended after " +
                               show_duration(call.arguments["within"].number()) +
                               ". At last: " + last,
                           Retry::safe);
        co_await pause_until(host->target->services->loop, boot_now_s() + poll_s, call.cancel);
    }
}

Value promoted(const SimulatedServer& server, const Value& before) {
    Value result;
    result.set("timeline", server.timeline()).set("primary_before", before["primary"]);
    return result.set("lost_bytes", before["behind_bytes"]);
}

Awaitable<Result<Before>> before_promote(HostPointer host, Call&) {
    const SimulatedServer& server = *host->server;
    Before before;
    before.already_so = server.role() == ServerRole::primary;
    before.state.set("role", before.already_so ? "primary" : "replica");
    if (before.already_so) {
        before.result = promoted(server, Value()).set("changed", false);
        co_return before;
    }
    before.state.set("primary", server.primary()->target());
    before.state.set("behind_bytes", server.behind_bytes());
    before.plan = "in place of " + server.primary()->target();
    co_return before;
}

// What it has not replayed is lost by then, also what was still on its way when it was asked.
Awaitable<Outcome> act_promote(HostPointer host, Call&, const Value& before) {
    SimulatedServer& server = *host->server;
    Value found = before;
    if (server.role() == ServerRole::replica) found.set("behind_bytes", server.behind_bytes());
    server.promote();
    co_return Outcome::done(promoted(server, found).set("changed", true),
                            Value().set("role", "primary"));
}

Awaitable<Sighting> look_for_promotion(HostPointer host, Call&, const Value& before) {
    const SimulatedServer& server = *host->server;
    const bool happened = server.role() == ServerRole::primary;
    Sighting sighting;
    sighting.kind = happened ? Sighting::Kind::happened : Sighting::Kind::did_not;
    sighting.evidence = server.target() + (happened ? " is a primary." : " is a replica.");
    if (!happened) co_return sighting;
    sighting.value = promoted(server, before).set("changed", true);
    sighting.after.set("role", "primary");
    co_return sighting;
}

bool follows(const SimulatedServer& server, const std::string& primary) {
    return server.primary() && server.primary()->target() == primary;
}

// The server to follow: one that answers, and does not itself follow this one.
Result<std::shared_ptr<SimulatedServer>> find_primary(const SimulatedHost& host, const Call& call) {
    const std::string name = call.arguments["primary"].text();
    auto primary = host.server_of(name);
    if (!primary)
        return fail("no_such_target",
                    "Rejoining " + call.target + ": the environment has no database " + name + ".");
    for (const SimulatedServer* above = primary.get(); above; above = above->primary())
        if (above == host.server.get())
            return fail("bad_argument", "Rejoining " + call.target + ": " + name +
                                            " follows it already. Promote that one first.");
    if (const auto refused = primary->refusal()) return *refused;
    return primary;
}

Awaitable<Result<Before>> before_rejoin(HostPointer host, Call& call) {
    const auto primary = find_primary(*host, call);
    if (!primary) co_return primary.error();
    const SimulatedServer& server = *host->server;
    Before before;
    before.already_so = follows(server, (*primary)->target());
    before.state.set("role", server.primary() ? "replica" : "primary");
    if (server.primary()) before.state.set("primary", server.primary()->target());
    before.plan = "as a replica of " + (*primary)->target();
    if (before.already_so) before.result = show_lag(server).set("changed", false);
    co_return before;
}

Value rejoined(const SimulatedServer& server) {
    return Value().set("role", "replica").set("primary", server.primary()->target());
}

Awaitable<Outcome> act_rejoin(HostPointer host, Call& call, const Value&) {
    const auto primary = find_primary(*host, call);
    if (!primary) co_return Outcome::failed(primary.error());
    SimulatedServer& server = *host->server;
    if (!follows(server, (*primary)->target())) server.follow(*primary, server.behind_s());
    co_return Outcome::done(show_lag(server).set("changed", true), rejoined(server));
}

Awaitable<Sighting> look_for_rejoining(HostPointer host, Call& call, const Value&) {
    const SimulatedServer& server = *host->server;
    const bool happened = follows(server, call.arguments["primary"].text());
    Sighting sighting;
    sighting.kind = happened ? Sighting::Kind::happened : Sighting::Kind::did_not;
    sighting.evidence = server.target() + (happened ? " follows " : " does not follow ") +
                        call.arguments["primary"].text() + ".";
    if (!happened) co_return sighting;
    sighting.value = show_lag(server).set("changed", true);
    sighting.after = rejoined(server);
    co_return sighting;
}

}  // namespace

void add_simulated_replica(Operations& operations, const HostPointer& host) {
    operations["lag"].observe = [host](Call& call) { return observe_lag(host, call); };
    operations["wait_caught_up"].observe = [host](Call& call) {
        return wait_caught_up(host, call);
    };
    Handler& promote = operations["promote"];
    promote.before = [host](Call& call) { return before_promote(host, call); };
    promote.act = [host](Call& call, const Value& found) { return act_promote(host, call, found); };
    promote.look = [host](Call& call, const Value& found) {
        return look_for_promotion(host, call, found);
    };
    Handler& rejoin = operations["rejoin"];
    rejoin.before = [host](Call& call) { return before_rejoin(host, call); };
    rejoin.act = [host](Call& call, const Value& found) { return act_rejoin(host, call, found); };
    rejoin.look = [host](Call& call, const Value& found) {
        return look_for_rejoining(host, call, found);
    };
}

}  // namespace perilune
