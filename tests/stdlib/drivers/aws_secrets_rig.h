// A secret store of AWS under test: its driver, moto, and the secrets that its calls open.
#pragma once

#include "bindings/secrets/secrets.h"
#include "tests/bindings/secrets/secrets_conformance.h"
#include "tests/interpreter/driver/lua_rig.h"
#include "tests/services/aws.h"

namespace perilune::test {

struct AwsSecrets {
    explicit AwsSecrets(const std::string& driver, Value settings = Value(Map{}))
        : services{.loop = loop.loop()} {
        services.http = &loop.http();
        services.open_secret = [this](const Value& value) -> Result<std::string> {
            if (open_first) return open_first(value);
            return value.is_secret() ? rig->secrets.at(value.secret()->pieces.at(0).name)
                                     : value.text();
        };
        services.keep_secret = [this](const std::string& name, const std::string& value) {
            rig->secrets[name] = value;
            return make_secret(name, "(host)");
        };
        settings.set("url", aws->url()).set("region", Aws::region);
        settings.set("credentials", Aws::credentials());
        auto made =
            make_driver(builtin_kind("secrets", driver),
                        {.target = "secrets/app", .values = settings, .folder = "/"}, services);
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
        rig = std::make_unique<CallRig>(loop, secrets_family, std::move(*made), "secrets/app");
        rig->secrets = {{"ID", Aws::key_id}, {"KEY", Aws::key}, {"TOKEN", Aws::token}};
    }
    Outcome::Kind outcome() const { return rig->last().outcome.kind; }

    Aws aws;
    LoopRig loop;
    Services services;
    std::unique_ptr<CallRig> rig;
    // In place of the rig's secrets, where it is set.
    std::function<Result<std::string>(const Value&)> open_first;
};

}  // namespace perilune::test
