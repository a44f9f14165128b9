// A simulated world on a virtual clock, for tests of its targets: waiting takes no time.
#pragma once

#include <doctest/doctest.h>

#include "interpreter/base/simulation.h"
#include "interpreter/base/virtual_loop.h"

namespace perilune::test {

class SimulatedStage {
public:
    SimulatedStage() { use_clock(&clock); }
    SimulatedStage(const SimulatedKind& kind, const std::string& target, Value settings = {})
        : SimulatedStage() {
        add(kind, target, std::move(settings));
    }
    ~SimulatedStage() { use_clock(nullptr); }
    SimulatedStage(const SimulatedStage&) = delete;
    SimulatedStage& operator=(const SimulatedStage&) = delete;

    void add(const SimulatedKind& kind, const std::string& target, Value settings = {}) {
        const Settings given = {.target = target, .values = std::move(settings), .folder = {}};
        world.add(target, kind.make(given, world));
    }

    std::unique_ptr<Loop> make_loop() { return make_virtual_loop(clock); }
    void pass(double seconds) { clock.advance_to(clock.boot_s + seconds); }

    Value control(const std::string& target, std::string_view name, const Value& arguments = {}) {
        const auto done = world.find(target)->control(name, arguments);
        REQUIRE_MESSAGE(done.ok(), (done.ok() ? "" : done.error().message));
        return *done;
    }
    Value look(const std::string& target) { return world.find(target)->look(); }

    VirtualClock clock{.boot_s = 1000, .wall_s = 1.8e9};
    SimulatedWorld world{7};
};

}  // namespace perilune::test
