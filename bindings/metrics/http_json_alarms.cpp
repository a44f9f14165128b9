// Reads a list of alarms as the environment describes it.
#include "bindings/metrics/http_json_alarms.h"

#include <algorithm>

#include "interpreter/base/fields.h"
#include "interpreter/base/json.h"
#include "interpreter/base/pause.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr double poll_least_s = 0.1;
constexpr double poll_most_s = 5;

bool holds(const std::vector<std::string>& texts, const Value& value) {
    const std::string text = value.is_text() ? value.text() : to_json(value);
    return std::ranges::find(texts, text) != texts.end();
}

Value alarm_of(const JsonAlarms& described, const Value& item) {
    const Value state = find_field(item, described.state);
    Value alarm;
    alarm.set("name", find_field(item, described.name))
        .set("state", holds(described.firing, state) ? "firing"
                      : holds(described.ok, state)   ? "ok"
                                                     : "unknown");
    if (described.since.empty()) return alarm;
    if (const auto since = as_time(find_field(item, described.since)))
        alarm.set("since_at", *since);
    return alarm;
}

// The worst of several entries of one name counts: one firing instance is a firing alarm.
void merge(Value& kept, const Value& other) {
    const auto rank = [](const Value& alarm) {
        const std::string& state = alarm["state"].text();
        return state == "firing" ? 2 : state == "unknown" ? 1 : 0;
    };
    if (rank(other) > rank(kept)) kept = other;
}

Result<Value> select(const JsonEndpoint& endpoint, const Value& whole, const Value& names) {
    const JsonAlarms& described = *endpoint.settings.alarms;
    const Value list = find_field(whole, described.list);
    if (!list.is_list() && !(list.is_map() && list.map().empty()))
        return fail("bad_answer",
                    endpoint.name + " answered without the list of alarms \"" + described.list +
                        "\". Check alarms.list in its settings.",
                    Retry::safe);
    std::map<std::string, Value> by_name;
    for (const auto& item : list.list()) {
        const Value alarm = alarm_of(described, item);
        if (!alarm["name"].is_text()) continue;
        const auto [place, added] = by_name.emplace(alarm["name"].text(), alarm);
        if (!added) merge(place->second, alarm);
    }
    List selected;
    if (names.is_nil())
        for (const auto& [name, alarm] : by_name) selected.push_back(alarm);
    for (const auto& name : names.list()) {
        const auto found = by_name.find(name.text());
        Value absent;
        absent.set("name", name).set("state", described.absent);
        selected.push_back(found == by_name.end() ? absent : found->second);
    }
    return Value(std::move(selected));
}

std::string not_clear(const Result<Value>& alarms) {
    if (!alarms) return alarms.error().message;
    std::string names;
    for (const auto& alarm : alarms->list()) {
        if (alarm["state"].text() == "ok") continue;
        names +=
            (names.empty() ? "" : ", ") + alarm["name"].text() + " is " + alarm["state"].text();
    }
    return names;
}

}  // namespace

Awaitable<Result<Value>> observe_alarms(JsonEndpointPointer endpoint, Call* call) {
    const auto whole = co_await fetch_json(endpoint, endpoint->settings.alarms->path, call);
    if (!whole) co_return whole.error();
    co_return select(*endpoint, *whole, call->arguments["names"]);
}

Awaitable<Result<Value>> observe_wait_clear(JsonEndpointPointer endpoint, Call* call) {
    const double began_s = boot_now_s();
    double end_s = began_s + call->arguments["within"].number();
    if (call->deadline_s > 0) end_s = std::min(end_s, call->deadline_s);
    const double clear_for_s = call->arguments["clear_for"].number();
    const double every_s = std::clamp(clear_for_s / 5, poll_least_s, poll_most_s);
    double clear_since_s = -1;
    std::string last = "they were not read in time";
    for (;;) {
        const auto alarms = co_await observe_alarms(endpoint, call);
        const double now_s = boot_now_s();
        const std::string found = not_clear(alarms);
        if (!found.empty()) {
            clear_since_s = -1;
            last = found;
        } else if (clear_since_s < 0) {
            clear_since_s = now_s;
            last = "they were clear, but not yet for " + show_duration(clear_for_s);
        }
        if (clear_since_s >= 0 && now_s - clear_since_s >= clear_for_s) co_return *alarms;
        if (now_s >= end_s) break;
        const bool waited =
            co_await pause_until(endpoint->loop, std::min(end_s, now_s + every_s), call->cancel);
        if (!waited)
            co_return fail("cancelled", "Waiting for clear alarms was told to stop.", Retry::safe);
    }
    co_return fail("timed_out",
                   "The alarms of " + endpoint->name + " were not clear within " +
                       show_duration(end_s - began_s) + ": " + last +
                       ". Look at what they watch, or allow more time.",
                   Retry::safe);
}

}  // namespace perilune
