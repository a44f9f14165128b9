// The services of a drill: their order, their addresses, what they tell, and what stays secret.
#include "interpreter/drill/service_layout.h"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "interpreter/library/services.h"
#include "tests/support/temporary_folder.h"

namespace perilune::test {

namespace {

namespace fs = std::filesystem;

constexpr const char* service = R"(#!/bin/sh
[ "$1" = facts ] || exit 3
others=$(cat "$SERVICE_FACTS")
printf '{"url": "x://%s:%s", "key": "k-%s", "saw": "%s", "secrets": ["key"]}' \
    "$SERVICE_ADDRESS" "$SERVICE_PORT" "$SERVICE_NAME" "${#others}"
)";

Value services(const char* json) { return *from_json(json); }

struct Laid {
    TemporaryFolder folder;
    Library library;
    Environment environment;

    explicit Laid(const char* json, const char* program = service) {
        library.folder = folder.path();
        fs::create_directories(folder.path() + "/services");
        std::ofstream(folder.path() + "/services/thing") << program;
        fs::permissions(folder.path() + "/services/thing", fs::perms::owner_all);
        fs::create_directories(folder.path() + "/drill");
        environment.services = services(json);
    }
    Result<ServiceLayout> lay_out() const {
        return lay_out_services(library, environment, folder.path() + "/drill");
    }
};

}  // namespace

TEST_CASE("a_service_comes_after_those_that_its_settings_name") {
    const auto order = service_order(
        services(R"({"a": {"kind": "x", "replica_of": "z"}, "m": {"kind": "x", "after": ["a"]},
                     "z": {"kind": "x"}})"));
    REQUIRE(order);
    CHECK(*order == std::vector<std::string>{"z", "a", "m"});
}

TEST_CASE("services_that_need_each_other_are_refused") {
    const auto order =
        service_order(services(R"({"a": {"after": "b"}, "b": {"after": "a"}, "c": {}})"));
    REQUIRE_FALSE(order);
    CHECK(order.error().message.find("circle") != std::string::npos);
}

TEST_CASE("each_service_has_an_address_of_its_own_and_knows_those_before_it") {
    const Laid laid(R"({"one": {"kind": "thing"}, "two": {"kind": "thing", "after": "one"}})");
    const auto layout = laid.lay_out();
    REQUIRE(layout);
    const Value& facts = layout->services["facts"];
    CHECK(facts["one"]["address"].text() != facts["two"]["address"].text());
    CHECK(facts["one"]["port"] == facts["two"]["port"]);
    CHECK(facts["one"]["address"].text().starts_with("127."));
    CHECK(std::stoi(facts["two"]["saw"].text()) > std::stoi(facts["one"]["saw"].text()));
    CHECK(fs::is_directory(facts["one"]["folder"].text()));
}

TEST_CASE("secrets_of_services_are_only_in_files_that_nobody_else_reads") {
    const Laid laid(R"({"one": {"kind": "thing"}})");
    const auto layout = laid.lay_out();
    REQUIRE(layout);
    CHECK(to_json(layout->services).find("k-one") == std::string::npos);
    const std::string file = layout->services["secrets_file"].text();
    CHECK(fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
    std::ifstream stream(file);
    const std::string text((std::istreambuf_iterator<char>(stream)), {});
    CHECK((*from_json(text))["one.key"] == Value("k-one"));
    const auto value = service_values(layout->services)("one.key");
    REQUIRE(value);
    CHECK(value->is_secret());
    CHECK_FALSE(service_values(layout->services)("one.none"));
}

TEST_CASE("text_around_a_secret_fact_makes_a_secret_of_it_all") {
    const Laid laid(R"({"one": {"kind": "thing"}})");
    const auto layout = laid.lay_out();
    REQUIRE(layout);
    const auto joined =
        fill_services(Value("user:{services.one.key}@host"), service_values(layout->services));
    REQUIRE(joined);
    REQUIRE(joined->is_secret());
    CHECK(show_secret(*joined->secret()) == "user:[secret one.key]@host");
}

TEST_CASE("a_service_that_cannot_say_its_facts_is_named_with_its_last_words") {
    const Laid laid(R"({"one": {"kind": "thing"}})", "#!/bin/sh\necho no disk >&2; exit 1\n");
    const auto layout = laid.lay_out();
    REQUIRE_FALSE(layout);
    CHECK(layout.error().message.find("no disk") != std::string::npos);
    const Laid unknown(R"({"one": {"kind": "other"}})");
    const auto missing = unknown.lay_out();
    REQUIRE_FALSE(missing);
    CHECK(missing.error().message.find("services/other") != std::string::npos);
}

}  // namespace perilune::test
