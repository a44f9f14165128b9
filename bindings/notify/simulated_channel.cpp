// The channel's provider: it takes messages, keeps incidents by their key, and waits for people.
#include "bindings/notify/simulated_channel.h"

#include <algorithm>

#include "bindings/notify/notify.h"
#include "bindings/notify/notify_notice.h"
#include "interpreter/base/simulated_handlers.h"

namespace perilune {

namespace {

constexpr double poll_s = 1;

// A message as its readers have it.
Value shown_as_sent(const Call& call, const Value& line) {
    Value shown = line;
    for (const auto* name : {"kind", "intent", "time"}) shown.set(name, Value());
    return shown.set("operation", call.operation).set("line", shown_message(call));
}

std::unique_ptr<SimulatedTarget> make(const Settings& settings, SimulatedWorld&) {
    return std::make_unique<SimulatedChannel>(settings);
}

}  // namespace

// The earliest of those whom an open incident concerns takes it, at their own time.
void SimulatedChannel::settle() {
    for (const auto& [key, incident] : state_.incidents) {
        if (incident.state != "open") continue;
        const Person* first = nullptr;
        double first_at = wall_now_s();
        for (const auto& person : people_) {
            const double at = std::max(incident.opened_at + person.after_s, person.since_at);
            if (!key.starts_with(person.prefix) || at > first_at) continue;
            if (first && at == first_at) continue;
            first = &person;
            first_at = at;
        }
        if (!first) continue;
        Value line;
        line.set("kind", "acknowledged").set("key", key).set("by", first->by).set("at", first_at);
        state_.add(line);
    }
}

Result<const NotifyState*> SimulatedChannel::read() {
    settle();
    if (failure_) return failure_->error;
    return &state_;
}

Before SimulatedChannel::before(Call& call) {
    const auto state = read();
    return before_line(call, state ? *state : nullptr);
}

Outcome SimulatedChannel::act(Call& call, const Value& before) {
    if (!call.may_act())
        return Outcome::not_sent(fail("not_sent", "This host may have lost the run."));
    settle();
    if (failure_ && !failure_->arrives) return undelivered(call, failure_->error);
    const DecidedLine decided = decide_line(call, state_);
    if (!decided.line.is_nil()) {
        state_.add(decided.line);
        sent_.push_back(shown_as_sent(call, decided.line));
        if (call.operation == "open") ++pages_[call.arguments["key"].text()];
    }
    if (failure_) return undelivered(call, failure_->error);
    return outcome_of(call, before, decided);
}

Sighting SimulatedChannel::look_for(Call& call, const Value& before) {
    const auto state = read();
    if (!state) return {.kind = Sighting::Kind::cannot_tell, .evidence = state.error().message};
    return sighting_of(call, before, **state);
}

Awaitable<Result<Value>> SimulatedChannel::wait_acknowledged(SimulatedChannel* channel, Loop* loop,
                                                             Call* call) {
    const double end_s =
        std::min(call->deadline_s, boot_now_s() + call->arguments["within"].number());
    for (;;) {
        const auto state = channel->read();
        if (!state) co_return state.error();
        const Value incident = status_of(**state, *call);
        if (is_acknowledged(incident)) co_return incident;
        if (boot_now_s() >= end_s) co_return Value();
        if (call->cancel->asked())
            co_return fail("cancelled", "Waiting for an acknowledgement was told to stop.",
                           Retry::safe);
        co_await wait_until(*loop, std::min(end_s, boot_now_s() + poll_s));
    }
}

Driver SimulatedChannel::make_driver(Services& services) {
    Driver driver;
    for (const auto& row : notify_family.operations) {
        if (row.effect != Effect::change) continue;
        Handler handler = change_at_once(
            [this](Call& call) { return Result<Before>(before(call)); },
            [this](Call& call, const Value& found) { return act(call, found); },
            [this](Call& call, const Value& found) { return look_for(call, found); });
        if (row.undo.starts_with("by ")) handler.restore = restore_line;
        driver.operations.emplace(row.name, std::move(handler));
    }
    using Read = Value (*)(const NotifyState&, const Call&);
    const std::pair<const char*, Read> reads[] = {{"status", status_of},
                                                  {"list_open", open_incidents}};
    for (const auto& [name, told] : reads)
        driver.operations[name] = observe_at_once([this, told](Call& call) -> Result<Value> {
            const auto state = read();
            if (!state) return state.error();
            return told(**state, call);
        });
    driver.operations["wait_acknowledged"].observe = [this, loop = &services.loop](Call& call) {
        return wait_acknowledged(this, loop, &call);
    };
    return driver;
}

extern constinit const SimulatedKind simulated_notify = {.family = "notify", .make = make};

}  // namespace perilune
