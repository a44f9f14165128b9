// What is done to the instances of a simulated application, and how they are seen.
#include <algorithm>
#include <cmath>

#include "bindings/deploy/simulated_app.h"
#include "interpreter/base/digest.h"

namespace perilune {

Result<SimulatedSlot*> SimulatedApp::slot_named(const std::string& name) {
    if (!has_slots() && !name.empty())
        return perilune::fail("no_slots",
                              "The target " + target + " has no slots: leave `slot` out.");
    std::string names;
    for (auto& slot : slots) {
        if (slot.name == name) return &slot;
        names += (names.empty() ? "" : ", ") + slot.name;
    }
    return perilune::fail("bad_argument", "The target " + target +
                                              " must be told which slot is meant: " + names + ".");
}

Result<SimulatedSlot*> SimulatedApp::slot_of(const Call& call) {
    return slot_named(call.arguments["slot"].text());
}

SimulatedSlot* SimulatedApp::slot_of_release(std::string_view release_id) {
    for (auto& slot : slots)
        if (slot.state.release(release_id)) return &slot;
    return nullptr;
}

void SimulatedApp::serve_at_once(SimulatedSlot& slot, const std::string& version) {
    ReleaseRecord made;
    made.version = version;
    made.previous = slot.state.current;
    made.created_at = wall_now_s();
    const std::string id = add_release(slot, std::move(made), variables).id;
    want(slot, *slot.state.release(id), "", false);
    for (auto& instance : slot.next) instance.healthy_at = wall_now_s();
    become_serving(slot, wall_now_s());
}

void SimulatedApp::start(SimulatedSlot& slot) {
    TargetState& state = slot.state;
    state.running = true;
    state.since_at = wall_now_s();
    if (!state.current.empty()) fill(slot, slot.running, state.current, wall_now_s());
    if (state.wanted == state.current) return;
    slot.next_since = wall_now_s();
    fill(slot, slot.next, state.wanted, slot.next_since);
}

void SimulatedApp::stop(SimulatedSlot& slot) {
    slot.running.clear();
    slot.next.clear();
    slot.restarting = 0;
    slot.state.running = false;
    slot.state.since_at = wall_now_s();
    log(slot, wall_now_s(), "Every instance is stopped.");
}

void SimulatedApp::restart(SimulatedSlot& slot, std::size_t at_once) {
    ++slot.state.generation;
    slot.state.at_once = static_cast<int>(std::max<std::size_t>(at_once, 1));
    slot.restarting = slot.running.size();
    restart_some(slot, wall_now_s());
}

void SimulatedApp::scale(SimulatedSlot& slot, int instances) {
    slot.state.instances = instances;
    if (!slot.state.running) return;
    if (!slot.state.current.empty()) fill(slot, slot.running, slot.state.current, wall_now_s());
    if (slot.state.wanted != slot.state.current)
        fill(slot, slot.next, slot.state.wanted, wall_now_s());
}

void SimulatedApp::set_capacity(int instances) {
    capacity_ = instances < 0 ? std::numeric_limits<int>::max() : instances;
    for (auto& slot : slots) scale(slot, slot.state.instances);
}

void SimulatedApp::fail(SimulatedSlot& slot, int instances) {
    slot.down = slot.down || instances < 0;
    int left = instances < 0 ? std::numeric_limits<int>::max() : instances;
    for (auto& instance : slot.running)
        if (!instance.dead && left-- > 0) instance.dead = true;
    if (instances >= 0) return;
    for (auto& instance : slot.next) instance.dead = true;
}

void SimulatedApp::recover(SimulatedSlot& slot) {
    slot.down = false;
    const auto revive = [&](std::vector<SimulatedInstance>& instances, const std::string& id) {
        for (auto& instance : instances)
            if (instance.dead) instance = make_instance(slot, version_of(slot, id), wall_now_s());
    };
    revive(slot.running, slot.state.current);
    revive(slot.next, slot.state.wanted);
}

std::vector<InstanceSight> SimulatedApp::sights(const SimulatedSlot& slot) const {
    std::vector<InstanceSight> seen;
    for (const auto& instance : slot.running) {
        InstanceSight sight{.number = static_cast<int>(seen.size()) + 1,
                            .release_id = slot.state.current};
        sight.alive = !instance.dead;
        sight.healthy = sight.alive && !slot.unhealthy && instance.healthy_at <= slot.settled_at;
        sight.generation = instance.generation;
        sight.started_at = instance.started_at;
        seen.push_back(std::move(sight));
    }
    return seen;
}

Value SimulatedApp::app(const SimulatedSlot& slot) const {
    TargetState state = slot.state;
    state.maintenance = maintenance.maintenance;
    return app_value(state, sights(slot));
}

Value SimulatedApp::release(const SimulatedSlot& slot, const ReleaseRecord& release) const {
    Value value;
    value.set("release_id", release.id).set("version", release.version);
    value.set("state", release.state).set("created_at", release.created_at);
    value.set("can_roll_back", release.served_at > 0);
    if (has_slots()) value.set("slot", slot.name);
    if (!release.previous.empty()) value.set("previous_release_id", release.previous);
    if (!release.message.empty()) value.set("message", release.message);
    if (!release.reason.empty()) value.set("reason", release.reason);
    return value;
}

Value SimulatedApp::serving(const SimulatedSlot& slot) const {
    Value value;
    value.set("release_id", slot.state.wanted).set("running", slot.state.running);
    if (has_slots()) value.set("slot", slot.name);
    return value;
}

double SimulatedApp::connections(const SimulatedSlot& slot) const {
    if (slot.percent > 0) return slot.percent;
    if (drains_within_s <= 0) return 0;
    const double left = 1 - (wall_now_s() - slot.shifted_at) / drains_within_s;
    return std::ceil(slot.drained_from * std::max(0.0, left));
}

const SimulatedSlot& SimulatedApp::slot_at(double chance) const {
    double sum = 0;
    for (const auto& slot : slots) {
        sum += slot.percent;
        if (chance * 100 < sum) return slot;
    }
    return slots.front();
}

}  // namespace perilune
