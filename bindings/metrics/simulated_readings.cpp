// What the simulated driver tells of numbers and alarms, and its wait for alarms that are clear.
#include <algorithm>

#include "bindings/metrics/simulated_place.h"
#include "interpreter/base/pause.h"
#include "interpreter/base/simulated_handlers.h"
#include "interpreter/base/suggest.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr double poll_least_s = 0.1;
constexpr double poll_most_s = 5;
constexpr double most_steps = 11000;

Error unknown_query(const SimulatedPlace& place, const std::string& name) {
    std::vector<std::string> names;
    for (const auto& [known, unit] : place.units) names.push_back(known);
    return fail("unknown_query", place.target + " has no query \"" + name +
                                     "\" in the environment." + did_you_mean(name, names));
}

double moment_of(const Call& call) {
    return call.arguments.has("at") ? call.arguments["at"].number() : wall_now_s();
}

Result<Value> read(SimulatedPlace& place, Call& call) {
    const std::string& name = call.arguments["name"].text();
    if (!place.knows(name)) return unknown_query(place, name);
    const auto value = place.value_at(name, moment_of(call));
    const std::string& unit = place.units[name];
    Value reading;
    reading.set("unit", unit.empty() ? "count" : unit).set("empty", !value);
    reading.set("samples", value ? 1 : 0).set("at", moment_of(call));
    if (value) reading.set("value", *value);
    return reading;
}

Result<Value> range(SimulatedPlace& place, Call& call) {
    const std::string& name = call.arguments["name"].text();
    if (!place.knows(name)) return unknown_query(place, name);
    const double since = call.arguments["since"].number();
    const double to = call.arguments.has("to") ? call.arguments["to"].number() : wall_now_s();
    const double step_s = call.arguments["step"].number();
    if ((to - since) / step_s > most_steps)
        return fail("bad_argument", "That are more than 11,000 steps: take longer ones.");
    List samples;
    for (double at = since; at <= to; at += step_s)
        if (const auto value = place.value_at(name, at))
            samples.push_back(Value().set("at", at).set("value", *value));
    return Value(std::move(samples));
}

Result<Value> query(SimulatedPlace& place, Call& call) {
    const std::string& expression = call.arguments["expression"].text();
    const double at = moment_of(call);
    List samples;
    if (const auto told = place.answers.find(expression); told != place.answers.end()) {
        for (Value sample : told->second.list()) {
            if (!sample.has("labels")) sample.set("labels", Value(Map()));
            samples.push_back(sample.set("at", at));
        }
        return Value(std::move(samples));
    }
    const auto named = place.expressions.find(expression);
    const auto value =
        place.value_at(named == place.expressions.end() ? expression : named->second, at);
    if (value)
        samples.push_back(Value().set("labels", Value(Map())).set("value", *value).set("at", at));
    return Value(std::move(samples));
}

Value alarms_of(const SimulatedPlace& place, const Value& names) {
    List asked = names.list();
    if (names.is_nil())
        for (const auto& name : place.alarm_names()) asked.emplace_back(name);
    List list;
    for (const auto& name : asked) {
        Value alarm;
        alarm.set("name", name).set("state", place.state_of(name.text()));
        const auto found = place.alarms.find(name.text());
        if (found != place.alarms.end() && found->second.query.empty() &&
            found->second.since_at > 0)
            alarm.set("since_at", found->second.since_at);
        list.push_back(std::move(alarm));
    }
    return Value(std::move(list));
}

std::string not_clear(const Value& alarms) {
    std::string names;
    for (const auto& alarm : alarms.list())
        if (alarm["state"].text() != "ok")
            names +=
                (names.empty() ? "" : ", ") + alarm["name"].text() + " is " + alarm["state"].text();
    return names;
}

Awaitable<Result<Value>> wait_clear(SimulatedPlace& place, Loop& loop, Call& call) {
    const double began_s = boot_now_s();
    const double end_s = std::min(began_s + call.arguments["within"].number(), call.deadline_s);
    const double clear_for_s = call.arguments["clear_for"].number();
    const double every_s = std::clamp(clear_for_s / 5, poll_least_s, poll_most_s);
    double clear_since_s = -1;
    std::string last;
    for (;;) {
        const Value alarms = alarms_of(place, call.arguments["names"]);
        const double now_s = boot_now_s();
        last = not_clear(alarms);
        if (!last.empty())
            clear_since_s = -1;
        else if (clear_since_s < 0)
            clear_since_s = now_s;
        if (clear_since_s >= 0 && now_s >= clear_since_s + clear_for_s) co_return alarms;
        if (now_s >= end_s) break;
        double next_s = std::min(end_s, now_s + every_s);
        if (clear_since_s >= 0) next_s = std::min(next_s, clear_since_s + clear_for_s);
        const bool waited = co_await pause_until(loop, next_s, call.cancel);
        if (!waited)
            co_return fail("cancelled", "Waiting for clear alarms was told to stop.", Retry::safe);
    }
    if (last.empty()) last = "they were clear, but not yet for " + show_duration(clear_for_s);
    co_return fail("timed_out",
                   "The alarms of " + place.target + " were not clear within " +
                       show_duration(end_s - began_s) + ": " + last + ".",
                   Retry::safe);
}

}  // namespace

void add_simulated_readings(MetricsHandlers& handlers, SimulatedPlace& place, Loop& loop) {
    using Look = Result<Value> (*)(SimulatedPlace&, Call&);
    const auto add = [&](const char* name, Look look) {
        handlers[name] = observe_at_once([&place, look](Call& call) { return look(place, call); });
    };
    add("read", read);
    add("range", range);
    add("query", query);
    add("alarms", [](SimulatedPlace& seen, Call& call) {
        return Result<Value>(alarms_of(seen, call.arguments["names"]));
    });
    handlers["wait_clear"].observe = [&place, &loop](Call& call) {
        return wait_clear(place, loop, call);
    };
}

}  // namespace perilune
