// Fencing a server in memory. By "read_only" and "disconnect" the server itself is told, so it has
// to answer; by "network" and "stop" its machine's provider is, which can always be reached.
#include "bindings/database/simulated_handlers.h"

namespace perilune {

namespace {

bool asks_the_server(const std::string& how) { return how == "read_only" || how == "disconnect"; }

// Why the server cannot be told: its machine is not reached.
std::optional<Error> deaf(const SimulatedServer& server, const std::string& how) {
    if (!asks_the_server(how) || server.reached()) return std::nullopt;
    return fail("connection_refused",
                server.target() +
                    " does not answer, so it cannot be told to fence or unfence "
                    "itself. Use how = \"network\" or \"stop\".",
                Retry::safe);
}

Value state_of(const SimulatedServer& server) { return Value().set("how", server.fenced()); }

Awaitable<Result<Before>> before_fence(HostPointer host, Call& call) {
    const std::string how = call.arguments["how"].text();
    if (const auto refused = deaf(*host->server, how)) co_return *refused;
    Before before;
    before.state = state_of(*host->server);
    before.already_so = host->server->fenced() == how;
    before.result.set("how", how).set("changed", false);
    before.plan = how == "read_only" ? "every write fails" : "nobody is connected";
    co_return before;
}

Awaitable<Outcome> act_fence(HostPointer host, Call& call, const Value& before) {
    const std::string how = call.arguments["how"].text();
    if (const auto refused = deaf(*host->server, how)) co_return Outcome::not_sent(*refused);
    host->server->set_fenced(how);
    const auto opened = host->server->connect(Access::write, OpenOptions{.target = call.target});
    const auto written = opened ? (*opened)->execute("create table perilune_fence_probe (x)")
                                : Status(opened.error());
    if (written)
        co_return Outcome::failed(
            fail("fence_failed", "Fencing " + call.target + ": a write did not fail as it must."));
    Value result;
    result.set("how", how).set("changed", !(before["how"] == Value(how)));
    co_return Outcome::done(std::move(result), state_of(*host->server));
}

Awaitable<Result<Before>> before_unfence(HostPointer host, Call&) {
    const SimulatedServer& server = *host->server;
    if (const auto refused = deaf(server, server.fenced())) co_return *refused;
    Before before;
    before.state = state_of(server);
    before.already_so = server.fenced() == "none";
    before.result.set("changed", false);
    before.plan = "writes succeed again";
    co_return before;
}

Awaitable<Outcome> act_unfence(HostPointer host, Call&, const Value& before) {
    SimulatedServer& server = *host->server;
    if (const auto refused = deaf(server, server.fenced())) co_return Outcome::not_sent(*refused);
    server.set_fenced("none");
    Value result;
    result.set("changed", before["how"].text() != "none");
    if (before["how"].text() != "none") result.set("how_before", before["how"]);
    co_return Outcome::done(std::move(result), state_of(server));
}

}  // namespace

void add_simulated_fence(Operations& operations, const HostPointer& host) {
    Handler& fence = operations["fence"];
    fence.before = [host](Call& call) { return before_fence(host, call); };
    fence.act = [host](Call& call, const Value& found) { return act_fence(host, call, found); };
    fence.restore = [](const Call&, const Value& before, const Value&) {
        // What was fenced in another way goes back to that.
        if (before["how"].text() == "none")
            return std::optional<Restore>(Restore{"unfence", Value(Map{})});
        return std::optional<Restore>(Restore{"fence", Value().set("how", before["how"])});
    };
    Handler& unfence = operations["unfence"];
    unfence.before = [host](Call& call) { return before_unfence(host, call); };
    unfence.act = [host](Call& call, const Value& found) { return act_unfence(host, call, found); };
    unfence.restore = [](const Call&, const Value& before, const Value&) {
        return std::optional<Restore>(Restore{"fence", Value().set("how", before["how"])});
    };
}

}  // namespace perilune
