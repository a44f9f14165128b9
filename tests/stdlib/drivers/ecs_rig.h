// A service of Amazon ECS under test: its driver, moto, and images in a repository of ECR.
#pragma once

#include <memory>
#include <string>

#include "interpreter/base/http_client.h"
#include "tests/bindings/deploy/deploy_conformance.h"
#include "tests/interpreter/driver/builtin_rig.h"
#include "tests/services/aws.h"

namespace perilune::test {

struct Ecs {
    // A cluster with the service "web" of two instances, whose first revision is no release.
    explicit Ecs(Value settings = Value(Map{})) {
        aws.boto("ecs", "create_cluster", with("clusterName", "main"));
        aws.boto("ecr", "create_repository", with("repositoryName", "shop/web"));
        for (const auto* tag : {"v1", "v2", "v3", "bad-1"}) put_image(tag);
        make_service("web");
        make_rig(std::move(settings));
    }
    void make_rig(Value settings) {
        if (!settings.has("slots"))
            settings.set("service", "web").set("endpoint", "web.example.net");
        settings.set("cluster", "main").set("image", repository).set("url", aws->url());
        settings.set("region", Aws::region).set("credentials", Aws::credentials());
        open_all();
        rig = std::make_unique<DriverRig>(
            deploy_family, "deploy/web",
            [&](Services& services) -> Result<Driver> {
                const std::shared_ptr<HttpClient> client = HttpClient::make(services.loop);
                services.http = client.get();
                auto made = make_driver(builtin_kind("deploy", "ecs"),
                                        {.target = "deploy/web", .values = settings, .folder = "/"},
                                        services);
                // The client lives as long as the driver, and no longer than its loop.
                if (made) made->state = std::make_shared<Kept>(Kept{client, made->state});
                return made;
            },
            "/nowhere");
    }
    ~Ecs() { open_all(); }

    struct Kept {
        std::shared_ptr<HttpClient> client;
        std::shared_ptr<void> state;
    };

    Value see(const std::string& operation, Value arguments = Value(Map{})) const {
        auto seen = rig->observe(operation, std::move(arguments));
        REQUIRE_MESSAGE(seen.ok(), (seen.ok() ? "" : seen.error().message));
        return *seen;
    }
    static void open_all() {
        DriverRig::kept()["ID"] = Aws::key_id;
        DriverRig::kept()["KEY"] = Aws::key;
        DriverRig::kept()["TOKEN"] = Aws::token;
    }
    void put_image(const std::string& tag) const {
        const std::string type = "application/vnd.docker.distribution.manifest.v2+json";
        const std::string manifest = R"({"schemaVersion":2,"mediaType":")" + type +
                                     R"(","config":{"digest":"sha256:)" + tag +
                                     R"(","size":7},"layers":[]})";
        aws.boto("ecr", "put_image",
                 with("repositoryName", "shop/web", with("imageTag", tag))
                     .set("imageManifest", manifest));
    }
    void make_service(const std::string& name) const {
        const Value variable = with("name", "KEPT", with("value", "yes"));
        const Value container = with("name", name, with("image", repository + ":none"))
                                    .set("environment", List{variable})
                                    .set("essential", true)
                                    .set("memory", 128);
        aws.boto("ecs", "register_task_definition",
                 with("family", name)
                     .set("containerDefinitions", List{container})
                     .set("cpu", "256")
                     .set("memory", "512")
                     .set("tags", List{with("key", "perilune-variables", with("value", "first"))}));
        aws.boto("ecs", "create_service",
                 with("cluster", "main")
                     .set("serviceName", name)
                     .set("taskDefinition", name)
                     .set("desiredCount", 2));
    }
    // What boto3 sees.
    Value boto_service(const std::string& name = "web") const {
        return aws
            .boto("ecs", "describe_services",
                  with("cluster", "main", with("services", List{name})))["services"]
            .list()
            .at(0);
    }
    Value boto_container(const std::string& revision) const {
        return aws
            .boto("ecs", "describe_task_definition",
                  with("taskDefinition", revision))["taskDefinition"]["containerDefinitions"]
            .list()
            .at(0);
    }
    std::size_t revisions(const std::string& family = "web") const {
        return aws
            .boto("ecs", "list_task_definitions",
                  with("familyPrefix", family))["taskDefinitionArns"]
            .list()
            .size();
    }

    inline static const std::string repository =
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web";
    Aws aws;
    std::unique_ptr<DriverRig> rig;
};

}  // namespace perilune::test
