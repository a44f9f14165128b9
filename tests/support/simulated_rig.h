// A world with one simulated target, on virtual time, driven as a host would drive it.
#pragma once

#include <doctest/doctest.h>

#include "interpreter/base/simulation.h"
#include "tests/support/driver_rig.h"

namespace perilune::test {

// The clock that this process reads while it lives; several rigs of one test may share it.
class VirtualTime {
public:
    VirtualTime() { use_clock(&clock); }
    ~VirtualTime() { use_clock(nullptr); }
    VirtualTime(const VirtualTime&) = delete;
    VirtualTime& operator=(const VirtualTime&) = delete;

    void pass(double seconds) { clock.advance_to(clock.boot_s + seconds); }

    VirtualClock clock{.boot_s = 1000, .wall_s = 1.8e9};
};

class SimulatedRig : public DriverRig {
public:
    SimulatedRig(VirtualTime& time, const Family& family, const SimulatedKind& kind,
                 const std::string& target, const Value& settings = Map{})
        : DriverRig(family, target, time.clock), target_(target) {
        world.add(target, kind.make({.target = target, .values = settings, .folder = {}}, world));
        restart();
    }

    // A new host comes, and makes its own driver.
    void restart() {
        auto made = world.driver_of(target_, services());
        REQUIRE(made.ok());
        use(std::move(*made));
    }

    Value see() { return world.find(target_)->look(); }

    Value control(std::string_view name, const Value& arguments = Map{}) {
        const auto done = world.find(target_)->control(name, arguments);
        REQUIRE_MESSAGE(done.ok(), std::string(name), ": ", done.error().message);
        return *done;
    }

    void fault(SimulatedFault::Kind kind, const std::string& operation = "") {
        SimulatedFault made{.kind = kind, .target = target_};
        made.operation = operation;
        world.add_fault(std::move(made));
    }

    SimulatedWorld world{7};

private:
    std::string target_;
};

}  // namespace perilune::test
