// Handlers of simulated targets whose work takes no time of its own: plain functions, on the loop.
#pragma once

#include "interpreter/base/driver.h"

namespace perilune {

// As observe_blocking and change_blocking, but without another thread: a world in memory has one.
Handler observe_at_once(std::function<Result<Value>(Call&)> observe);
Handler change_at_once(
    std::function<Result<Before>(Call&)> before, std::function<Outcome(Call&, const Value&)> act,
    std::function<Sighting(Call&, const Value&)> look = {},
    std::function<std::optional<Restore>(const Call&, const Value&, const Value&)> restore = {});

}  // namespace perilune
