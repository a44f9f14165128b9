// What every driver of the metrics family must do, whatever stands behind it.
#pragma once

#include <functional>
#include <memory>

#include "tests/support/driver_rig.h"

namespace perilune::test {

// A place whose environment names the queries "some" (42.5 percent), "zero" (0) and "none" (no
// samples), and where "some" was 1, 2 and 3 at the Unix seconds 1000, 1060 and 1120.
struct MetricsSubject {
    std::shared_ptr<DriverRig> rig;
    // Where the driver has alarms: sets the state of the alarm "errors" to "ok" or "firing".
    std::function<void(std::string)> set_alarm;
    std::shared_ptr<void> place;
};

void check_metrics_conformance(const std::function<MetricsSubject()>& make);

}  // namespace perilune::test
