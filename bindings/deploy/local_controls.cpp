// scale, restart, start and stop of the local driver.
#include <algorithm>

#include "bindings/deploy/local_target.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr int instances_max = 256;

// A change that is one request; what it gives is made from the state before and after.
struct Control {
    std::function<Result<Before>(const LocalTarget&, const Call&, const TargetState&)> before;
    std::function<Value(const Call&)> request;
    // Whether the change is carried out, where the answer alone does not say so.
    std::function<bool(const LocalTarget&, const TargetState&)> is_done = {};
    std::function<Outcome(const LocalTarget&, const Call&, const TargetState&, const Value&)>
        outcome;
};
using SharedControl = std::shared_ptr<const Control>;

Result<Before> before_control(const LocalTarget& local, const Control& control, Call& call) {
    if (const auto good = refuse_slot(local, call); !good) return good.error();
    const auto state = load_state(local.root);
    if (!state) return state.error();
    return control.before(local, call, *state);
}

Awaitable<bool> wait_done(SharedTarget local, SharedControl control, Call& call) {
    const Work<bool> looking = [&] {
        const auto state = load_state(local->root);
        return state && control->is_done(*local, *state);
    };
    for (double pause_s = 0.05;; pause_s = std::min(pause_s * 1.5, 0.5)) {
        const bool done = co_await off_loop(local->loop, looking);
        if (done) co_return true;
        if (boot_now_s() >= call.deadline_s || call.cancel->asked()) co_return false;
        co_await wake(local, call);
        co_await wait_until(local->loop, std::min(boot_now_s() + pause_s, call.deadline_s));
    }
}

Awaitable<Outcome> act_control(SharedTarget local, SharedControl control, Call& call,
                               Value before) {
    const auto answer = co_await ask(local, control->request(call), call);
    if (!answer) co_return outcome_of(answer.error());
    if (control->is_done) {
        const bool done = co_await wait_done(local, control, call);
        if (!done) {
            Outcome late = Outcome::failed(fail("timed_out",
                                                "The supervisor of " + local->target +
                                                    " took the " + call.operation +
                                                    " and goes on with it; it was not done in "
                                                    "time.",
                                                Retry::safe));
            late.left_some = true;
            co_return late;
        }
    }
    const Work<Outcome> reading = [&]() -> Outcome {
        const auto state = load_state(local->root);
        if (!state) return Outcome::unknown(state.error());
        return control->outcome(*local, call, *state, before);
    };
    co_return co_await off_loop(local->loop, reading);
}

Handler make_handler(
    SharedTarget local, Control made,
    std::function<std::optional<Restore>(const Call&, const Value&, const Value&)> restore = {}) {
    const auto control = std::make_shared<const Control>(std::move(made));
    Handler handler = change_blocking(
        local->loop,
        [local, control](Call& call) { return before_control(*local, *control, call); }, {}, {},
        std::move(restore));
    handler.act = [local, control](Call& call, const Value& before) {
        return act_control(local, control, call, before);
    };
    return handler;
}

Value app_change(const LocalTarget& local, const TargetState& state, bool changed) {
    return app_value(state, see_instances(local, state)).set("changed", changed);
}

Control scale_control() {
    Control control;
    control.before = [](const LocalTarget& local, const Call& call,
                        const TargetState& state) -> Result<Before> {
        const auto wanted = call.arguments["instances"].integer();
        if (wanted > instances_max || local.settings.port + wanted > 65536)
            return fail("bad_argument", "The target " + local.target + " can have at most " +
                                            std::to_string(instances_max) +
                                            " instances, each on "
                                            "a port of its own from " +
                                            std::to_string(local.settings.port) + " on.");
        Before before;
        before.state.set("instances", state.instances);
        before.already_so = state.instances == wanted;
        before.plan = std::to_string(state.instances) + " → " + std::to_string(wanted);
        before.result.set("changed", false).set("instances_before", state.instances);
        before.result.set("instances", state.instances);
        return before;
    };
    control.request = [](const Call& call) {
        return Value().set("do", "scale").set("instances", call.arguments["instances"]);
    };
    control.outcome = [](const LocalTarget&, const Call& call, const TargetState&,
                         const Value& before) {
        Value value;
        value.set("changed", true).set("instances_before", before["instances"]);
        value.set("instances", call.arguments["instances"]);
        return Outcome::done(value, Value().set("instances", call.arguments["instances"]));
    };
    return control;
}

std::optional<Restore> restore_scale(const Call&, const Value& before, const Value& result) {
    if (!result["changed"].boolean()) return std::nullopt;
    return Restore{"scale", Value().set("instances", before["instances"])};
}

// start and stop: the state "running" or "stopped" is what they ask for.
Control run_control(bool running) {
    Control control;
    control.before = [running](const LocalTarget& local, const Call&,
                               const TargetState& state) -> Result<Before> {
        if (running && state.wanted.empty())
            return fail("nothing_released", "The target " + local.target +
                                                " has no release that could be started: release "
                                                "a version first.");
        Before before;
        before.sign = running ? '+' : '-';
        before.state = serving_state(local, state);
        before.already_so =
            state.running == running && (running || is_settled(state, see_instances(local, state)));
        if (before.already_so) before.result = app_change(local, state, false);
        before.plan = std::string(running ? "start" : "stop") + " " +
                      std::to_string(state.instances) + " instances";
        return before;
    };
    control.request = [running](const Call&) {
        return Value().set("do", "run").set("state", running ? "running" : "stopped");
    };
    if (!running)
        control.is_done = [](const LocalTarget& local, const TargetState& state) {
            return is_settled(state, see_instances(local, state));
        };
    control.outcome = [](const LocalTarget& local, const Call&, const TargetState& state,
                         const Value&) {
        return Outcome::done(app_change(local, state, true), serving_state(local, state));
    };
    return control;
}

std::optional<Restore> restore_run(const Call& call, const Value& before, const Value& result) {
    // Only what was otherwise before: a stop of what was stopped already takes nothing back.
    const bool ran = before["running"].boolean();
    if (!result["changed"].boolean() || ran == (call.operation == "start")) return std::nullopt;
    return Restore{ran ? "start" : "stop", Value(Map())};
}

Control restart_control() {
    Control control;
    control.before = [](const LocalTarget& local, const Call& call,
                        const TargetState& state) -> Result<Before> {
        if (!state.running || state.wanted.empty())
            return fail("not_running",
                        "The target " + local.target + " does not run: use start or release.");
        Before before;
        before.state = serving_state(local, state);
        before.plan = std::to_string(state.instances) + " instances, " +
                      std::to_string(call.arguments["at_once"].integer()) + " at a time";
        return before;
    };
    control.request = [](const Call& call) {
        return Value().set("do", "restart").set("at_once", call.arguments["at_once"]);
    };
    control.is_done = [](const LocalTarget& local, const TargetState& state) {
        return is_settled(state, see_instances(local, state));
    };
    control.outcome = [](const LocalTarget& local, const Call&, const TargetState& state,
                         const Value&) {
        return Outcome::done(app_change(local, state, true), serving_state(local, state));
    };
    return control;
}

}  // namespace

void add_controls(Handlers& handlers, SharedTarget local) {
    handlers.emplace("scale", make_handler(local, scale_control(), restore_scale));
    handlers.emplace("start", make_handler(local, run_control(true), restore_run));
    handlers.emplace("stop", make_handler(local, run_control(false), restore_run));
    handlers.emplace("restart", make_handler(local, restart_control()));
}

}  // namespace perilune
