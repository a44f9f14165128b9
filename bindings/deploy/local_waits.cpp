// Waits of the local driver: a release that serves, instances that stay healthy.
#include <algorithm>

#include "bindings/deploy/local_target.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr double first_pause_s = 0.05;
constexpr double longest_pause_s = 0.5;

// A release by its id, or else the newest one of a version.
struct Named {
    std::string release_id;
    std::string version;
};

const ReleaseRecord* find_release(const TargetState& state, const Named& named) {
    if (!named.release_id.empty()) return state.release(named.release_id);
    const ReleaseRecord* newest = nullptr;
    for (const auto& release : state.releases)
        if (release.version == named.version) newest = &release;
    return newest;
}

Error wrong_version(const LocalTarget& local, const TargetState& state,
                    const ReleaseRecord& release) {
    const ReleaseRecord* current = state.release(state.current);
    Error error =
        fail("wrong_version",
             "The release " + release.id + " (" + release.version + ") of " + local.target +
                 " does not serve: it is " + release.state + ". " + release.reason +
                 (release.reason.empty() ? "" : " ") +
                 (current ? "The target settled on " + current->id + " (" + current->version + ")."
                          : "No other release served before it.") +
                 " See the target's logs.");
    error.detail = release_value(local, release);
    return error;
}

// The release once it serves; nil while that may still come.
Result<Value> look_for_serving(const LocalTarget& local, const Named& named) {
    const auto state = load_state(local.root);
    if (!state) return state.error();
    const ReleaseRecord* release = find_release(*state, named);
    if (!release)
        return fail("not_found", "The target " + local.target + " knows no release " +
                                     named.release_id + named.version + ".");
    if (release->state == "serving" && state->wanted == release->id)
        return release_value(local, *release);
    if (release->state != "pending") {
        // Going back to what served before is part of settling.
        const ReleaseRecord* wanted = state->release(state->wanted);
        if (!wanted || wanted->state != "pending") return wrong_version(local, *state, *release);
    }
    return Value();
}

Awaitable<Result<Value>> wait_for(SharedTarget local, Call& call, Named named, double within_s) {
    const double until_s = std::min(call.deadline_s, boot_now_s() + within_s);
    const Work<Result<Value>> looking = [&] { return look_for_serving(*local, named); };
    for (double pause_s = first_pause_s;; pause_s = std::min(pause_s * 1.5, longest_pause_s)) {
        co_await wake(local, call);
        auto seen = co_await off_loop(local->loop, looking);
        if (!seen || !seen->is_nil()) co_return seen;
        const double now_s = boot_now_s();
        if (now_s >= until_s || call.cancel->asked())
            co_return fail("timed_out",
                           "The release " + named.release_id + named.version + " of " +
                               local->target + " did not serve within " + show_duration(within_s) +
                               ".",
                           Retry::safe);
        co_await wait_until(local->loop, std::min(now_s + pause_s, until_s));
    }
}

Awaitable<Result<Value>> wait_serving(SharedTarget local, Call& call) {
    if (const auto good = refuse_slot(*local, call); !good) co_return good.error();
    Named named = {.release_id = call.arguments["release_id"].text(),
                   .version = call.arguments["version"].text()};
    co_return co_await wait_for(local, call, std::move(named), call.arguments["within"].number());
}

struct Seen {
    Value app;
    int healthy = 0;
    int wanted = 0;
    double starts = 0;  // Changes when an instance was started anew between two looks.
    std::optional<Error> error = {};
};

Seen look_at_health(const LocalTarget& local, const Call& call) {
    Seen seen;
    const auto state = load_state(local.root);
    if (!state) {
        seen.error = state.error();
        return seen;
    }
    const auto instances = see_instances(local, *state);
    seen.app = app_value(*state, instances);
    for (const auto& instance : instances) {
        seen.healthy += instance.healthy ? 1 : 0;
        seen.starts += instance.healthy ? instance.started_at : 0;
    }
    seen.wanted = call.arguments.has("instances")
                      ? static_cast<int>(call.arguments["instances"].integer())
                      : state->instances;
    // A target that is stopped, or that has released nothing, is not healthy.
    if (!state->running || state->wanted.empty()) seen.wanted = std::max(seen.wanted, 1);
    return seen;
}

Awaitable<Result<Value>> wait_healthy(SharedTarget local, Call& call) {
    if (const auto good = refuse_slot(*local, call); !good) co_return good.error();
    const double within_s = call.arguments["within"].number();
    const double healthy_for_s = call.arguments["healthy_for"].number();
    const double until_s = std::min(call.deadline_s, boot_now_s() + within_s);
    const Work<Seen> looking = [&] { return look_at_health(*local, call); };
    double since_s = -1;
    double starts = 0;
    for (double pause_s = first_pause_s;; pause_s = std::min(pause_s * 1.5, longest_pause_s)) {
        co_await wake(local, call);
        const Seen seen = co_await off_loop(local->loop, looking);
        if (seen.error) co_return *seen.error;
        const double now_s = boot_now_s();
        const bool good = seen.healthy >= seen.wanted;
        if (!good || seen.starts != starts) since_s = good ? now_s : -1;
        starts = seen.starts;
        if (good && now_s - since_s >= healthy_for_s) co_return seen.app;
        if (now_s >= until_s || call.cancel->asked()) {
            Error error =
                fail("timed_out",
                     "Of the " + std::to_string(seen.wanted) + " instances of " + local->target +
                         " that are to be healthy for " + show_duration(healthy_for_s) + ", " +
                         std::to_string(seen.healthy) + " are healthy after " +
                         show_duration(within_s) + ".",
                     Retry::safe);
            error.detail = seen.app;
            co_return error;
        }
        double next_s = std::min(now_s + pause_s, until_s);
        if (since_s >= 0) next_s = std::min(next_s, since_s + healthy_for_s);
        co_await wait_until(local->loop, next_s);
    }
}

}  // namespace

Awaitable<Result<Value>> await_serving(SharedTarget local, Call& call, std::string release_id,
                                       double within_s) {
    Named named = {.release_id = std::move(release_id), .version = ""};
    co_return co_await wait_for(local, call, std::move(named), within_s);
}

void add_waits(Handlers& handlers, SharedTarget local) {
    Handler serving;
    serving.observe = [local](Call& call) { return wait_serving(local, call); };
    handlers.emplace("wait_serving", std::move(serving));
    Handler healthy;
    healthy.observe = [local](Call& call) { return wait_healthy(local, call); };
    handlers.emplace("wait_healthy", std::move(healthy));
}

}  // namespace perilune
