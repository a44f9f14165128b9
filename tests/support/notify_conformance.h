// What every driver of the notify family must do, whatever stands behind it.
#pragma once

#include <functional>
#include <memory>

#include "tests/support/driver_rig.h"

namespace perilune::test {

// A channel that works, and the means to break it and to count what came through.
struct NotifySubject {
    std::shared_ptr<DriverRig> rig;
    std::function<std::size_t()> count;   // Messages that the channel has shown.
    std::function<void()> break_channel;  // From now on nothing is delivered.
    std::shared_ptr<void> channel;
    bool tells_who = true;  // Who acknowledged is known by the name that was given.
};

// The parts about incidents' state are checked where the driver has `status`.
void check_notify_conformance(const std::function<NotifySubject()>& make);

}  // namespace perilune::test
