// What a drill's settings say about services that are not started yet.
#include <doctest/doctest.h>

#include "interpreter/library/services.h"
#include "tests/interpreter/library/temporary_library.h"

using namespace perilune;

namespace {

const std::string file = "environments/production.yaml";
constexpr std::string_view drill = R"(kind: drill
services:
  primary: { program: postgres }
targets:
  database/main:
    driver: postgres
    url: "postgres://app@{services.primary.host}:{services.primary.port}/app"
    port: "{services.primary.port}"
    pooled: "{services.primary.pooled}"
    schemas: ["{services.primary.schema}", public]
)";

std::optional<std::string> primary(std::string_view name) {
    if (name == "primary.host") return "127.0.0.1";
    if (name == "primary.port") return "15432";
    if (name == "primary.pooled") return "false";
    if (name == "primary.schema") return "shop";
    return std::nullopt;
}

std::string refused(std::string_view kind, std::string_view url) {
    const TemporaryLibrary folder;
    return refusal(load_text(folder, "kind: " + std::string(kind) +
                                         "\nservices:\n  primary: { program: postgres }\ntargets:\n"
                                         "  database/main: { driver: postgres, url: \"" +
                                         std::string(url) + "\" }\n"));
}

}  // namespace

TEST_CASE("keeps_references_until_the_drill_fills_them_in") {
    const TemporaryLibrary folder;
    const auto environment = load_text(folder, drill);
    INFO(refusal(environment));
    REQUIRE(environment.ok());
    const auto& target = environment->targets.at("database/main");
    CHECK(target.needs_services);
    CHECK(target.settings.values["port"] == Value("{services.primary.port}"));
    CHECK(environment->services["primary"]["program"] == Value("postgres"));
    const auto filled = fill_services(target.settings, postgres_settings, primary);
    INFO(refusal(filled));
    REQUIRE(filled.ok());
    CHECK(filled->values["url"] == Value("postgres://app@127.0.0.1:15432/app"));
    CHECK(filled->values["port"] == Value(15432));
    CHECK(filled->values["pooled"] == Value(false));
    CHECK(filled->values["schemas"] == Value(List{"shop", "public"}));
    CHECK(filled->target == "database/main");
}

TEST_CASE("refuses_to_fill_in_what_a_service_does_not_say") {
    const Settings settings = {.target = "database/main",
                               .values = Value(Map{{"url", "{services.primary.socket}"}}),
                               .folder = ""};
    CHECK(
        refusal(fill_services(settings, postgres_settings, primary)) ==
        "The setting \"{services.primary.socket}\" refers to \"primary.socket\", which no service "
        "of this drill gives. Correct the name in the environment.");
    const Settings port = {.target = "database/main",
                           .values = Value(Map{{"port", "{services.primary.host}"}}),
                           .folder = ""};
    CHECK(refusal(fill_services(port, postgres_settings, primary)) ==
          "port of database/main must be a whole number, but it is \"127.0.0.1\".");
}

TEST_CASE("refuses_references_that_nothing_will_fill_in") {
    CHECK(refused("drill", "{services.primry.url}") ==
          file +
              ":5:43: url of database/main refers to the service \"primry\", which this "
              "environment does not start. Did you mean \"primary\"? Add it under \"services\".");
    CHECK(refused("drill", "{services.primary url}") ==
          file +
              ":5:43: url of database/main refers to a service in a way that cannot be read. "
              "Write {services.NAME}.");
    const std::string production = refused("production", "{services.primary.url}");
    CHECK(holds(production, file +
                                ":3:3: Services are started for a drill or development only, but "
                                "this environment is of kind production."));
    CHECK(holds(production, "refers to the service \"primary\", which this environment does not"));
}
