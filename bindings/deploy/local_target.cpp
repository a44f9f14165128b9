#include "bindings/deploy/local_target.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "bindings/deploy/health_probe.h"
#include "interpreter/base/kept.h"

namespace perilune {

namespace {

constexpr double probe_within_s = 2;

}  // namespace

std::vector<InstanceSight> see_instances(const LocalTarget& local, const TargetState& state) {
    std::vector<int> numbers;
    if (state.running)
        for (int number = 1; number <= state.instances; ++number) numbers.push_back(number);
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(local.root + "/run", code)) {
        const std::string name = entry.path().filename().string();
        int number = 0;
        std::from_chars(name.data(), name.data() + name.size(), number);
        const bool known = std::find(numbers.begin(), numbers.end(), number) != numbers.end();
        if (number > 0 && !known && kept_is_held(entry.path().string())) numbers.push_back(number);
    }
    std::vector<InstanceSight> seen;
    std::vector<int> ports;
    for (const int number : numbers) {
        const std::string folder = instance_path(local.root, number);
        InstanceSight sight{.number = number, .release_id = {}};
        sight.alive = kept_is_held(folder);
        const auto status = read_kept_status(folder);
        if (status && *status) {
            sight.release_id = (*status)->note["release_id"].text();
            sight.generation = static_cast<int>((*status)->note["generation"].integer());
            sight.started_at = (*status)->started_at;
        }
        seen.push_back(std::move(sight));
        ports.push_back(state.settings.port + number - 1);
    }
    const auto healthy =
        probe_ports(state.settings.host, ports, state.settings.health, probe_within_s);
    for (std::size_t i = 0; i < seen.size(); ++i) seen[i].healthy = seen[i].alive && healthy[i];
    return seen;
}

bool is_settled(const TargetState& state, const std::vector<InstanceSight>& instances) {
    int good = 0;
    for (const auto& instance : instances) {
        const bool wanted = state.running && instance.number <= state.instances;
        if (!wanted && instance.alive) return false;
        good += wanted && instance.healthy && instance.release_id == state.wanted &&
                        instance.generation == state.generation
                    ? 1
                    : 0;
    }
    return good == (state.running ? state.instances : 0);
}

Value app_value(const TargetState& state, const std::vector<InstanceSight>& instances) {
    // Where none is to run, all count that may still do something: who waits for 0 waits for them.
    const bool none = !state.running || state.instances == 0;
    int healthy = 0;
    for (const auto& instance : instances)
        healthy += (none ? instance.alive : instance.healthy) ? 1 : 0;
    const ReleaseRecord* current = state.release(state.current);
    const ReleaseRecord* wanted = state.release(state.wanted);
    Value app;
    if (none)
        app.set("state", healthy > 0 ? "degraded" : "stopped");
    else if (wanted && wanted->state == "pending")
        app.set("state", "deploying");
    else
        app.set("state", current && is_settled(state, instances) ? "serving" : "degraded");
    if (current) app.set("version", current->version).set("release_id", current->id);
    app.set("instances", state.running ? state.instances : 0).set("instances_healthy", healthy);
    app.set("maintenance", state.maintenance);
    if (state.since_at > 0) app.set("since_at", state.since_at);
    return app;
}

Value release_value(const LocalTarget& local, const ReleaseRecord& release) {
    Value value;
    value.set("release_id", release.id).set("version", release.version);
    value.set("state", release.state).set("created_at", release.created_at);
    value.set("can_roll_back", can_serve_again(local.root, release));
    if (!release.previous.empty()) value.set("previous_release_id", release.previous);
    if (!release.message.empty()) value.set("message", release.message);
    if (!release.reason.empty()) value.set("reason", release.reason);
    return value;
}

std::string place_of(const LocalTarget& local) {
    const auto name = read_file("/proc/sys/kernel/hostname", 256);
    return (name ? name->substr(0, name->find('\n')) : std::string()) + ":" + local.root;
}

Value serving_state(const LocalTarget& local, const TargetState& state) {
    Value value;
    value.set("place", place_of(local)).set("release_id", state.wanted);
    return value.set("running", state.running);
}

const ReleaseRecord* rollback_target(const TargetState& state) {
    // A release on its way is taken back by what still serves.
    if (state.wanted != state.current) return state.release(state.current);
    return state.previous_of(state.current);
}

Status refuse_slot(const LocalTarget& local, const Call& call) {
    if (!call.arguments.has("slot")) return Done{};
    return fail("no_slots", "The target " + local.target + " has no slots: leave `slot` out.");
}

Outcome outcome_of(Error error) {
    if (error.retry == Retry::safe) return Outcome::not_sent(std::move(error));
    if (error.retry == Retry::unknown) return Outcome::unknown(std::move(error));
    return Outcome::failed(std::move(error));
}

}  // namespace perilune
