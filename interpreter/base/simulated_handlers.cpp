#include "interpreter/base/simulated_handlers.h"

#include <algorithm>

#include "interpreter/base/pause.h"

namespace perilune {

namespace {

// Of what a handler gave, as a task that is over when it begins. What it is called with is kept in
// the coroutine's frame: a handler may be gone when the loop comes to it.
template <class T>
Awaitable<T> at_once(std::function<T(Call&, const Value&)> made, Call* call, Value before) {
    co_return made(*call, before);
}

}  // namespace

Handler observe_at_once(std::function<Result<Value>(Call&)> observe) {
    using Made = std::function<Result<Value>(Call&, const Value&)>;
    const Made made = [observe](Call& call, const Value&) { return observe(call); };
    Handler handler;
    handler.observe = [made](Call& call) { return at_once(made, &call, Value()); };
    return handler;
}

Handler change_at_once(
    std::function<Result<Before>(Call&)> before, std::function<Outcome(Call&, const Value&)> act,
    std::function<Sighting(Call&, const Value&)> look,
    std::function<std::optional<Restore>(const Call&, const Value&, const Value&)> restore) {
    using Made = std::function<Result<Before>(Call&, const Value&)>;
    const Made found = [before](Call& call, const Value&) { return before(call); };
    Handler handler;
    handler.before = [found](Call& call) { return at_once(found, &call, Value()); };
    if (act)
        handler.act = [act](Call& call, const Value& state) { return at_once(act, &call, state); };
    if (look)
        handler.look = [look](Call& call, const Value& state) {
            return at_once(look, &call, state);
        };
    handler.restore = std::move(restore);
    return handler;
}

Awaitable<Result<Value>> wait_for_value(Loop& loop, double until_s, std::shared_ptr<Cancel> cancel,
                                        std::function<Result<Value>()> seen) {
    for (double pause_s = 0.05;; pause_s = std::min(pause_s * 1.5, 1.0)) {
        auto found = seen();
        if (!found || !found->is_nil()) co_return found;
        if (boot_now_s() >= until_s || cancel->asked()) co_return Value();
        const double next_s = std::min(boot_now_s() + pause_s, until_s);
        const bool waited = co_await pause_until(loop, next_s, cancel);
        if (!waited) co_return Value();
    }
}

}  // namespace perilune
