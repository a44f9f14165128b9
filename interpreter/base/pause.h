// Waits of a driver that a request to stop cuts short.
#pragma once

#include <memory>

#include "interpreter/base/driver.h"

namespace perilune {

// Waits until the boot clock reaches `at_s`. False as soon as a stop was asked for.
Awaitable<bool> pause_until(Loop& loop, double at_s, std::shared_ptr<Cancel> cancel);

}  // namespace perilune
