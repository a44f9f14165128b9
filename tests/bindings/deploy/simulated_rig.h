// A simulated application with the artifacts of the family's suite, for tests of it.
#pragma once

#include "interpreter/base/simulated_service.h"
#include "tests/bindings/deploy/deploy_conformance.h"

namespace perilune::test {

inline const std::string web = "deploy/web";

// An app with the artifacts of the family's suite, and one host.
struct AppStage : SimulatedStage {
    explicit AppStage(Value settings = {}) : SimulatedStage(simulated_deploy, web, settings) {
        for (const char* version : {"v1", "v2", "v3"})
            control(web, "put_artifact", with("version", version));
        control(web, "put_artifact", with("version", "bad-1", with("broken", true)));
    }

    DriverRig host() { return {deploy_family, *this, web}; }
    ServiceSight::Kind met(double chance = 0) {
        return world.find_as<SimulatedService>(web)->meet(chance).kind;
    }
};

inline Value blue_and_green() { return with("slots", list_of({"blue", "green"})); }

inline Value healthy_within(const std::string& within) {
    return with("healthy_for", 0, with("within", within));
}

}  // namespace perilune::test
