#include "interpreter/base/simulation.h"

#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

// One call's faults and latency, in front of a target's own handler. `base` lives as long as the
// driver that holds both.
struct Wrapped {
    SimulatedWorld& world;
    Loop& loop;
    Handler base;
};

Error lost_answer(const Call& call) {
    return fail("connection_lost",
                call.target + " did not answer " + call.operation + ": the connection was lost.",
                Retry::unknown);
}

Error not_reached(const Call& call) {
    return fail("connection_refused", call.target + " refused the connection.", Retry::safe);
}

// What somebody else does just before a call is executed.
void let_others_act(const SimulatedWorld& world, const std::optional<SimulatedFault>& fault,
                    const Call& call) {
    if (fault && fault->kind == SimulatedFault::Kind::meanwhile && world.on_meanwhile)
        world.on_meanwhile(fault->body, call);
}

Awaitable<Result<Value>> observe(std::shared_ptr<Wrapped> wrapped, Call& call) {
    const SimulatedCall met{call.target, call.operation, false};
    const std::optional<SimulatedFault> fault = wrapped->world.meet(met);
    const double late_s = fault && fault->kind == SimulatedFault::Kind::late ? fault->late_s : 0;
    const double takes_s = wrapped->world.observe_takes_s + late_s;
    co_await wait_until(wrapped->loop, std::min(boot_now_s() + takes_s, call.deadline_s));
    if (boot_now_s() >= call.deadline_s)
        co_return fail("timed_out", call.target + " did not answer in time.", Retry::safe);
    if (fault && fault->kind == SimulatedFault::Kind::failed) co_return fault->error;
    if (fault && fault->kind == SimulatedFault::Kind::after)
        co_return fail("connection_lost", lost_answer(call).message, Retry::safe);
    if (fault && fault->kind != SimulatedFault::Kind::late &&
        fault->kind != SimulatedFault::Kind::meanwhile)
        co_return not_reached(call);
    let_others_act(wrapped->world, fault, call);
    auto answer = wrapped->base.observe(call);
    co_return co_await answer;
}

Awaitable<Result<Before>> before(std::shared_ptr<Wrapped> wrapped, Call& call) {
    co_await wait_until(wrapped->loop, boot_now_s() + wrapped->world.observe_takes_s);
    auto answer = wrapped->base.before(call);
    co_return co_await answer;
}

Awaitable<Outcome> act_with(std::shared_ptr<Wrapped> wrapped, Call& call, Value before,
                            std::optional<SimulatedFault> fault) {
    const double takes_s = wrapped->world.change_takes_s;
    if (fault && fault->kind == SimulatedFault::Kind::before)
        co_return Outcome::not_sent(not_reached(call));
    if (fault && fault->kind == SimulatedFault::Kind::throttled)
        co_return Outcome::not_sent(fail("throttled", call.target + " asks to wait.", Retry::safe),
                                    fault->late_s);
    co_await wait_until(wrapped->loop, boot_now_s() + takes_s);
    if (fault && fault->kind == SimulatedFault::Kind::dropped)
        co_return Outcome::unknown(lost_answer(call));
    if (fault && fault->kind == SimulatedFault::Kind::failed)
        co_return Outcome::failed(fault->error);
    let_others_act(wrapped->world, fault, call);
    auto acted = wrapped->base.act(call, before);
    Outcome outcome = co_await acted;
    if (fault && fault->kind == SimulatedFault::Kind::after)
        co_return Outcome::unknown(lost_answer(call));
    if (fault && fault->kind == SimulatedFault::Kind::late) {
        const double answered_s = boot_now_s() + fault->late_s;
        co_await wait_until(wrapped->loop, std::min(answered_s, call.deadline_s));
        if (answered_s > call.deadline_s) co_return Outcome::unknown(lost_answer(call));
    }
    co_return outcome;
}

std::string_view to_text(Outcome::Kind kind) {
    switch (kind) {
        case Outcome::Kind::done: return "done";
        case Outcome::Kind::failed: return "failed";
        case Outcome::Kind::unknown: return "unknown";
        case Outcome::Kind::not_sent: return "not_sent";
    }
    return "";
}

Awaitable<Outcome> act(std::shared_ptr<Wrapped> wrapped, Call& call, const Value& before) {
    const SimulatedCall met{call.target, call.operation, true};
    const std::optional<SimulatedFault> fault = wrapped->world.meet(met);
    auto acted = act_with(wrapped, call, before, fault);
    Outcome outcome = co_await acted;
    SimulatedAct made;
    made.at = wall_now_s();
    made.target = call.target;
    made.operation = call.operation;
    made.arguments = call.arguments;
    made.key = call.key;
    made.epoch = call.epoch;
    made.outcome = to_text(outcome.kind);
    made.happened = outcome.kind == Outcome::Kind::done || outcome.left_some ||
                    (outcome.kind == Outcome::Kind::unknown && fault &&
                     fault->kind != SimulatedFault::Kind::dropped);
    wrapped->world.note(std::move(made));
    co_return outcome;
}

Awaitable<Sighting> look(std::shared_ptr<Wrapped> wrapped, Call& call, const Value& before) {
    co_await wait_until(wrapped->loop, boot_now_s() + wrapped->world.observe_takes_s);
    auto seen = wrapped->base.look(call, before);
    co_return co_await seen;
}

Handler wrap(SimulatedWorld& world, Loop& loop, Handler base) {
    auto wrapped = std::make_shared<Wrapped>(Wrapped{world, loop, std::move(base)});
    const Handler& inner = wrapped->base;
    Handler made;
    made.restore = inner.restore;
    if (inner.observe) made.observe = [wrapped](Call& call) { return observe(wrapped, call); };
    if (inner.before) made.before = [wrapped](Call& call) { return before(wrapped, call); };
    if (inner.act)
        made.act = [wrapped](Call& call, const Value& found) { return act(wrapped, call, found); };
    if (inner.look)
        made.look = [wrapped](Call& call, const Value& found) {
            return look(wrapped, call, found);
        };
    return made;
}

// A handler that is only reached where there is no refusal.
struct Refusing {
    Handler base;
    std::function<std::optional<Error>()> refusal;
};

Awaitable<Result<Value>> observe_or_refuse(std::shared_ptr<Refusing> refusing, Call& call) {
    if (const auto refused = refusing->refusal()) co_return *refused;
    auto answer = refusing->base.observe(call);
    co_return co_await answer;
}

Awaitable<Result<Before>> before_or_refuse(std::shared_ptr<Refusing> refusing, Call& call) {
    if (const auto refused = refusing->refusal()) co_return *refused;
    auto answer = refusing->base.before(call);
    co_return co_await answer;
}

Awaitable<Outcome> act_or_refuse(std::shared_ptr<Refusing> refusing, Call& call,
                                 const Value& before) {
    if (const auto refused = refusing->refusal()) co_return Outcome::not_sent(*refused);
    auto acted = refusing->base.act(call, before);
    co_return co_await acted;
}

Awaitable<Sighting> look_or_refuse(std::shared_ptr<Refusing> refusing, Call& call,
                                   const Value& before) {
    Sighting none;
    if (const auto refused = refusing->refusal()) none.evidence = refused->message;
    if (!none.evidence.empty()) co_return none;
    auto seen = refusing->base.look(call, before);
    co_return co_await seen;
}

}  // namespace

void SimulatedWorld::add(const std::string& target, std::unique_ptr<SimulatedTarget> made) {
    targets_[target] = std::move(made);
}

const std::string& SimulatedWorld::own_name(const std::string& target) const {
    const auto other = names_.find(target);
    return other == names_.end() ? target : other->second;
}

SimulatedTarget* SimulatedWorld::find(const std::string& target) const {
    const auto found = targets_.find(own_name(target));
    return found == targets_.end() ? nullptr : found->second.get();
}

Result<Driver> SimulatedWorld::driver_of(const std::string& target, Services& services) {
    SimulatedTarget* found = find(target);
    if (!found) return fail("no_target", "The simulated world has no target " + target + ".");
    Driver driver = found->make_driver(services);
    for (auto& [name, handler] : driver.operations) {
        if (recorded_)
            handler = recorded_->wrap(services.loop, target + ":" + name, std::move(handler));
        handler = wrap(*this, services.loop, std::move(handler));
    }
    return driver;
}

void SimulatedWorld::answer_as_recorded(const Value& given, double starts_at) {
    recorded_ = std::make_unique<RecordedAnswers>(given, starts_at);
    observe_takes_s = 0;
    change_takes_s = 0;
}

void SimulatedWorld::note(SimulatedAct made) {
    acts_.push_back(std::move(made));
    // A copy: what is called may let more happen.
    const SimulatedAct told = acts_.back();
    if (on_act) on_act(told);
}

std::optional<SimulatedFault> SimulatedWorld::meet(const SimulatedCall& call) {
    calls_.push_back(call);
    for (auto& fault : faults_) {
        if (fault.target != call.target || fault.times == 0) continue;
        if (!fault.operation.empty() && fault.operation != call.operation) continue;
        if (fault.skip > 0) {
            --fault.skip;
            continue;
        }
        if (fault.times > 0) --fault.times;
        return fault;
    }
    return std::nullopt;
}

// The generator of Steele, Lea and Flood ("Fast splittable pseudorandom number generators").
double SimulatedWorld::chance() {
    std::uint64_t z = chance_ += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

Handler refuse_where(Handler base, std::function<std::optional<Error>()> refusal) {
    const auto kept = std::make_shared<Refusing>(Refusing{std::move(base), std::move(refusal)});
    const Handler& inner = kept->base;
    Handler made;
    made.restore = inner.restore;
    if (inner.observe) made.observe = [kept](Call& call) { return observe_or_refuse(kept, call); };
    if (inner.before) made.before = [kept](Call& call) { return before_or_refuse(kept, call); };
    if (inner.act)
        made.act = [kept](Call& call, const Value& found) {
            return act_or_refuse(kept, call, found);
        };
    if (inner.look)
        made.look = [kept](Call& call, const Value& found) {
            return look_or_refuse(kept, call, found);
        };
    return made;
}

Error unknown_control(std::string_view name, const std::vector<std::string_view>& known) {
    std::vector<std::string> names(known.begin(), known.end());
    std::string text = "There is no " + std::string(name) + " here";
    for (std::size_t i = 0; i < names.size(); ++i)
        text += (i == 0 ? "; there is " : ", ") + names[i];
    return fail("unknown_control", text + "." + did_you_mean(std::string(name), names));
}

}  // namespace perilune
