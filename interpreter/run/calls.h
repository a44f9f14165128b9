// Makes one call of a driver and brings its answer back, masked.
#pragma once

#include <functional>
#include <memory>

#include "interpreter/run/engine_port.h"
#include "interpreter/run/masker.h"

namespace perilune {

// `call` lives until the driver has answered; `done` is called on the loop, never from inside.
void perform_call(Loop& loop, Result<Driver*> driver, std::shared_ptr<Call> call,
                  const CallRequest& request, const Masker& masker,
                  std::function<void(CallAnswer)> done);

}  // namespace perilune
