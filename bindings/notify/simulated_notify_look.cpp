// What a test sees of a simulated channel, and what people and other programs do to it.
#include <algorithm>

#include "bindings/notify/notify.h"
#include "bindings/notify/simulated_channel.h"

namespace perilune {

Value SimulatedChannel::look() {
    settle();
    Value incidents{Map{}};
    for (const auto& [key, incident] : state_.incidents) incidents.set(key, incident.to_value(key));
    Value pages{Map{}};
    for (const auto& [key, count] : pages_) pages.set(key, count);
    Value components{Map{}};
    for (const auto& [name, state] : state_.components) components.set(name, state);
    Value maintenance{Map{}};
    for (const auto& [key, window] : state_.maintenance) maintenance.set(key, window);
    Value seen;
    seen.set("sent", sent_).set("open", open_incidents(state_, Call{}));
    seen.set("incidents", std::move(incidents)).set("pages", std::move(pages));
    seen.set("components", std::move(components)).set("maintenance", std::move(maintenance));
    return seen.set("reachable", !failure_.has_value());
}

Result<Value> SimulatedChannel::act_outside(const std::string& kind, const Value& arguments) {
    settle();
    const std::string& key = arguments["key"].text();
    if (key.empty()) return fail("bad_argument", "It needs key, an incident's.");
    const auto found = state_.incidents.find(key);
    const bool is_open = found != state_.incidents.end() && found->second.is_open();
    if (kind != "opened" && !is_open)
        return fail("not_found", target_ + ": no incident \"" + key + "\" is open.");
    Value line = arguments;
    if (kind == "opened" && !is_open) {
        ++pages_[key];
        line.set("intent", "outside:" + key + ":" + std::to_string(pages_[key]));
    }
    state_.add(line.set("kind", kind).set("at", wall_now_s()));
    return state_.incidents.at(key).to_value(key);
}

// Another program reports the same trouble under this key.
Result<Value> SimulatedChannel::open(const Value& arguments) {
    return act_outside("opened", arguments);
}

Result<Value> SimulatedChannel::acknowledge(const Value& arguments) {
    return act_outside("acknowledged", arguments);
}

Result<Value> SimulatedChannel::resolve(const Value& arguments) {
    return act_outside("resolved", arguments);
}

// From now on `by` takes each incident so long after it was opened; of those there are already, at
// the earliest now.
Result<Value> SimulatedChannel::acknowledges_after(const Value& arguments) {
    const auto after_s = convert(Type::duration, arguments["after"], "after of acknowledges_after");
    if (!after_s) return after_s.error();
    settle();
    people_.push_back({.by = arguments.has("by") ? arguments["by"].text() : "oncall",
                       .prefix = arguments["prefix"].text(),
                       .after_s = after_s->number(),
                       .since_at = wall_now_s()});
    return Value();
}

// Everybody on call stays silent from now on.
Result<Value> SimulatedChannel::nobody(const Value&) {
    settle();
    people_.clear();
    return Value();
}

Result<Value> SimulatedChannel::stop(const Value& arguments) {
    settle();
    const bool arrives = arguments["arrives"].boolean();
    const std::string code = arguments.has("code") ? arguments["code"].text() : "unavailable";
    const std::string what =
        arrives ? "the provider's answer was lost" : "the provider does not take messages";
    failure_ = Failure{
        .error = fail(code, target_ + ": " + what + ".", arrives ? Retry::unknown : Retry::safe),
        .arrives = arrives};
    return Value();
}

Result<Value> SimulatedChannel::recover(const Value&) {
    failure_.reset();
    return Value();
}

const std::vector<std::pair<std::string_view, SimulatedChannel::Control>>&
SimulatedChannel::control_table() {
    static const std::vector<std::pair<std::string_view, Control>> table = {
        {"open", &SimulatedChannel::open},
        {"acknowledge", &SimulatedChannel::acknowledge},
        {"resolve", &SimulatedChannel::resolve},
        {"acknowledges_after", &SimulatedChannel::acknowledges_after},
        {"nobody", &SimulatedChannel::nobody},
        {"fail", &SimulatedChannel::stop},
        {"recover", &SimulatedChannel::recover}};
    return table;
}

std::vector<std::string_view> SimulatedChannel::controls() const {
    std::vector<std::string_view> names;
    for (const auto& [name, does] : control_table()) names.push_back(name);
    return names;
}

Result<Value> SimulatedChannel::control(std::string_view name, const Value& arguments) {
    for (const auto& [known, does] : control_table())
        if (known == name) return (this->*does)(arguments);
    return unknown_control(name, controls());
}

}  // namespace perilune
