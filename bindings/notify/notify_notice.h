// What every notify driver gives back, whether its message got through or not.
#pragma once

#include "interpreter/base/driver.h"

namespace perilune {

// The message was taken, or was there already (`changed` false).
Outcome delivered(const Call& call, bool changed, const std::string& id = "");

// It was not, or may not have been. Not a failed change, unless the call asks for that.
Outcome undelivered(const Call& call, const Error& error);

// Nothing is read; in a plan the message is shown.
Before before_message(const Call& call);

// The message in one line without control bytes: "CRITICAL region-outage opened: …".
std::string shown_message(const Call& call);

}  // namespace perilune
