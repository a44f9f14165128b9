// What the simulated driver changes: silences, heartbeats, annotations, records of deployments.
#include "bindings/metrics/simulated_place.h"
#include "interpreter/base/simulated_handlers.h"
#include "interpreter/base/suggest.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

Value silence_state(const SimulatedSilence* silence) {
    return Value().set("state", silence && silence->is_on() ? "on" : "over");
}

Value silence_value(const SimulatedSilence& silence) {
    Value value;
    value.set("changed", true).set("silence_id", silence.id);
    return value.set("ends_at", silence.ends_at);
}

Result<Before> before_silence(SimulatedPlace&, Call& call) {
    Before before;
    before.sign = '+';
    // No state: each silence is a new one, so what was there before says nothing of it.
    for (const auto& monitor : call.arguments["monitors"].list())
        before.plan += (before.plan.empty() ? "" : ", ") + monitor.text();
    before.plan += " for " + show_duration(call.arguments["during"].number());
    return before;
}

Outcome act_silence(SimulatedPlace& place, Call& call, const Value&) {
    const SimulatedSilence* made = place.silence_of(call.key);
    if (!made) {
        SimulatedSilence silence;
        silence.id = place.next_id("silence");
        silence.key = call.key;
        silence.monitors = call.arguments["monitors"];
        silence.reason = call.arguments["reason"].text();
        silence.made_at = wall_now_s();
        silence.ends_at = wall_now_s() + call.arguments["during"].number();
        made = &place.silences.emplace_back(std::move(silence));
    }
    return Outcome::done(silence_value(*made), silence_state(made));
}

Sighting look_silence(SimulatedPlace& place, Call& call) {
    Sighting sighting;
    const SimulatedSilence* made = place.silence_of(call.key);
    sighting.kind = made ? Sighting::Kind::happened : Sighting::Kind::did_not;
    sighting.evidence = made ? "The silence " + made->id + " carries this intent's key."
                             : "No silence carries this intent's key.";
    if (!made) return sighting;
    sighting.value = silence_value(*made);
    sighting.after = silence_state(made);
    return sighting;
}

std::optional<Restore> restore_silence(const Call&, const Value&, const Value& result) {
    if (!result["changed"].boolean()) return std::nullopt;
    return Restore{"unsilence", Value().set("silence_id", result["silence_id"])};
}

Result<Before> before_unsilence(SimulatedPlace& place, Call& call) {
    const SimulatedSilence* silence = place.find_silence(call.arguments["silence_id"].text());
    Before before;
    before.sign = '-';
    before.state = silence_state(silence);
    before.already_so = !silence || !silence->is_on();
    before.result.set("changed", false);
    before.plan = call.arguments["silence_id"].text();
    return before;
}

Outcome act_unsilence(SimulatedPlace& place, Call& call, const Value&) {
    SimulatedSilence* silence = place.find_silence(call.arguments["silence_id"].text());
    const bool was_on = silence && silence->is_on();
    if (was_on) silence->ends_at = wall_now_s();
    return Outcome::done(Value().set("changed", was_on), silence_state(silence));
}

Result<Before> before_beat(SimulatedPlace& place, Call& call) {
    const std::string& name = call.arguments["heartbeat"].text();
    if (!place.beats.contains(name)) {
        std::vector<std::string> names;
        for (const auto& [known, beat] : place.beats) names.push_back(known);
        return fail("unknown_heartbeat", place.target + " has no heartbeat \"" + name +
                                             "\" in the environment." + did_you_mean(name, names));
    }
    Before before;
    before.sign = '+';
    before.plan = name + " " + call.arguments["state"].text();
    return before;
}

Outcome act_beat(SimulatedPlace& place, Call& call, const Value&) {
    SimulatedBeat& beat = place.beats[call.arguments["heartbeat"].text()];
    beat.at = wall_now_s();
    beat.state = call.arguments["state"].text();
    ++beat.count;
    return Outcome::done(Value().set("changed", true));
}

Result<Before> before_annotate(SimulatedPlace&, Call& call) {
    Before before;
    before.sign = '+';
    before.plan = call.arguments["title"].text();
    return before;
}

// Sent again after a lost answer, it stands there twice.
Outcome act_annotate(SimulatedPlace& place, Call& call, const Value&) {
    Value mark;
    mark.set("id", place.next_id("annotation"));
    mark.set("at", call.arguments.has("at") ? call.arguments["at"] : Value(wall_now_s()));
    for (const char* name : {"title", "text", "tags"}) mark.set(name, call.arguments[name]);
    place.annotations.push_back(mark);
    return Outcome::done(Value().set("changed", true).set("id", mark["id"]));
}

const Value* deployment_of(const SimulatedPlace& place, const std::string& key) {
    for (const auto& made : place.deployments)
        if (made["key"].text() == key) return &made;
    return nullptr;
}

Value deployment_value(const Value& made) {
    return Value().set("changed", true).set("id", made["id"]);
}

Result<Before> before_deployment(SimulatedPlace&, Call& call) {
    Before before;
    before.sign = '+';
    before.plan = call.arguments["version"].text() + " " + call.arguments["state"].text();
    return before;
}

Outcome act_deployment(SimulatedPlace& place, Call& call, const Value&) {
    if (const Value* made = deployment_of(place, call.key))
        return Outcome::done(deployment_value(*made));
    Value record;
    record.set("id", place.next_id("deployment")).set("key", call.key).set("at", wall_now_s());
    for (const char* name : {"version", "state", "url"}) record.set(name, call.arguments[name]);
    place.deployments.push_back(record);
    return Outcome::done(deployment_value(record));
}

Sighting look_deployment(SimulatedPlace& place, Call& call) {
    Sighting sighting;
    const Value* made = deployment_of(place, call.key);
    sighting.kind = made ? Sighting::Kind::happened : Sighting::Kind::did_not;
    sighting.evidence = made ? "The record " + (*made)["id"].text() + " carries this intent's key."
                             : "No record carries this intent's key.";
    if (made) sighting.value = deployment_value(*made);
    return sighting;
}

}  // namespace

void add_simulated_records(MetricsHandlers& handlers, SimulatedPlace& place) {
    using BeforeCall = Result<Before> (*)(SimulatedPlace&, Call&);
    using ActOn = Outcome (*)(SimulatedPlace&, Call&, const Value&);
    using LookFor = Sighting (*)(SimulatedPlace&, Call&);
    const auto add = [&](const char* name, BeforeCall before, ActOn act, LookFor look) {
        Handler handler = change_at_once(
            [&place, before](Call& call) { return before(place, call); },
            [&place, act](Call& call, const Value& state) { return act(place, call, state); });
        if (look) {
            const auto seen = [&place, look](Call& call, const Value&) {
                return look(place, call);
            };
            handler.look = change_at_once({}, {}, seen).look;
        }
        handlers[name] = std::move(handler);
    };
    add("silence", before_silence, act_silence, look_silence);
    handlers["silence"].restore = restore_silence;
    add("unsilence", before_unsilence, act_unsilence, nullptr);
    add("beat", before_beat, act_beat, nullptr);
    add("annotate", before_annotate, act_annotate, nullptr);
    add("record_deployment", before_deployment, act_deployment, look_deployment);
}

}  // namespace perilune
