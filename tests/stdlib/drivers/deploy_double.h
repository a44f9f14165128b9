// A deploy driver that talks to a double, for the family's suite and the provider's own traps.
#pragma once

#include <memory>
#include <string>

#include "interpreter/base/http_client.h"
#include "tests/bindings/deploy/deploy_conformance.h"
#include "tests/interpreter/driver/builtin_rig.h"
#include "tests/services/double.h"

namespace perilune::test {

struct DeployDouble {
    // `settings` are completed by the double's url; the secret "token" opens to the double's.
    DeployDouble(const std::string& name, Value settings) : double_(name) {
        DriverRig::kept()["token"] = Double::token;
        settings.set("url", double_.url());
        rig = std::make_unique<DriverRig>(
            deploy_family, "deploy/web",
            [&](Services& services) -> Result<Driver> {
                const std::shared_ptr<HttpClient> client = HttpClient::make(services.loop);
                services.http = client.get();
                Settings given{.target = "deploy/web", .values = settings, .folder = "/"};
                auto made = make_driver(builtin_kind("deploy", name), given, services);
                // The client lives as long as the driver.
                if (made) made->state = std::make_shared<Kept>(Kept{client, made->state});
                return made;
            },
            "/nowhere");
    }
    struct Kept {
        std::shared_ptr<HttpClient> client;
        std::shared_ptr<void> state;
    };

    Double double_;
    std::unique_ptr<DriverRig> rig;
};

}  // namespace perilune::test
