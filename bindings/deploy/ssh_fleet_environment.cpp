// set_env, unset_env and set_maintenance of deploy's driver `ssh`.
#include <algorithm>

#include "bindings/deploy/local_variables.h"
#include "bindings/deploy/ssh_fleet.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/base/shell_words.h"

namespace perilune {

namespace {

constexpr std::size_t hosts_changed_at_once = 16;

bool is_variable_name(const std::string& name) {
    return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
           std::ranges::all_of(
               name, [](unsigned char c) { return c < 0x80 && (std::isalnum(c) || c == '_'); });
}

// As systemd.exec(5) says of EnvironmentFile=: within double quotes a backslash keeps these.
std::string environment_line(const std::string& name, const std::string& value) {
    std::string line = name + "=\"";
    for (const char c : value) {
        if (c == '"' || c == '\\' || c == '`' || c == '$') line += '\\';
        line += c;
    }
    return line + "\"\n";
}

Awaitable<Result<Before>> before_env(SharedFleet fleet, Call& call) {
    auto seeing = see_whole_fleet(fleet, call, Sight::variables);
    const auto sight = co_await seeing;
    if (!sight) co_return sight.error();
    const std::function<Result<WantedVariables>()> opening = [&] { return read_wanted(call); };
    const auto wanted = co_await off_loop(fleet->loop, opening);
    if (!wanted) co_return wanted.error();
    const auto good = environment_file(*fleet, {}, wanted->set);
    if (!good) co_return good.error();
    const auto variables = next_variables(*fleet, *sight);
    if (!variables) co_return variables.error();
    const Value after = state_of(wanted->set, *wanted);
    Before before;
    before.state = state_of(*variables, *wanted);
    // As all hosts have it.
    const bool alike = std::ranges::all_of(sight->hosts, [&](const HostSight& host) {
        return host.variables == sight->hosts.front().variables;
    });
    before.already_so = alike && before.state == after;
    if (before.already_so && call.arguments["apply"].text() == "now")
        for (const auto& host : sight->hosts) {
            const auto released = from_canonical_json(host.released_variables);
            before.already_so &=
                host.current.empty() ||
                (released && state_of(variables_from(*released), *wanted) == after);
        }
    before.result = env_value(*wanted, false);
    for (const auto& name : wanted->names) before.plan += (before.plan.empty() ? "" : ", ") + name;
    co_return before;
}

// The serving release once more, with the variables as they are now.
Awaitable<Outcome> apply_now(SharedFleet fleet, Call& call, Variables variables, FleetSight sight) {
    const std::string previous = sight.wanted();
    const Value& shared = *sight.record(previous);
    FleetRelease release;
    release.id = fleet_release_id(shared["version"].text(), call.key);
    release.variables = std::move(variables);
    release.copied_from = previous;
    release.record.set("id", release.id).set("version", shared["version"]);
    release.record.set("previous", previous).set("message", "");
    release.record.set("digest", shared["digest"]).set("key", call.key);
    release.record.set("created_at", wall_now_s());
    const std::string id = release.id;
    // A try before this one may have made it already.
    if (previous != id) {
        auto placing = place_release(fleet, call, sight, std::move(release));
        Outcome placed = co_await placing;
        if (placed.kind != Outcome::Kind::done) co_return placed;
    }
    const std::string back = previous != id ? previous : shared["previous"].text();
    auto rolling = roll_out(fleet, call, id, back);
    Outcome rolled = co_await rolling;
    if (rolled.kind == Outcome::Kind::done && rolled.value["state"].text() == "failed") {
        const std::string reason = rolled.value["reason"].text();
        rolled = Outcome::failed(
            fail("wrong_version", "The variables of " + fleet->target +
                                      " are set for the next release; with them the present "
                                      "version did not become healthy, and it serves without "
                                      "them. " +
                                      reason));
        rolled.left_some = true;
    }
    co_return rolled;
}

Awaitable<Outcome> act_env(SharedFleet fleet, Call& call) {
    const std::function<Result<WantedVariables>()> opening = [&] { return read_wanted(call); };
    const auto wanted = co_await off_loop(fleet->loop, opening);
    if (!wanted) co_return Outcome::failed(wanted.error());
    auto seeing = see_whole_fleet(fleet, call, Sight::variables);
    const auto sight = co_await seeing;
    if (!sight) co_return Outcome::failed(sight.error());
    auto variables = next_variables(*fleet, *sight);
    if (!variables) co_return Outcome::failed(variables.error());
    for (const auto& name : wanted->names) variables->erase(name);
    for (const auto& [name, variable] : wanted->set) variables->insert_or_assign(name, variable);
    const std::string commands =
        "enter\numask 077\n" +
        store_there("\"$notes/variables\"", to_canonical_json(to_value(*variables))) +
        "sync -f \"$folder\"";
    const auto hosts = all_of(*fleet);
    auto asking = ask_fleet(fleet, call, hosts, hosts_changed_at_once, commands);
    const auto answers = co_await asking;
    if (auto trouble = fleet_trouble(*fleet, hosts, answers, "Setting variables of"))
        co_return *trouble;
    Value value = env_value(*wanted, true);
    const Value after = state_of(wanted->set, *wanted);
    if (call.arguments["apply"].text() != "now" || sight->wanted().empty())
        co_return Outcome::done(std::move(value), after);
    auto applying = apply_now(fleet, call, *variables, *sight);
    Outcome applied = co_await applying;
    if (applied.kind == Outcome::Kind::not_sent) {
        applied.kind = Outcome::Kind::failed;
        applied.left_some = true;
    }
    if (applied.kind != Outcome::Kind::done) co_return applied;
    value.set("release_id", applied.value["release_id"]);
    co_return Outcome::done(std::move(value), after);
}

Value maintenance_of(const std::optional<std::string>& message) {
    Value value;
    value.set("state", message ? "on" : "off");
    if (message && !message->empty()) value.set("message", *message);
    return value;
}

Value wanted_maintenance(const Call& call) {
    if (call.arguments["state"].text() == "off") return maintenance_of(std::nullopt);
    return maintenance_of(call.arguments["message"].text());
}

Value maintenance_value(const Value& before, const Value& after, bool changed) {
    return Value()
        .set("changed", changed)
        .set("before", before["state"])
        .set("after", after["state"]);
}

Awaitable<Result<Before>> before_maintenance(SharedFleet fleet, Call& call) {
    auto seeing = see_whole_fleet(fleet, call);
    const auto sight = co_await seeing;
    if (!sight) co_return sight.error();
    const auto on = std::ranges::find_if(
        sight->hosts, [](const HostSight& host) { return host.maintenance.has_value(); });
    const Value wanted = wanted_maintenance(call);
    Before before;
    before.state = maintenance_of(on == sight->hosts.end() ? std::nullopt : on->maintenance);
    before.already_so = std::ranges::all_of(sight->hosts, [&](const HostSight& host) {
        return maintenance_of(host.maintenance) == wanted;
    });
    before.plan = before.state["state"].text() + " → " + call.arguments["state"].text();
    before.result = maintenance_value(before.state, before.state, false);
    co_return before;
}

Awaitable<Outcome> act_maintenance(SharedFleet fleet, Call& call, Value before) {
    const bool on = call.arguments["state"].text() == "on";
    const std::string commands =
        "enter\n" + (on ? store_there("\"$folder/maintenance\"", call.arguments["message"].text())
                        : std::string("rm -f \"$folder/maintenance\" || refuse folder_failed "
                                      "'The flag file cannot be removed.'\n"));
    const auto hosts = all_of(*fleet);
    auto asking = ask_fleet(fleet, call, hosts, hosts_changed_at_once, commands);
    const auto answers = co_await asking;
    if (auto trouble = fleet_trouble(*fleet, hosts, answers, "The maintenance mode of"))
        co_return *trouble;
    const Value after = wanted_maintenance(call);
    co_return Outcome::done(maintenance_value(before, after, true), after);
}

std::optional<Restore> restore_maintenance(const Call&, const Value& before, const Value& result) {
    if (!result["changed"].boolean()) return std::nullopt;
    return Restore{"set_maintenance", before};
}

}  // namespace

Result<std::string> environment_file(const SshFleet& fleet, const Value& record,
                                     const Variables& variables) {
    std::string text = environment_line("RELEASE", record["id"].text()) +
                       environment_line("VERSION", record["version"].text());
    for (const auto& [name, variable] : variables) {
        if (!is_variable_name(name))
            return fail("bad_argument", "The variable " + name + " cannot be given to a unit of " +
                                            fleet.target +
                                            ": its name must be letters, digits and _.");
        text += environment_line(name, variable.value);
    }
    return text;
}

void add_fleet_environment(std::map<std::string, Handler, std::less<>>& handlers,
                           SharedFleet fleet) {
    Handler env;
    env.before = [fleet](Call& call) { return before_env(fleet, call); };
    env.act = [fleet](Call& call, const Value&) { return act_env(fleet, call); };
    env.restore = restore_env;
    handlers.emplace("set_env", env);
    handlers.emplace("unset_env", std::move(env));
    Handler maintenance;
    maintenance.before = [fleet](Call& call) { return before_maintenance(fleet, call); };
    maintenance.act = [fleet](Call& call, const Value& before) {
        return act_maintenance(fleet, call, before);
    };
    maintenance.restore = restore_maintenance;
    handlers.emplace("set_maintenance", std::move(maintenance));
}

}  // namespace perilune
