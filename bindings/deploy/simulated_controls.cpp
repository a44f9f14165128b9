// scale, set_autoscaling, resize, restart, start and stop of the simulated driver.
#include <algorithm>

#include "bindings/deploy/simulated_deploy.h"

namespace perilune {

namespace {

Value app_change(const SimulatedApp& app, const SimulatedSlot& slot, bool changed) {
    return app.app(slot).set("changed", changed);
}

Result<Before> before_scale(SimulatedApp& app, Call& call) {
    app.settle();
    const auto slot = app.slot_of(call);
    if (!slot) return slot.error();
    const int is = (*slot)->state.instances;
    const auto wanted = static_cast<int>(call.arguments["instances"].integer());
    const SimulatedScaling& bounds = app.scaling;
    // A number that autoscaling would undo.
    if (bounds.on && (wanted < bounds.instances_min || wanted > bounds.instances_max))
        return fail("unsupported", "Autoscaling keeps " + app.target + " between " +
                                       std::to_string(bounds.instances_min) + " and " +
                                       std::to_string(bounds.instances_max) +
                                       " instances and would undo it. Use set_autoscaling first.");
    Before before;
    before.state.set("instances", is);
    before.already_so = is == wanted;
    before.plan = std::to_string(is) + " → " + std::to_string(wanted);
    before.result.set("changed", false).set("instances_before", is).set("instances", is);
    return before;
}

Outcome act_scale(SimulatedApp& app, Call& call, const Value& before) {
    app.settle();
    const auto slot = app.slot_of(call);
    if (!slot) return Outcome::failed(slot.error());
    const Value& wanted = call.arguments["instances"];
    app.scale(**slot, static_cast<int>(wanted.integer()));
    Value value;
    value.set("changed", true).set("instances_before", before["instances"]);
    return Outcome::done(value.set("instances", wanted), Value().set("instances", wanted));
}

std::optional<Restore> restore_scale(const Call& call, const Value& before, const Value& result) {
    if (!result["changed"].boolean()) return std::nullopt;
    Value arguments;
    arguments.set("instances", before["instances"]).set("slot", call.arguments["slot"]);
    return Restore{"scale", std::move(arguments)};
}

Value scaling_state(const SimulatedScaling& scaling) {
    Value value;
    value.set("state", scaling.on ? "on" : "off");
    if (scaling.on)
        value.set("instances_min", scaling.instances_min)
            .set("instances_max", scaling.instances_max);
    return value;
}

SimulatedScaling wanted_scaling(const SimulatedApp& app, const Call& call) {
    SimulatedScaling wanted = app.scaling;
    wanted.on = call.arguments["state"].text() == "on";
    if (call.arguments.has("instances_min"))
        wanted.instances_min = static_cast<int>(call.arguments["instances_min"].integer());
    if (call.arguments.has("instances_max"))
        wanted.instances_max = static_cast<int>(call.arguments["instances_max"].integer());
    return wanted;
}

Value both(const Value& before, const Value& after) {
    return Value().set("changed", !(before == after)).set("before", before).set("after", after);
}

Result<Before> before_autoscaling(SimulatedApp& app, Call& call) {
    const SimulatedScaling wanted = wanted_scaling(app, call);
    if (wanted.on && wanted.instances_min > wanted.instances_max)
        return fail("bad_argument", "instances_min is above instances_max.");
    Before before;
    before.state = scaling_state(app.scaling);
    before.already_so = before.state == scaling_state(wanted);
    before.result = both(before.state, before.state);
    before.plan = before.state["state"].text() + " → " + call.arguments["state"].text();
    return before;
}

Outcome act_autoscaling(SimulatedApp& app, Call& call, const Value& before) {
    app.settle();
    app.scaling = wanted_scaling(app, call);
    for (auto& slot : app.slots)
        if (app.scaling.on)
            app.scale(slot, std::clamp(slot.state.instances, app.scaling.instances_min,
                                       app.scaling.instances_max));
    const Value after = scaling_state(app.scaling);
    return Outcome::done(both(before, after), after);
}

std::optional<Restore> restore_as(const char* operation, const Value& before, const Value& result) {
    if (!result["changed"].boolean()) return std::nullopt;
    return Restore{operation, before};
}

Value size_state(const SimulatedScaling& scaling) {
    return Value().set("memory_bytes", scaling.memory_bytes).set("cpus", scaling.cpus);
}

SimulatedScaling wanted_size(const SimulatedApp& app, const Call& call) {
    SimulatedScaling wanted = app.scaling;
    if (call.arguments.has("memory")) wanted.memory_bytes = call.arguments["memory"].number();
    if (call.arguments.has("cpus")) wanted.cpus = call.arguments["cpus"].number();
    return wanted;
}

Result<Before> before_resize(SimulatedApp& app, Call& call) {
    Before before;
    before.state = size_state(app.scaling);
    before.already_so = before.state == size_state(wanted_size(app, call));
    before.result = both(before.state, before.state);
    return before;
}

// Every instance is replaced, one after the other.
Outcome act_resize(SimulatedApp& app, Call& call, const Value& before) {
    app.settle();
    app.scaling = wanted_size(app, call);
    for (auto& slot : app.slots)
        if (slot.state.running) app.restart(slot, 1);
    const Value after = size_state(app.scaling);
    return Outcome::done(both(before, after), after);
}

std::optional<Restore> restore_resize(const Call&, const Value& before, const Value& result) {
    if (!result["changed"].boolean()) return std::nullopt;
    Value arguments;
    arguments.set("memory", before["memory_bytes"]).set("cpus", before["cpus"]);
    return Restore{"resize", std::move(arguments)};
}

Result<Before> before_restart(SimulatedApp& app, Call& call) {
    app.settle();
    const auto slot = app.slot_of(call);
    if (!slot) return slot.error();
    const TargetState& state = (*slot)->state;
    if (!state.running || state.current.empty())
        return fail("not_running",
                    "The target " + app.target + " does not run: use start or release.");
    Before before;
    before.state = app.serving(**slot);
    before.plan = std::to_string(state.instances) + " instances, " +
                  std::to_string(call.arguments["at_once"].integer()) + " at a time";
    return before;
}

Awaitable<Outcome> act_restart(SimulatedApp& app, Loop& loop, Call& call) {
    app.settle();
    const auto slot = app.slot_of(call);
    if (!slot) co_return Outcome::failed(slot.error());
    app.restart(**slot, static_cast<std::size_t>(call.arguments["at_once"].integer()));
    const std::function<Result<Value>()> seen = [&app, &call]() -> Result<Value> {
        app.settle();
        const auto now = app.slot_of(call);
        if (!now) return now.error();
        const bool over = is_settled((*now)->state, app.sights(**now));
        return over ? Value(true) : Value();
    };
    auto waiting = wait_for_value(loop, call.deadline_s, call.cancel, seen);
    auto found = co_await waiting;
    const auto now = app.slot_of(call);
    if (found && !found->is_nil())
        co_return Outcome::done(app_change(app, **now, true), app.serving(**now));
    Outcome late = Outcome::failed(
        fail("timed_out",
             "The restart of " + app.target + " goes on without it; it was not done in time.",
             Retry::safe));
    late.left_some = true;
    co_return late;
}

// start and stop: the state "running" or "stopped" is what they ask for.
Result<Before> before_run(SimulatedApp& app, Call& call, bool running) {
    app.settle();
    const auto slot = app.slot_of(call);
    if (!slot) return slot.error();
    const TargetState& state = (*slot)->state;
    if (running && state.wanted.empty())
        return fail("nothing_released", "The target " + app.target +
                                            " has no release that could be started: release a "
                                            "version first.");
    Before before;
    before.sign = running ? '+' : '-';
    before.state = app.serving(**slot);
    before.already_so = state.running == running;
    if (before.already_so) before.result = app_change(app, **slot, false);
    before.plan = call.operation + " " + std::to_string(state.instances) + " instances";
    return before;
}

Outcome act_run(SimulatedApp& app, Call& call, bool running) {
    app.settle();
    const auto slot = app.slot_of(call);
    if (!slot) return Outcome::failed(slot.error());
    if (running)
        app.start(**slot);
    else
        app.stop(**slot);
    return Outcome::done(app_change(app, **slot, true), app.serving(**slot));
}

std::optional<Restore> restore_run(const Call& call, const Value& before, const Value& result) {
    // Only what was otherwise before: a stop of what was stopped already takes nothing back.
    const bool ran = before["running"].boolean();
    if (!result["changed"].boolean() || ran == (call.operation == "start")) return std::nullopt;
    return Restore{ran ? "start" : "stop", Value(Map()).set("slot", call.arguments["slot"])};
}

}  // namespace

void add_simulated_controls(Handlers& handlers, SimulatedApp& app, Loop& loop) {
    using BeforeCall = Result<Before> (*)(SimulatedApp&, Call&);
    using ActOn = Outcome (*)(SimulatedApp&, Call&, const Value&);
    const auto add = [&](const char* name, BeforeCall before, ActOn act, auto restore) {
        handlers[name] = change_at_once(
            [&app, before](Call& call) { return before(app, call); },
            [&app, act](Call& call, const Value& state) { return act(app, call, state); }, {},
            restore);
    };
    add("scale", before_scale, act_scale, restore_scale);
    add("resize", before_resize, act_resize, restore_resize);
    add("set_autoscaling", before_autoscaling, act_autoscaling,
        [](const Call&, const Value& before, const Value& result) {
            return restore_as("set_autoscaling", before, result);
        });
    for (const bool running : {true, false})
        handlers[running ? "start" : "stop"] = change_at_once(
            [&app, running](Call& call) { return before_run(app, call, running); },
            [&app, running](Call& call, const Value&) { return act_run(app, call, running); }, {},
            restore_run);
    Handler restart = change_at_once([&app](Call& call) { return before_restart(app, call); }, {});
    restart.act = [&app, &loop](Call& call, const Value&) { return act_restart(app, loop, call); };
    handlers["restart"] = std::move(restart);
}

}  // namespace perilune
