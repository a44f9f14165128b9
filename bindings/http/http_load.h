// A bounded generator of GET requests at a constant rate.
#pragma once

#include "bindings/http/http_target.h"

namespace perilune {

Awaitable<Outcome> act_load(HttpTargetPointer target, Call* call);

}  // namespace perilune
