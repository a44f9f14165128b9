// A simulated world for tests of targets: its clock is virtual, so that what waits is over at once.
#pragma once

#include <algorithm>

#include "interpreter/base/simulation.h"
#include "interpreter/base/virtual_loop.h"
#include "tests/bindings/storage/targets_rig.h"

namespace perilune::test {

// While it is there, this process reads the world's clock.
struct ClockedWorld {
    ClockedWorld() { use_clock(&clock); }
    ~ClockedWorld() { use_clock(nullptr); }
    ClockedWorld(const ClockedWorld&) = delete;
    ClockedWorld& operator=(const ClockedWorld&) = delete;

    VirtualClock clock{.boot_s = 100, .wall_s = 1.8e9};
    SimulatedWorld world{7};
};

// A rig on the world's clock.
inline std::unique_ptr<TargetsRig> make_simulated_rig(const std::shared_ptr<ClockedWorld>& clocked,
                                                      const std::string& folder = {}) {
    return std::make_unique<TargetsRig>(folder, make_virtual_loop(clocked->clock), clocked);
}

// Adds a target of the world to the rig, as a host sees it.
inline void add_simulated(TargetsRig& rig, SimulatedWorld& world, const std::string& target,
                          const Family& family, const SimulatedKind& kind, const Map& values = {}) {
    const Settings settings{.target = target, .values = Value(values), .folder = {}};
    world.add(target, kind.make(settings, world));
    auto driver = world.driver_of(target, rig.services());
    if (!driver.ok()) throw std::runtime_error(driver.error().message);
    rig.add(target, family, std::move(*driver));
}

// Lets the world's time pass.
inline void pass(TargetsRig& rig, double seconds) {
    constexpr double step_s = 200;  // The rig takes longer waits for a hang.
    const double until_s = wall_now_s() + seconds;
    while (wall_now_s() < until_s)
        rig.wait_for_wall_clock(std::min(until_s, wall_now_s() + step_s));
}

}  // namespace perilune::test
