#include "bindings/notify/notify_lines.h"

#include "bindings/notify/notify_notice.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

std::string kind_of(const std::string& operation) {
    if (operation == "send") return "sent";
    if (operation == "open") return "opened";
    if (operation == "update") return "updated";
    if (operation == "resolve") return "resolved";
    if (operation == "acknowledge") return "acknowledged";
    if (operation == "set_component") return "component";
    return operation == "schedule_maintenance" ? "maintenance" : "maintenance_ended";
}

Value line_of(const Call& call) {
    const double now_s = wall_now_s();
    Value line{Map{}};
    for (const auto& [name, value] : call.arguments.map())
        if (name != "on_undelivered" && name != "timeout") line.set(name, value);
    return line.set("kind", kind_of(call.operation))
        .set("intent", call.key)
        .set("at", now_s)
        .set("time", show_time(now_s));
}

bool is_open(const NotifyState& state, const std::string& key) {
    const auto found = state.incidents.find(key);
    return found != state.incidents.end() && found->second.is_open();
}

std::string id_of(const NotifyState& state, const std::string& key) {
    const auto found = state.incidents.find(key);
    return found == state.incidents.end() ? "" : found->second.id;
}

std::string component_state(const NotifyState& state, const std::string& component) {
    const auto found = state.components.find(component);
    return found == state.components.end() ? "operational" : found->second;
}

Value maintenance_state(const NotifyState& state, const std::string& key) {
    const auto found = state.maintenance.find(key);
    return found == state.maintenance.end() ? Value() : found->second;
}

// What the operation would leave of the part of the state that it changes.
Value wanted_state(const Call& call) {
    const Value& arguments = call.arguments;
    if (call.operation == "set_component") return arguments["state"];
    Value window;
    if (call.operation == "schedule_maintenance")
        window.set("starts_at", arguments["starts_at"]).set("ends_at", arguments["ends_at"]);
    return window;
}

Value found_state(const Call& call, const NotifyState& state) {
    if (call.operation == "set_component")
        return component_state(state, call.arguments["component"].text());
    if (call.operation.ends_with("maintenance"))
        return maintenance_state(state, call.arguments["key"].text());
    return {};
}

bool keeps_state(const std::string& operation) {
    return operation == "set_component" || operation.ends_with("maintenance");
}

// True where the lines say already what the call would say.
bool said_already(const Call& call, const NotifyState& state) {
    const std::string& key = call.arguments["key"].text();
    if (call.operation == "open") return is_open(state, key);
    if (call.operation == "resolve") return !is_open(state, key);
    if (call.operation == "acknowledge") {
        const auto found = state.incidents.find(key);
        return found != state.incidents.end() && found->second.state == "acknowledged";
    }
    return keeps_state(call.operation) && found_state(call, state) == wanted_state(call);
}

Outcome finish(const Call& call, const Value& before, bool changed, const std::string& id) {
    Outcome outcome = delivered(call, changed, id);
    if (call.operation == "set_component")
        outcome.value.set("before", before).set("after", call.arguments["state"]);
    if (keeps_state(call.operation)) outcome.after = wanted_state(call);
    return outcome;
}

}  // namespace

DecidedLine decide_line(const Call& call, const NotifyState& state) {
    const std::string& key = call.arguments["key"].text();
    const bool needs_open = call.operation == "update" || call.operation == "acknowledge";
    DecidedLine decided;
    decided.id = call.key;
    if (state.intents.contains(call.key)) return decided;  // This very call has its line.
    decided.missing = needs_open && !is_open(state, key);
    decided.changed = !decided.missing && !said_already(call, state);
    if (is_open(state, key)) decided.id = id_of(state, key);
    if (decided.changed) decided.line = line_of(call);
    return decided;
}

Outcome outcome_of(const Call& call, const Value& before, const DecidedLine& decided) {
    if (!decided.missing) return finish(call, before, decided.changed, decided.id);
    return undelivered(
        call, fail("not_found", call.target + ": no incident \"" + call.arguments["key"].text() +
                                    "\" is open. Open it first."));
}

Before before_line(const Call& call, const NotifyState* state) {
    Before before = before_message(call);
    if (call.operation == "set_component")
        before.plan = call.arguments["component"].text() + " → " + call.arguments["state"].text();
    if (!state) return before;
    before.state = found_state(call, *state);
    before.already_so = said_already(call, *state);
    if (before.already_so)
        before.result =
            finish(call, before.state, false, id_of(*state, call.arguments["key"].text())).value;
    return before;
}

Sighting sighting_of(const Call& call, const Value& before, const NotifyState& state) {
    if (!state.intents.contains(call.key))
        return {.kind = Sighting::Kind::did_not,
                .evidence = call.target + " has no line of this call."};
    const Outcome made = finish(call, before, true, call.key);
    return {.kind = Sighting::Kind::happened,
            .value = made.value,
            .after = made.after,
            .evidence = call.target + " has this call's line."};
}

std::optional<Restore> restore_line(const Call& call, const Value& before, const Value&) {
    if (call.operation == "schedule_maintenance") {
        Value arguments;
        arguments.set("key", call.arguments["key"]);
        return Restore{.operation = "end_maintenance", .arguments = std::move(arguments)};
    }
    if (call.operation != "set_component" || !before.is_text()) return std::nullopt;
    Value arguments;
    arguments.set("component", call.arguments["component"]).set("state", before);
    return Restore{.operation = "set_component", .arguments = std::move(arguments)};
}

Value status_of(const NotifyState& state, const Call& call) {
    const std::string& key = call.arguments["key"].text();
    const auto found = state.incidents.find(key);
    return found == state.incidents.end() ? Value() : found->second.to_value(key);
}

Value open_incidents(const NotifyState& state, const Call& call) {
    List open;
    for (const auto& [key, incident] : state.incidents)
        if (incident.is_open() && key.starts_with(call.arguments["prefix"].text()))
            open.push_back(incident.to_value(key));
    return open;
}

bool is_acknowledged(const Value& incident) {
    return incident["state"].text() == "acknowledged" || incident.has("acknowledged_by") ||
           incident.has("acknowledged_at");
}

}  // namespace perilune
