// set_env, unset_env and set_maintenance of the local driver.
#include <algorithm>

#include "bindings/deploy/local_target.h"
#include "bindings/deploy/local_variables.h"

namespace perilune {

namespace {

Result<Before> before_env(const LocalTarget& local, Call& call) {
    const auto wanted = read_wanted(call);
    if (!wanted) return wanted.error();
    const auto variables = load_variables(env_path(local.root));
    if (!variables) return variables.error();
    const auto state = load_state(local.root);
    if (!state) return state.error();
    Before before;
    before.state = state_of(*variables, *wanted);
    const Value after = state_of(wanted->set, *wanted);
    before.already_so = before.state == after;
    if (before.already_so && call.arguments["apply"].text() == "now" && !state->wanted.empty()) {
        const auto released = load_variables(env_path(local.root, state->wanted));
        if (!released) return released.error();
        before.already_so = state_of(*released, *wanted) == after;
    }
    before.result = env_value(*wanted, false);
    for (const auto& name : wanted->names) before.plan += (before.plan.empty() ? "" : ", ") + name;
    return before;
}

Awaitable<Outcome> act_env(SharedTarget local, Call& call) {
    // Opened outside of the loop: a provider of secrets may be far away.
    const Work<Result<WantedVariables>> opening = [&] { return read_wanted(call); };
    const auto wanted = co_await off_loop(local->loop, opening);
    if (!wanted) co_return Outcome::failed(wanted.error());
    List unset;
    for (const auto& name : wanted->names)
        if (!wanted->set.contains(name)) unset.push_back(name);
    Value request;
    request.set("do", "set_env").set("set", to_value(wanted->set)).set("unset", unset);
    request.set("apply", call.arguments["apply"]);
    const auto answer = co_await ask(local, request, call);
    if (!answer) co_return outcome_of(answer.error());
    Value value = env_value(*wanted, true);
    value.set("release_id", (*answer)["release_id"]);
    co_return Outcome::done(std::move(value), state_of(wanted->set, *wanted));
}

Result<Before> before_maintenance(const LocalTarget& local, Call& call) {
    const auto state = load_state(local.root);
    if (!state) return state.error();
    Before before;
    before.state = maintenance_state(*state);
    before.already_so = before.state == wanted_maintenance(call);
    before.plan = before.state["state"].text() + " → " + call.arguments["state"].text();
    before.result = maintenance_value(before.state, before.state, false);
    return before;
}

Awaitable<Outcome> act_maintenance(SharedTarget local, Call& call, Value before) {
    Value request;
    request.set("do", "maintenance").set("state", call.arguments["state"]);
    request.set("message", call.arguments["message"]);
    const auto answer = co_await ask(local, request, call);
    if (!answer) co_return outcome_of(answer.error());
    const Work<bool> looking = [&] {
        const auto state = load_state(local->root);
        return state && (!state->running || state->wanted.empty() ||
                         is_settled(*state, see_instances(*local, *state)));
    };
    bool in_force = local->settings.on_maintenance != "restart";
    for (double pause_s = 0.05; !in_force; pause_s = std::min(pause_s * 1.5, 0.5)) {
        in_force = co_await off_loop(local->loop, looking);
        if (in_force) break;
        if (boot_now_s() >= call.deadline_s || call.cancel->asked())
            co_return Outcome::unknown(
                fail("timed_out",
                     "The maintenance mode of " + local->target +
                         " is set, but not every instance was started anew in time.",
                     Retry::unknown));
        co_await wake(local, call);
        co_await wait_until(local->loop, std::min(boot_now_s() + pause_s, call.deadline_s));
    }
    const Value after = wanted_maintenance(call);
    co_return Outcome::done(maintenance_value(before, after, true), after);
}

}  // namespace

Value maintenance_state(const TargetState& state) {
    Value value;
    value.set("state", state.maintenance ? "on" : "off");
    if (!state.maintenance_message.empty()) value.set("message", state.maintenance_message);
    return value;
}

Value wanted_maintenance(const Call& call) {
    Value value;
    value.set("state", call.arguments["state"]);
    if (!call.arguments["message"].text().empty()) value.set("message", call.arguments["message"]);
    return value;
}

Value maintenance_value(const Value& before, const Value& after, bool changed) {
    Value value;
    return value.set("changed", changed)
        .set("before", before["state"])
        .set("after", after["state"]);
}

std::optional<Restore> restore_maintenance(const Call&, const Value& before, const Value& result) {
    if (!result["changed"].boolean()) return std::nullopt;
    return Restore{"set_maintenance", before};
}

void add_environment(Handlers& handlers, SharedTarget local) {
    Handler env = change_blocking(
        local->loop, [local](Call& call) { return before_env(*local, call); }, {}, {}, restore_env);
    env.act = [local](Call& call, const Value&) { return act_env(local, call); };
    handlers.emplace("set_env", env);
    handlers.emplace("unset_env", std::move(env));
}

void add_maintenance(Handlers& handlers, SharedTarget local) {
    Handler maintenance = change_blocking(
        local->loop, [local](Call& call) { return before_maintenance(*local, call); }, {}, {},
        restore_maintenance);
    maintenance.act = [local](Call& call, const Value& before) {
        return act_maintenance(local, call, before);
    };
    handlers.emplace("set_maintenance", std::move(maintenance));
}

}  // namespace perilune
