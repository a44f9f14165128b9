#include "interpreter/base/at_once.h"

namespace perilune {

Handler observe_at_once(std::function<Result<Value>(Call&)> observe) {
    Handler made;
    made.observe = [observe = std::move(observe)](Call& call) -> Awaitable<Result<Value>> {
        co_return observe(call);
    };
    return made;
}

Handler change_at_once(
    std::function<Result<Before>(Call&)> before, std::function<Outcome(Call&, const Value&)> act,
    std::function<Sighting(Call&, const Value&)> look,
    std::function<std::optional<Restore>(const Call&, const Value&, const Value&)> restore) {
    Handler made;
    made.before = [before = std::move(before)](Call& call) -> Awaitable<Result<Before>> {
        co_return before(call);
    };
    made.act = [act = std::move(act)](Call& call, const Value& found) -> Awaitable<Outcome> {
        co_return act(call, found);
    };
    if (look)
        made.look = [look = std::move(look)](Call& call,
                                             const Value& found) -> Awaitable<Sighting> {
            co_return look(call, found);
        };
    made.restore = std::move(restore);
    return made;
}

}  // namespace perilune
