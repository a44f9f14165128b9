// Variables, the maintenance mode, traffic and network rules of the simulated driver.
#include "bindings/deploy/simulated_deploy.h"

namespace perilune {

namespace {

// The release that serves where clients are, and its slot.
SimulatedMove serving_release(SimulatedApp& app) {
    SimulatedSlot* most = &app.slots.front();
    for (auto& slot : app.slots)
        if (slot.percent > most->percent) most = &slot;
    return {most, most->state.release(most->state.wanted)};
}

Result<Before> before_env(SimulatedApp& app, Call& call) {
    app.settle();
    const auto wanted = read_wanted(call);
    if (!wanted) return wanted.error();
    Before before;
    before.state = state_of(app.variables, *wanted);
    const Value after = state_of(wanted->set, *wanted);
    before.already_so = before.state == after;
    const SimulatedMove serving = serving_release(app);
    if (call.arguments["apply"].text() == "now" && serving.release)
        before.already_so =
            before.already_so && state_of(app.environments[serving.release->id], *wanted) == after;
    before.result = env_value(*wanted, false);
    for (const auto& name : wanted->names) before.plan += (before.plan.empty() ? "" : ", ") + name;
    return before;
}

// With apply = "now" the serving version is released once more, with them.
std::string release_with_them(SimulatedApp& app, const Call& call) {
    if (const SimulatedMove earlier = find_move(app, call); earlier.release)
        return earlier.release->id;
    const SimulatedMove serving = serving_release(app);
    if (!serving.release || !serving.slot->state.running) return "";
    ReleaseRecord made;
    made.version = serving.release->version;
    made.previous = serving.slot->state.current;
    made.key = call.key;
    made.created_at = wall_now_s();
    ReleaseRecord& release = app.add_release(*serving.slot, std::move(made), app.variables);
    app.want(*serving.slot, release, call.key, false);
    return release.id;
}

Outcome act_env(SimulatedApp& app, Call& call) {
    app.settle();
    const auto wanted = read_wanted(call);
    if (!wanted) return Outcome::failed(wanted.error());
    for (const auto& name : wanted->names) app.variables.erase(name);
    for (const auto& [name, variable] : wanted->set) app.variables.emplace(name, variable);
    Value value = env_value(*wanted, true);
    if (call.arguments["apply"].text() == "now")
        if (const std::string id = release_with_them(app, call); !id.empty())
            value.set("release_id", id);
    return Outcome::done(std::move(value), state_of(wanted->set, *wanted));
}

Result<Before> before_maintenance(SimulatedApp& app, Call& call) {
    Before before;
    before.state = maintenance_state(app.maintenance);
    before.already_so = before.state == wanted_maintenance(call);
    before.plan = before.state["state"].text() + " → " + call.arguments["state"].text();
    before.result = maintenance_value(before.state, before.state, false);
    return before;
}

Outcome act_maintenance(SimulatedApp& app, Call& call, const Value& before) {
    app.maintenance.maintenance = call.arguments["state"].text() == "on";
    app.maintenance.maintenance_message = call.arguments["message"].text();
    const Value after = maintenance_state(app.maintenance);
    return Outcome::done(maintenance_value(before, after, true), after);
}

Value shares(const SimulatedApp& app) {
    Value value;
    value.as_map();
    for (const auto& slot : app.slots) value.set(slot.name, slot.percent);
    return value;
}

Result<Before> before_traffic(SimulatedApp& app, Call& call) {
    if (!app.has_slots())
        return fail("no_slots",
                    "The target " + app.target + " has no slots to share requests out to.");
    const Value& weights = call.arguments["weights"];
    for (const auto& [name, percent] : weights.map())
        if (const auto slot = app.slot_named(name); !slot)
            return fail("not_found", "The target " + app.target + " has no slot " + name + ".");
    Before before;
    before.state = shares(app);
    before.already_so = true;
    for (const auto& slot : app.slots)
        before.already_so = before.already_so && slot.percent == weights[slot.name].number();
    before.result.set("changed", false).set("before", before.state).set("after", before.state);
    return before;
}

Outcome act_traffic(SimulatedApp& app, Call& call, const Value& before) {
    for (auto& slot : app.slots) {
        const double percent = call.arguments["weights"][slot.name].number();
        if (slot.percent > 0 && percent == 0) {
            slot.drained_from = slot.percent;
            slot.shifted_at = wall_now_s();
        }
        slot.percent = percent;
    }
    const Value after = shares(app);
    Value value;
    value.set("changed", true).set("before", before).set("after", after);
    return Outcome::done(std::move(value), after);
}

std::optional<Restore> restore_traffic(const Call&, const Value& before, const Value& result) {
    if (!result["changed"].boolean()) return std::nullopt;
    return Restore{"shift_traffic", Value().set("weights", before)};
}

// isolate and readmit: whom the rules are to let through.
List wanted_rules(const Call& call) {
    return call.operation == "readmit" ? everybody() : call.arguments["except"].list();
}

Value rules_value(const Value& before, const List& after) {
    Value value;
    value.set("changed", before != Value(after)).set("rules_before", before);
    return value.set("rules", after);
}

Result<Before> before_rules(SimulatedApp& app, Call& call) {
    Before before;
    before.state.set("rules", app.rules);
    before.already_so = app.rules == wanted_rules(call);
    before.result = rules_value(app.rules, app.rules);
    return before;
}

Outcome act_rules(SimulatedApp& app, Call& call, const Value& before) {
    app.rules = wanted_rules(call);
    return Outcome::done(rules_value(before["rules"], app.rules), Value().set("rules", app.rules));
}

std::optional<Restore> restore_rules(const Call&, const Value& before, const Value& result) {
    if (!result["changed"].boolean()) return std::nullopt;
    const bool open = before["rules"] == Value(everybody());
    if (open) return Restore{"readmit", Value(Map())};
    return Restore{"isolate", Value().set("except", before["rules"])};
}

}  // namespace

void add_simulated_environment(Handlers& handlers, SimulatedApp& app) {
    Handler env = change_at_once([&app](Call& call) { return before_env(app, call); },
                                 [&app](Call& call, const Value&) { return act_env(app, call); },
                                 {}, restore_env);
    handlers["set_env"] = env;
    handlers["unset_env"] = std::move(env);
    handlers["set_maintenance"] = change_at_once(
        [&app](Call& call) { return before_maintenance(app, call); },
        [&app](Call& call, const Value& before) { return act_maintenance(app, call, before); }, {},
        restore_maintenance);
}

void add_simulated_network(Handlers& handlers, SimulatedApp& app) {
    handlers["shift_traffic"] = change_at_once(
        [&app](Call& call) { return before_traffic(app, call); },
        [&app](Call& call, const Value& before) { return act_traffic(app, call, before); }, {},
        restore_traffic);
    Handler rules = change_at_once(
        [&app](Call& call) { return before_rules(app, call); },
        [&app](Call& call, const Value& before) { return act_rules(app, call, before); }, {},
        restore_rules);
    handlers["isolate"] = rules;
    handlers["readmit"] = std::move(rules);
}

}  // namespace perilune
