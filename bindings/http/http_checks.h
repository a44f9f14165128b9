// Judging answers against what a runbook wants of them, once or until it is so.
#pragma once

#include "bindings/http/http_target.h"

namespace perilune {

Awaitable<Result<Value>> observe_check(HttpTargetPointer target, Call* call);
Awaitable<Result<Value>> observe_wait_ok(HttpTargetPointer target, Call* call);

}  // namespace perilune
