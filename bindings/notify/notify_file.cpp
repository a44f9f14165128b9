// The driver `file`: a channel that is a file, for teams without a provider, drills and the air
// gap.
#include <algorithm>

#include "bindings/notify/notify.h"
#include "bindings/notify/notify_lines.h"
#include "bindings/notify/notify_notice.h"
#include "interpreter/base/pause.h"

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

Result<Before> read_before(const LogPointer& log, const Call& call) {
    const auto state = log->read();
    return before_line(call, state ? &*state : nullptr);
}

Outcome append(const LogPointer& log, const Call& call, const Value& before) {
    DecidedLine decided;
    const auto decide = [&](const NotifyState& state) -> Value {
        decided = decide_line(call, state);
        return decided.line;
    };
    const double deadline_s = call.deadline_s > 0 ? call.deadline_s : boot_now_s() + lock_wait_s;
    const auto written = log->append(decide, deadline_s);
    if (!written) return undelivered(call, written.error());
    return outcome_of(call, before, decided);
}

Sighting look_for(const LogPointer& log, const Call& call, const Value& before) {
    const auto state = log->read();
    if (!state) return {.kind = Sighting::Kind::cannot_tell, .evidence = state.error().message};
    return sighting_of(call, before, *state);
}

Result<Value> read_status(const LogPointer& log, const Call& call) {
    const auto state = log->read();
    if (!state) return state.error();
    return status_of(*state, call);
}

Result<Value> list_open(const LogPointer& log, const Call& call) {
    const auto state = log->read();
    if (!state) return state.error();
    return open_incidents(*state, call);
}

// Polls, since a person may append the line with any tool, from any machine that has the file.
Awaitable<Result<Value>> wait_acknowledged(Loop* loop, LogPointer log, Call* call) {
    double end_s = boot_now_s() + call->arguments["within"].number();
    if (call->deadline_s > 0) end_s = std::min(end_s, call->deadline_s);
    for (;;) {
        const std::function<Result<Value>()> read = [log, call] { return read_status(log, *call); };
        const auto found = co_await off_loop(*loop, read);
        if (!found) co_return found.error();
        if (is_acknowledged(*found)) co_return *found;
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
    if (undone) made.restore = restore_line;
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
    .doctor_checks = "the file (list_open)",
};

}  // namespace perilune
