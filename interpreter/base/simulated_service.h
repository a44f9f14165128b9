// How a request from outside meets a simulated target that serves: an app is one, and a simulated
// http target asks the one that it stands in front of.
#pragma once

#include "interpreter/base/value.h"

namespace perilune {

struct ServiceSight {
    enum class Kind {
        refused,      // Nothing listens: it is stopped, or cut off.
        unhealthy,    // What is in front of it has nothing to ask.
        maintenance,  // It says that it is being worked on.
        serves,
    };
    Kind kind = Kind::refused;
    Value about = {};  // A map: version, release_id, slot, message.
};

class SimulatedService {
public:
    virtual ~SimulatedService() = default;
    // `chance`, 0 ≤ chance < 1, says whose share of the requests this one falls into.
    virtual ServiceSight meet(double chance) = 0;
};

}  // namespace perilune
