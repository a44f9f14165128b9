// The notify family: one channel to people, and the drivers that need no provider's own API.
#pragma once

#include "interpreter/base/simulation.h"

namespace perilune {

extern const Family notify_family;
extern const DriverKind notify_console_kind;
extern const DriverKind notify_file_kind;
extern const DriverKind notify_webhook_kind;
extern const DriverKind notify_smtp_kind;

// A channel in memory, and the people who read it.
extern const SimulatedKind simulated_notify;

}  // namespace perilune
