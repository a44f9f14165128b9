// Waits of the simulated driver: a release that serves, instances that stay healthy, a slot without
// connections.
#include <algorithm>

#include "bindings/deploy/simulated_deploy.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

// A release by its id, or else the newest one of a version.
const ReleaseRecord* find_release(const SimulatedSlot& slot, const Value& named) {
    if (named.has("release_id")) return slot.state.release(named["release_id"].text());
    const ReleaseRecord* newest = nullptr;
    for (const auto& release : slot.state.releases)
        if (release.version == named["version"].text()) newest = &release;
    return newest;
}

Error wrong_version(const SimulatedApp& app, const SimulatedSlot& slot,
                    const ReleaseRecord& release) {
    const ReleaseRecord* current = slot.state.release(slot.state.current);
    Error error =
        fail("wrong_version",
             "The release " + release.id + " (" + release.version + ") of " + app.target +
                 " does not serve: it is " + release.state + ". " + release.reason +
                 (release.reason.empty() ? "" : " ") +
                 (current ? "The target settled on " + current->id + " (" + current->version + ")."
                          : "No other release served before it."));
    error.detail = app.release(slot, release);
    return error;
}

// The release once it serves; nil while that may still come.
Result<Value> look_for_serving(SimulatedApp& app, const Value& named) {
    app.settle();
    const auto slot = app.slot_named(named["slot"].text());
    if (!slot) return slot.error();
    const TargetState& state = (*slot)->state;
    const ReleaseRecord* release = find_release(**slot, named);
    if (!release)
        return fail("not_found", "The target " + app.target + " knows no release " +
                                     named["release_id"].text() + named["version"].text() + ".");
    if (release->state == "serving" && state.wanted == release->id)
        return app.release(**slot, *release);
    const ReleaseRecord* wanted = state.release(state.wanted);
    if (release->state != "pending" && (!wanted || wanted->state != "pending"))
        return wrong_version(app, **slot, *release);
    return Value();
}

Awaitable<Result<Value>> wait_serving(SimulatedApp& app, Loop& loop, Call& call) {
    return await_simulated_serving(app, loop, call, call.arguments,
                                   call.arguments["within"].number());
}

struct Health {
    double since_s = -1;
    double starts = 0;  // Changes when an instance was started anew between two looks.
};

// The App once it was healthy for long enough; nil while it was not.
Result<Value> look_at_health(SimulatedApp& app, const Call& call, Health& health) {
    app.settle();
    const auto slot = app.slot_of(call);
    if (!slot) return slot.error();
    const TargetState& state = (*slot)->state;
    double healthy = 0, starts = 0;
    for (const auto& instance : app.sights(**slot)) {
        healthy += instance.healthy ? 1 : 0;
        starts += instance.healthy ? instance.started_at : 0;
    }
    double wanted =
        call.arguments.has("instances") ? call.arguments["instances"].number() : state.instances;
    if (!state.running || state.wanted.empty()) wanted = std::max(wanted, 1.0);
    const bool good = healthy >= wanted;
    if (!good || starts != health.starts || health.since_s < 0)
        health.since_s = good ? boot_now_s() : -1;
    health.starts = starts;
    if (!good || boot_now_s() - health.since_s < call.arguments["healthy_for"].number())
        return Value();
    return app.app(**slot);
}

Awaitable<Result<Value>> wait_healthy(SimulatedApp& app, Loop& loop, Call& call) {
    const double within_s = call.arguments["within"].number();
    auto health = std::make_shared<Health>();
    const std::function<Result<Value>()> seen = [&app, &call, health] {
        return look_at_health(app, call, *health);
    };
    auto waiting =
        wait_for_value(loop, std::min(call.deadline_s, boot_now_s() + within_s), call.cancel, seen);
    auto found = co_await waiting;
    if (!found || !found->is_nil()) co_return found;
    const auto slot = app.slot_of(call);
    if (!slot) co_return slot.error();
    Error error = fail("timed_out",
                       "The instances of " + app.target + " were not healthy for " +
                           show_duration(call.arguments["healthy_for"].number()) + " within " +
                           show_duration(within_s) + ".",
                       Retry::safe);
    error.detail = app.app(**slot);
    co_return error;
}

Awaitable<Result<Value>> wait_drained(SimulatedApp& app, Loop& loop, Call& call) {
    const double began_s = boot_now_s();
    const double within_s = call.arguments["within"].number();
    const std::function<Result<Value>()> seen = [&app, &call, began_s]() -> Result<Value> {
        const auto slot = app.slot_of(call);
        if (!slot) return slot.error();
        if (app.connections(**slot) > 0) return Value();
        return Value().set("connections", 0).set("waited_s", boot_now_s() - began_s);
    };
    auto waiting =
        wait_for_value(loop, std::min(call.deadline_s, began_s + within_s), call.cancel, seen);
    auto found = co_await waiting;
    if (!found || !found->is_nil()) co_return found;
    co_return fail("timed_out",
                   "The slot " + call.arguments["slot"].text() + " of " + app.target +
                       " still has connections after " + show_duration(within_s) + ".",
                   Retry::safe);
}

}  // namespace

Awaitable<Result<Value>> await_simulated_serving(SimulatedApp& app, Loop& loop, Call& call,
                                                 Value named, double within_s) {
    const std::function<Result<Value>()> seen = [&app, named] {
        return look_for_serving(app, named);
    };
    auto waiting =
        wait_for_value(loop, std::min(call.deadline_s, boot_now_s() + within_s), call.cancel, seen);
    auto found = co_await waiting;
    if (!found || !found->is_nil()) co_return found;
    co_return fail("timed_out",
                   "The release " + named["release_id"].text() + named["version"].text() + " of " +
                       app.target + " did not serve within " + show_duration(within_s) + ".",
                   Retry::safe);
}

void add_simulated_waits(Handlers& handlers, SimulatedApp& app, Loop& loop) {
    using Wait = Awaitable<Result<Value>> (*)(SimulatedApp&, Loop&, Call&);
    const auto add = [&](const char* name, Wait wait) {
        handlers[name].observe = [&app, &loop, wait](Call& call) { return wait(app, loop, call); };
    };
    add("wait_serving", wait_serving);
    add("wait_healthy", wait_healthy);
    add("wait_drained", wait_drained);
}

}  // namespace perilune
