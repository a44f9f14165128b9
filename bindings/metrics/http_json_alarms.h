// Alarms of a JSON endpoint: reading them once, and waiting until they are clear.
#pragma once

#include "bindings/metrics/http_json_endpoint.h"

namespace perilune {

Awaitable<Result<Value>> observe_alarms(JsonEndpointPointer endpoint, Call* call);
Awaitable<Result<Value>> observe_wait_clear(JsonEndpointPointer endpoint, Call* call);

}  // namespace perilune
