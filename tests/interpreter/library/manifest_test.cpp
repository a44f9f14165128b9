// `perilune.yaml` and the versions of dependencies.
#include <doctest/doctest.h>

#include "interpreter/library/manifest.h"
#include "tests/interpreter/library/temporary_library.h"

using namespace perilune;

namespace {

std::string refused(std::string_view text) {
    return refusal(parse_manifest(text, "perilune.yaml"));
}

}  // namespace

TEST_CASE("reads_a_manifest_with_its_dependencies") {
    const auto manifest = parse_manifest(
        "name: shop\nversion: 1.10.0\nsummary: Recovery of the shop\ndependencies:\n"
        "  - { name: common, path: ../common, version: \"1.4\" }\n",
        "perilune.yaml");
    REQUIRE(manifest.ok());
    CHECK(manifest->name == "shop");
    CHECK(manifest->version == "1.10.0");
    CHECK(manifest->summary == "Recovery of the shop");
    REQUIRE(manifest->dependencies.size() == 1);
    CHECK(manifest->dependencies[0].path == "../common");
    CHECK(manifest->dependencies[0].version == "1.4");
    CHECK(show(manifest->dependencies[0].place) == "perilune.yaml:5:5");
}

TEST_CASE("refuses_wrong_manifests_with_place_and_suggestion") {
    CHECK(refused("") ==
          "perilune.yaml:1:1: It must have at least \"name\" and \"version\". Add "
          "them.");
    CHECK(refused("name: shop\nversion: 1.0.0\ndependancies: []\n") ==
          "perilune.yaml:3:1: A library has no key \"dependancies\". Did you mean "
          "\"dependencies\"?");
    CHECK(refused("name: Shop\nversion: 1.0\n") ==
          "perilune.yaml:1:7: The name \"Shop\" may only have lower-case letters, digits, - and _. "
          "Rename the library.\nperilune.yaml:2:10: The version \"1.0\" must be three whole "
          "numbers, such as \"1.0.0\".");
    CHECK(refused("name: shop\n") ==
          "perilune.yaml:1:1: \"version\" is missing: a library needs it. Add it.");
    CHECK(holds(refused("name: [a]\nversion: 1.0.0\n"),
                "perilune.yaml:1:7: name of a library must be text, but it is a list."));
    CHECK(holds(refused("name: a\nversion: 1.0.0\ndependencies: { x: y }\n"),
                "perilune.yaml:3:15: dependencies must be a list of { name: …"));
}

TEST_CASE("refuses_wrong_dependencies_all_at_once") {
    const std::string message = refused(
        "name: shop\nversion: 1.0.0\ndependencies:\n  - { name: a, path: /opt/a, version: \"1\" }\n"
        "  - { name: a, path: ../a, version: newest }\n  - { path: ../b, version: \"1\" }\n"
        "  - ../c\n");
    CHECK(holds(message, "perilune.yaml:4:22: The path \"/opt/a\" is absolute"));
    CHECK(holds(message, "perilune.yaml:5:13: The dependency \"a\" is named twice."));
    CHECK(holds(message, "perilune.yaml:5:37: The version \"newest\" is none; write \"1.4\""));
    CHECK(holds(message, "perilune.yaml:6:5: \"name\" is missing: a dependency needs it. Add it."));
    CHECK(holds(message, "perilune.yaml:7:5: each of dependencies must be { name: …"));
}

TEST_CASE("compares_versions_as_package_managers_do") {
    CHECK(satisfies("1.4.2", "1.4"));
    CHECK(satisfies("1.10.0", "1.4"));
    CHECK(satisfies("1.4.2", "1.4.2"));
    CHECK(satisfies("1.0.0", "1"));
    CHECK_FALSE(satisfies("1.3.9", "1.4"));
    CHECK_FALSE(satisfies("2.0.0", "1.4"));
    CHECK(satisfies("0.4.9", "0.4"));
    CHECK_FALSE(satisfies("0.5.0", "0.4"));
    CHECK(satisfies("2.0.0", ">=1.4"));
    CHECK_FALSE(satisfies("1.3.9", ">=1.4"));
    CHECK(satisfies("1.4.2", "=1.4.2"));
    CHECK_FALSE(satisfies("1.4.3", "=1.4.2"));
    CHECK_FALSE(is_version("1.2"));
    CHECK_FALSE(is_version("1.2.3.4"));
    CHECK_FALSE(is_version("-1.2.3"));
    CHECK_FALSE(is_version("1.2.x"));
    CHECK_FALSE(is_version("99999999999.0.0"));
    CHECK_FALSE(is_version_wish("=1.4"));
    CHECK_FALSE(is_version_wish(""));
}
