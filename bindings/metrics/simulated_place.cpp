#include "bindings/metrics/simulated_place.h"

#include <algorithm>

namespace perilune {

namespace {

constexpr int looks_back = 20;  // Moments at which a threshold's span is looked at.

}  // namespace

void SimulatedSeries::add(Piece piece) {
    // What was said of later moments stays; what was said of this one does not.
    const auto place = std::lower_bound(pieces_.begin(), pieces_.end(), piece.at,
                                        [](const Piece& held, double at) { return held.at < at; });
    if (place != pieces_.end() && place->at == piece.at)
        *place = piece;
    else
        pieces_.insert(place, piece);
}

void SimulatedSeries::set(double at, double value) {
    add({.at = at, .empty = false, .from = value, .to = value, .over_s = 0});
}

void SimulatedSeries::ramp(double at, double value, double over_s) {
    const double from = value_at(at).value_or(0);
    add({.at = at, .empty = false, .from = from, .to = value, .over_s = over_s});
}

void SimulatedSeries::end(double at) {
    add({.at = at, .empty = true, .from = 0, .to = 0, .over_s = 0});
}

std::optional<double> SimulatedSeries::value_at(double at) const {
    const Piece* last = nullptr;
    for (const auto& piece : pieces_)
        if (piece.at <= at) last = &piece;
    if (!last || last->empty) return std::nullopt;
    const double passed_s = at - last->at;
    if (passed_s >= last->over_s) return last->to;
    return last->from + (last->to - last->from) * passed_s / last->over_s;
}

bool SimulatedSilence::is_on() const { return wall_now_s() < ends_at; }

bool SimulatedSilence::covers(const std::string& name) const {
    for (const auto& monitor : monitors.list()) {
        const std::string& text = monitor.text();
        if (text == name) return true;
        if (text.ends_with('*') && name.starts_with(text.substr(0, text.size() - 1))) return true;
    }
    return false;
}

SimulatedPlace::SimulatedPlace(const Settings& settings) : target(settings.target) {
    for (const auto& [name, query] : settings.values["queries"].map()) {
        units[name] = query["unit"].text();
        const Value& expression =
            query["expression"].is_text() ? query["expression"] : query["query"];
        if (expression.is_text()) expressions[expression.text()] = name;
    }
    for (const auto& [name, described] : settings.values["heartbeats"].map()) beats[name];
    for (const auto& name : settings.values["alarms"]["names"].list()) alarms[name.text()];
}

std::optional<double> SimulatedPlace::value_at(const std::string& query, double at) const {
    const auto found = series.find(query);
    return found == series.end() ? std::nullopt : found->second.value_at(at);
}

bool SimulatedPlace::is_beyond(const SimulatedAlarm& alarm, double at) const {
    const auto value = value_at(alarm.query, at);
    if (!value) return false;
    return (alarm.above && *value > *alarm.above) || (alarm.below && *value < *alarm.below);
}

std::string SimulatedPlace::state_of(const std::string& name) const {
    const double now = wall_now_s();
    if (const auto beat = beats.find(name); beat != beats.end() && beat->second.every_s > 0) {
        const bool missed = now - beat->second.at > beat->second.every_s;
        return missed || beat->second.state == "failed" ? "firing" : "ok";
    }
    const auto found = alarms.find(name);
    if (found == alarms.end()) return "unknown";
    const SimulatedAlarm& alarm = found->second;
    if (alarm.query.empty()) return alarm.state;
    if (!value_at(alarm.query, now)) return "unknown";
    for (int i = 0; i <= looks_back; ++i)
        if (!is_beyond(alarm, now - alarm.for_s * i / looks_back)) return "ok";
    return "firing";
}

std::vector<std::string> SimulatedPlace::alarm_names() const {
    std::vector<std::string> names;
    for (const auto& [name, alarm] : alarms) names.push_back(name);
    for (const auto& [name, beat] : beats)
        if (beat.every_s > 0) names.push_back(name);
    std::sort(names.begin(), names.end());
    return names;
}

void SimulatedPlace::tell_alarm(const std::string& name, const std::string& state) {
    SimulatedAlarm& alarm = alarms[name];
    const bool begins = state == "firing" && alarm.state != "firing";
    if (alarm.state != state || alarm.since_at == 0) alarm.since_at = wall_now_s();
    alarm.state = state;
    alarm.query.clear();
    const bool silenced = std::any_of(silences.begin(), silences.end(), [&](const auto& silence) {
        return silence.is_on() && silence.covers(name);
    });
    if (begins && !silenced) pages_.push_back(Value().set("at", wall_now_s()).set("name", name));
}

SimulatedSilence* SimulatedPlace::find_silence(const std::string& id) {
    for (auto& silence : silences)
        if (silence.id == id) return &silence;
    return nullptr;
}

SimulatedSilence* SimulatedPlace::silence_of(const std::string& key) {
    for (auto& silence : silences)
        if (silence.key == key) return &silence;
    return nullptr;
}

std::string SimulatedPlace::next_id(const std::string& kind) {
    return kind + "-" + std::to_string(++last_id_);
}

Value SimulatedPlace::look() const {
    Value values, states, heard;
    values.as_map();
    states.as_map();
    heard.as_map();
    for (const auto& [name, unit] : units)
        if (const auto value = value_at(name, wall_now_s())) values.set(name, *value);
    for (const auto& name : alarm_names()) states.set(name, state_of(name));
    for (const auto& [name, beat] : beats) {
        Value one;
        one.set("count", beat.count);
        if (beat.at > 0) one.set("state", beat.state).set("at", beat.at);
        heard.set(name, std::move(one));
    }
    List quiet, made;
    for (const auto& silence : silences) {
        Value one;
        one.set("silence_id", silence.id).set("monitors", silence.monitors);
        one.set("reason", silence.reason).set("ends_at", silence.ends_at);
        quiet.push_back(one.set("state", silence.is_on() ? "on" : "over"));
    }
    for (Value deployment : deployments) made.push_back(deployment.set("key", Value()));
    Value seen;
    seen.set("values", values).set("alarms", states).set("beats", heard).set("pages", pages_);
    seen.set("silences", std::move(quiet)).set("annotations", annotations);
    return seen.set("deployments", std::move(made));
}

}  // namespace perilune
