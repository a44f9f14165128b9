// One simulated target of a stage, driven as a host would drive it, and as a test does from
// outside.
#pragma once

#include "tests/support/driver_rig.h"

namespace perilune::test {

class SimulatedRig : public DriverRig {
public:
    SimulatedRig(SimulatedStage& stage, const Family& family, const SimulatedKind& kind,
                 const std::string& target, const Value& settings = Map{})
        : DriverRig(family, with(stage, kind, target, settings), target),
          world(stage.world),
          target_(target) {}

    // The driver that a new host makes.
    Driver make_driver() {
        Services services{.loop = loop()};
        auto made = world.driver_of(target_, services);
        REQUIRE(made.ok());
        return std::move(*made);
    }
    void restart() { driver() = make_driver(); }

    Value see() { return world.find(target_)->look(); }

    Value control(std::string_view name, const Value& arguments = Map{}) {
        const auto done = world.find(target_)->control(name, arguments);
        REQUIRE_MESSAGE(done.ok(), (done.ok() ? "" : done.error().message));
        return *done;
    }

    void fault(SimulatedFault::Kind kind, const std::string& operation = "") {
        SimulatedFault made{.kind = kind, .target = target_};
        made.operation = operation;
        world.add_fault(std::move(made));
    }

    SimulatedWorld& world;

private:
    static SimulatedStage& with(SimulatedStage& stage, const SimulatedKind& kind,
                                const std::string& target, const Value& settings) {
        stage.add(kind, target, settings);
        return stage;
    }

    std::string target_;
};

}  // namespace perilune::test
