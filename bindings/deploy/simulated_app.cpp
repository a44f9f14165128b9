#include "bindings/deploy/simulated_app.h"

#include <algorithm>
#include <cmath>

#include "interpreter/base/digest.h"

namespace perilune {

namespace {

constexpr double most_lines = 10000;

std::vector<std::string> slot_names(const Value& setting) {
    std::vector<std::string> names;
    for (const auto& [name, place] : setting.map()) names.push_back(name);
    for (const auto& name : setting.list())
        if (name.is_text()) names.push_back(name.text());
    if (names.empty()) names.emplace_back();
    return names;
}

}  // namespace

List everybody() { return {Value("0.0.0.0/0"), Value("::/0")}; }

SimulatedApp::SimulatedApp(const Settings& settings) : target(settings.target) {
    const Value& values = settings.values;
    const auto slash = target.find('/');
    endpoint = values["endpoint"].is_text() ? values["endpoint"].text()
                                            : target.substr(slash + 1) + ".simulated.example";
    if (values["starts_within"].number() > 0) starts_within_s = values["starts_within"].number();
    healthy_after_s = std::min(healthy_after_s, starts_within_s / 2);
    const auto instances = values["instances"].integer();
    for (auto& name : slot_names(values["slots"])) {
        SimulatedSlot slot;
        slot.name = std::move(name);
        slot.state.instances = instances > 0 ? static_cast<int>(instances) : 1;
        slot.settled_at = wall_now_s();
        slots.push_back(std::move(slot));
    }
    slots.front().percent = 100;
    rules = everybody();
}

void SimulatedApp::settle() {
    const double now = wall_now_s();
    for (auto& slot : slots) {
        for (double event = next_event(slot); event <= now; event = next_event(slot))
            carry_out(slot, std::max(event, slot.settled_at));
        slot.settled_at = std::max(slot.settled_at, now);
    }
}

double SimulatedApp::healthy_at(const SimulatedSlot& slot,
                                const std::vector<SimulatedInstance>& instances) const {
    if (slot.down || slot.unhealthy) return never_s;
    double at = 0;
    for (const auto& instance : instances)
        at = std::max(at, instance.dead ? never_s : instance.healthy_at);
    return at;
}

// When the release on its way is healthy on every instance that it is to have.
double SimulatedApp::next_healthy_at(const SimulatedSlot& slot) const {
    if (static_cast<int>(slot.next.size()) < slot.state.instances) return never_s;
    return std::max(slot.next_since, healthy_at(slot, slot.next));
}

double SimulatedApp::next_event(const SimulatedSlot& slot) const {
    const TargetState& state = slot.state;
    if (!state.running) return never_s;
    const ReleaseRecord* wanted = state.release(state.wanted);
    if (wanted && wanted->state == "pending")
        return std::min(next_healthy_at(slot), slot.next_since + starts_within_s);
    if (slot.restarting == 0) return never_s;
    // Those that were started anew already.
    const auto anew = static_cast<std::ptrdiff_t>(slot.running.size() - slot.restarting);
    return healthy_at(slot, {slot.running.begin(), slot.running.begin() + anew});
}

void SimulatedApp::carry_out(SimulatedSlot& slot, double at) {
    const ReleaseRecord* wanted = slot.state.release(slot.state.wanted);
    if (!wanted || wanted->state != "pending")
        restart_some(slot, at);
    else if (next_healthy_at(slot) <= slot.next_since + starts_within_s)
        become_serving(slot, at);
    else
        give_up(slot, at);
}

void SimulatedApp::become_serving(SimulatedSlot& slot, double at) {
    TargetState& state = slot.state;
    if (ReleaseRecord* before = state.release(state.current);
        before && before->id != state.wanted && before->state == "serving")
        before->state = "superseded";
    ReleaseRecord* serving = state.release(state.wanted);
    if (slot.rolling_back && !slot.lands_on.empty() && serving->version != slot.lands_on) {
        // Stable, and on another revision than the one that was asked for.
        serving->state = "superseded";
        serving->reason = "The rollback ended on " + slot.lands_on + ".";
        ReleaseRecord* other = nullptr;
        for (auto& release : state.releases)
            if (release.version == slot.lands_on) other = &release;
        if (!other) {
            ReleaseRecord made;
            made.version = slot.lands_on;
            made.previous = state.current;
            made.created_at = at;
            other = &add_release(slot, std::move(made), variables);
        }
        serving = other;
        slot.lands_on.clear();
    }
    slot.rolling_back = false;
    serving->state = "serving";
    serving->served_at = at;
    state.wanted = state.current = serving->id;
    state.since_at = at;
    slot.running = std::move(slot.next);
    slot.next.clear();
    slot.restarting = 0;
    for (auto& instance : slot.running) instance.generation = state.generation;
    log(slot, at, "Release " + serving->id + " (" + serving->version + ") serves.");
}

void SimulatedApp::give_up(SimulatedSlot& slot, double at) {
    TargetState& state = slot.state;
    ReleaseRecord& failed = *state.release(state.wanted);
    failed.state = "failed";
    failed.reason = "Its instances did not become healthy in time.";
    state.wanted = state.current == failed.id ? std::string() : state.current;
    if (state.wanted.empty()) state.running = false;
    slot.next.clear();
    slot.rolling_back = false;
    log(slot, at, "Release " + failed.id + " (" + failed.version + ") is given up.");
}

void SimulatedApp::restart_some(SimulatedSlot& slot, double at) {
    const std::string version = version_of(slot, slot.state.current);
    const auto at_once = static_cast<std::size_t>(slot.state.at_once);
    for (std::size_t i = 0; i < at_once && slot.restarting > 0; ++i, --slot.restarting) {
        auto& instance = slot.running[slot.running.size() - slot.restarting];
        instance = make_instance(slot, version, at);
        instance.generation = slot.state.generation;
    }
}

SimulatedInstance SimulatedApp::make_instance(const SimulatedSlot& slot, const std::string& version,
                                              double at) const {
    SimulatedInstance made;
    made.started_at = at;
    const auto artifact = artifacts.find(version);
    const bool broken = artifact != artifacts.end() && artifact->second.broken;
    made.healthy_at = broken ? never_s : at + healthy_after_s;
    made.dead = slot.down;
    made.generation = slot.state.generation;
    return made;
}

std::string SimulatedApp::version_of(const SimulatedSlot& slot,
                                     const std::string& release_id) const {
    const ReleaseRecord* release = slot.state.release(release_id);
    return release ? release->version : "";
}

void SimulatedApp::fill(SimulatedSlot& slot, std::vector<SimulatedInstance>& instances,
                        const std::string& release_id, double at) {
    const auto most = static_cast<std::size_t>(std::min(slot.state.instances, capacity_));
    if (instances.size() > most) instances.resize(most);
    const std::string version = version_of(slot, release_id);
    while (instances.size() < most) {
        instances.push_back(make_instance(slot, version, at));
        log(slot, at, "Instance " + std::to_string(instances.size()) + " starts " + version + ".");
    }
    slot.restarting = std::min(slot.restarting, slot.running.size());
}

void SimulatedApp::want(SimulatedSlot& slot, ReleaseRecord& release, const std::string& key,
                        bool back) {
    TargetState& state = slot.state;
    if (ReleaseRecord* other = state.release(state.wanted);
        other && other->id != release.id && other->state == "pending")
        other->state = "cancelled";
    release.activated_by = key;
    release.reason.clear();
    const bool serves = state.running && state.current == release.id;
    state.wanted = release.id;
    state.running = true;
    slot.next.clear();
    slot.rolling_back = back;
    // What serves still only loses what was on its way beside it.
    if (serves && release.state == "serving") return;
    release.state = "pending";
    slot.next_since = wall_now_s();
    fill(slot, slot.next, release.id, slot.next_since);
}

ReleaseRecord& SimulatedApp::add_release(SimulatedSlot& slot, ReleaseRecord release,
                                         Variables given) {
    release.id = "r" + std::to_string(++sequence_);
    const auto artifact = artifacts.find(release.version);
    if (artifact != artifacts.end()) release.digest = artifact->second.digest;
    environments[release.id] = std::move(given);
    slot.state.releases.push_back(std::move(release));
    return slot.state.releases.back();
}

void SimulatedApp::cancel(SimulatedSlot& slot, ReleaseRecord& release) {
    release.state = "cancelled";
    slot.next.clear();
    slot.rolling_back = false;
    slot.state.wanted = slot.state.current;
    if (slot.state.wanted.empty()) slot.state.running = false;
}

void SimulatedApp::log(const SimulatedSlot& slot, double at, std::string text, std::string source) {
    lines.push_back({at, std::move(text), std::move(source), slot.name});
    if (static_cast<double>(lines.size()) > most_lines) lines.erase(lines.begin());
}

}  // namespace perilune
