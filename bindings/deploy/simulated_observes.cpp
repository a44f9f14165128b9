// What the simulated driver tells without waiting.
#include <algorithm>

#include "bindings/deploy/simulated_deploy.h"

namespace perilune {

namespace {

Result<Value> releases(const SimulatedApp& app, const SimulatedSlot& slot, const Call& call) {
    const auto limit = static_cast<std::size_t>(call.arguments["limit"].integer());
    List list;
    for (auto at = slot.state.releases.rbegin(); at != slot.state.releases.rend(); ++at)
        if (list.size() < limit) list.push_back(app.release(slot, *at));
    return Value(std::move(list));
}

Result<Value> previous_release(const SimulatedApp& app, const SimulatedSlot& slot, const Call&) {
    const ReleaseRecord* found = rollback_target(slot.state);
    return found ? app.release(slot, *found) : Value();
}

Result<Value> endpoint(const SimulatedApp& app, const SimulatedSlot& slot, const Call&) {
    return Value(slot.name.empty() ? app.endpoint : slot.name + "." + app.endpoint);
}

Result<Value> artifact(SimulatedApp& app, const Call& call) {
    const std::string& version = call.arguments["version"].text();
    const auto found = app.artifacts.find(version);
    if (found == app.artifacts.end()) return Value();
    Value value;
    value.set("version", version).set("digest", found->second.digest);
    value.set("size_bytes", found->second.size_bytes);
    return value.set("built_at", found->second.built_at);
}

Result<Value> get_env(SimulatedApp& app, const Call& call) {
    const List& names = call.arguments["names"].list();
    Value found;
    found.as_map();
    for (const auto& [name, variable] : app.variables) {
        const bool asked = std::find(names.begin(), names.end(), Value(name)) != names.end();
        if (call.arguments.has("names") && !asked) continue;
        const bool secret = !variable.secret.is_nil();
        found.set(name, secret ? Value().set("digest", variable.digest)
                               : Value().set("value", variable.value));
    }
    return found;
}

Result<Value> traffic(SimulatedApp& app, const Call&) {
    app.settle();
    Value shares;
    shares.as_map();
    for (const auto& slot : app.slots)
        if (app.has_slots())
            shares.set(slot.name, slot.percent);
        else if (!slot.state.current.empty())
            shares.set(slot.state.current, 100);
    return shares;
}

Result<Value> logs(SimulatedApp& app, const Call& call) {
    app.settle();
    const auto slot = call.arguments.has("slot") ? app.slot_of(call) : &app.slots.front();
    if (!slot) return slot.error();
    const double to = call.arguments.has("to") ? call.arguments["to"].number() : wall_now_s();
    std::vector<SimulatedLine> lines = app.lines;
    std::stable_sort(lines.begin(), lines.end(),
                     [](const auto& one, const auto& other) { return one.at < other.at; });
    List shown;
    for (const auto& line : lines) {
        const bool asked = line.at >= call.arguments["since"].number() && line.at <= to &&
                           line.text.find(call.arguments["contains"].text()) != std::string::npos;
        if (!asked || (call.arguments.has("slot") && line.slot != (*slot)->name)) continue;
        Value one;
        one.set("at", line.at).set("text", line.text).set("source", line.source);
        shown.push_back(std::move(one));
    }
    const auto most = static_cast<std::size_t>(call.arguments["lines_max"].integer());
    const bool truncated = shown.size() > most;
    if (truncated) shown.erase(shown.begin(), shown.end() - static_cast<std::ptrdiff_t>(most));
    Value log;
    return log.set("lines", std::move(shown)).set("truncated", truncated);
}

}  // namespace

void add_simulated_observes(Handlers& handlers, SimulatedApp& app) {
    using OfSlot = Result<Value> (*)(const SimulatedApp&, const SimulatedSlot&, const Call&);
    const auto of_slot = [&](const char* name, OfSlot look) {
        handlers[name] = observe_at_once([&app, look](Call& call) -> Result<Value> {
            app.settle();
            const auto slot = app.slot_of(call);
            if (!slot) return slot.error();
            return look(app, **slot, call);
        });
    };
    of_slot("status", [](const SimulatedApp& seen, const SimulatedSlot& slot, const Call&) {
        return Result<Value>(seen.app(slot));
    });
    of_slot("releases", releases);
    of_slot("previous_release", previous_release);
    of_slot("endpoint", endpoint);
    using OfApp = Result<Value> (*)(SimulatedApp&, const Call&);
    const auto of_app = [&](const char* name, OfApp look) {
        handlers[name] = observe_at_once([&app, look](Call& call) { return look(app, call); });
    };
    of_app("artifact", artifact);
    of_app("get_env", get_env);
    of_app("traffic", traffic);
    of_app("logs", logs);
}

}  // namespace perilune
