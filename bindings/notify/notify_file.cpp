// The driver `file`: a channel that is a file, for teams without a provider, drills and the air
// gap.
#include <algorithm>

#include "bindings/notify/notify.h"
#include "bindings/notify/notify_log.h"
#include "bindings/notify/notify_notice.h"
#include "interpreter/base/pause.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr double poll_s = 0.25;
constexpr double lock_wait_s = 10;

constexpr Setting settings_table[] = {
    {.name = "path",
     .doc = "The file to append to; relative to the library's folder. It and its folder are made.",
     .identity = true},
};

constexpr std::string_view operation_names[] = {
    "status",         "list_open", "wait_acknowledged", "send",          "open",
    "update",         "resolve",   "acknowledge",       "set_component", "schedule_maintenance",
    "end_maintenance"};

using LogPointer = std::shared_ptr<NotifyLog>;

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

Result<Before> read_before(const LogPointer& log, const Call& call) {
    Before before = before_message(call);
    if (call.operation == "set_component")
        before.plan = call.arguments["component"].text() + " → " + call.arguments["state"].text();
    // A file that cannot be read is no reason to fail here: the act will say that it is so.
    const auto state = log->read();
    if (!state) return before;
    before.state = found_state(call, *state);
    before.already_so = said_already(call, *state);
    if (before.already_so)
        before.result =
            finish(call, before.state, false, id_of(*state, call.arguments["key"].text())).value;
    return before;
}

Outcome append(const LogPointer& log, const Call& call, const Value& before) {
    const std::string& key = call.arguments["key"].text();
    const bool needs_open = call.operation == "update" || call.operation == "acknowledge";
    bool missing = false;
    bool changed = true;
    std::string id = call.key;
    const auto decide = [&](const NotifyState& state) -> Value {
        if (state.intents.contains(call.key)) return {};  // This very call has written its line.
        missing = needs_open && !is_open(state, key);
        changed = !missing && !said_already(call, state);
        if (is_open(state, key)) id = id_of(state, key);
        return changed ? line_of(call) : Value();
    };
    const double deadline_s = call.deadline_s > 0 ? call.deadline_s : boot_now_s() + lock_wait_s;
    const auto written = log->append(decide, deadline_s);
    if (!written) return undelivered(call, written.error());
    if (missing)
        return undelivered(call, fail("not_found", call.target + ": no incident \"" + key +
                                                       "\" is open. Open it first."));
    return finish(call, before, changed, id);
}

Sighting look_for(const LogPointer& log, const Call& call, const Value& before) {
    const auto state = log->read();
    if (!state) return {.kind = Sighting::Kind::cannot_tell, .evidence = state.error().message};
    if (!state->intents.contains(call.key))
        return {.kind = Sighting::Kind::did_not, .evidence = "The file has no line of this call."};
    const Outcome made = finish(call, before, true, call.key);
    return {.kind = Sighting::Kind::happened,
            .value = made.value,
            .after = made.after,
            .evidence = "The file has this call's line."};
}

std::optional<Restore> restore(const Call& call, const Value& before) {
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

Result<Value> read_status(const LogPointer& log, const Call& call) {
    const auto state = log->read();
    if (!state) return state.error();
    const std::string& key = call.arguments["key"].text();
    const auto found = state->incidents.find(key);
    return found == state->incidents.end() ? Value() : found->second.to_value(key);
}

Result<Value> list_open(const LogPointer& log, const Call& call) {
    const auto state = log->read();
    if (!state) return state.error();
    List open;
    for (const auto& [key, incident] : state->incidents)
        if (incident.is_open() && key.starts_with(call.arguments["prefix"].text()))
            open.push_back(incident.to_value(key));
    return Value(std::move(open));
}

// Polls, since a person may append the line with any tool, from any machine that has the file.
Awaitable<Result<Value>> wait_acknowledged(Loop* loop, LogPointer log, Call* call) {
    double end_s = boot_now_s() + call->arguments["within"].number();
    if (call->deadline_s > 0) end_s = std::min(end_s, call->deadline_s);
    for (;;) {
        const std::function<Result<Value>()> read = [log, call] { return read_status(log, *call); };
        const auto found = co_await off_loop(*loop, read);
        if (!found) co_return found.error();
        const bool taken = (*found)["state"].text() == "acknowledged" ||
                           found->has("acknowledged_by") || found->has("acknowledged_at");
        if (taken) co_return *found;
        const double now_s = boot_now_s();
        if (now_s >= end_s) co_return Value();
        const bool waited =
            co_await pause_until(*loop, std::min(end_s, now_s + poll_s), call->cancel);
        if (!waited)
            co_return fail("cancelled", "Waiting for an acknowledgement was told to stop.",
                           Retry::safe);
    }
}

Handler message_handler(Loop& loop, const LogPointer& log, bool undone) {
    Handler made = change_blocking(
        loop, [log](Call& call) { return read_before(log, call); },
        [log](Call& call, const Value& before) { return append(log, call, before); },
        [log](Call& call, const Value& before) { return look_for(log, call, before); });
    if (undone)
        made.restore = [](const Call& call, const Value& before, const Value&) {
            return restore(call, before);
        };
    return made;
}

Result<Driver> make(const Settings& settings, Services& services) {
    const std::string& path = settings.values["path"].text();
    if (path.empty() || path.ends_with('/'))
        return fail("bad_setting", "path of " + settings.target + " must name a file.");
    const auto log = std::make_shared<NotifyLog>(path_below(settings.folder, path));
    Driver driver;
    driver.state = log;
    for (const auto& row : notify_family.operations) {
        if (row.effect != Effect::change) continue;
        const bool undone = row.undo.starts_with("by ");
        driver.operations.emplace(row.name, message_handler(services.loop, log, undone));
    }
    driver.operations["status"] =
        observe_blocking(services.loop, [log](Call& call) { return read_status(log, call); });
    driver.operations["list_open"] =
        observe_blocking(services.loop, [log](Call& call) { return list_open(log, call); });
    driver.operations["wait_acknowledged"].observe = [loop = &services.loop, log](Call& call) {
        return wait_acknowledged(loop, log, &call);
    };
    return driver;
}

}  // namespace

extern constinit const DriverKind notify_file_kind = {
    .family = "notify",
    .name = "file",
    .doc =
        "Appends one JSON line a message to a file, durably, and reads the state of incidents, "
        "components and maintenances from all its lines. A person or another program "
        "acknowledges an incident by appending a line of its own: "
        "{\"kind\":\"acknowledged\",\"key\":\"region-outage\",\"by\":\"sam\"}.",
    .settings = settings_table,
    .operations = operation_names,
    .make = make,
    .acts_in_host = true,
};

}  // namespace perilune
