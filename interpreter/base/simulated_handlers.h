// Handlers of targets in memory, whose operations are done at once: no thread, nothing to wait for.
#pragma once

#include "interpreter/base/driver.h"

namespace perilune {

Handler observe_at_once(std::function<Result<Value>(Call&)> observe);
// As change_blocking, on the loop itself.
Handler change_at_once(
    std::function<Result<Before>(Call&)> before,
    std::function<Outcome(Call&, const Value& before)> act,
    std::function<Sighting(Call&, const Value& before)> look = {},
    std::function<std::optional<Restore>(const Call&, const Value&, const Value&)> restore = {});

// Asks again and again, at growing pauses of at most a second, until `seen` gives a value, an error
// or the time is up: then nil. A request to stop ends the wait as its end does.
Awaitable<Result<Value>> wait_for_value(Loop& loop, double until_s, std::shared_ptr<Cancel> cancel,
                                        std::function<Result<Value>()> seen);

}  // namespace perilune
