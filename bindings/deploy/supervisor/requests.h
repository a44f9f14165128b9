// What the driver may ask of a target's supervisor. Every request may come twice: the second time
// it finds the world as asked and answers alike.
#pragma once

#include "bindings/deploy/supervisor/rollout.h"

namespace perilune {

// Carries out one request, { do, key, settings } and more. The answer is given after the new state
// is durable.
Result<Value> carry_out(Rollout& rollout, const Value& request);

}  // namespace perilune
