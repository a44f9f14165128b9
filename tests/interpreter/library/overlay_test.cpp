// `extends`: what is merged, what is replaced, what is refused.
#include <doctest/doctest.h>

#include "interpreter/library/overlay.h"
#include "tests/interpreter/library/temporary_library.h"

using namespace perilune;

namespace {

Environment extended(const TemporaryLibrary& folder, std::string_view base, std::string_view own) {
    folder.write("environments/base.yaml", base);
    auto environment = load_text(folder, "extends: base.yaml\n" + std::string(own));
    INFO(refusal(environment));
    REQUIRE(environment.ok());
    return std::move(*environment);
}

std::string refused(const TemporaryLibrary& folder, std::string_view text) {
    return refusal(load_text(folder, text));
}

}  // namespace

TEST_CASE("merges_maps_by_key_and_replaces_all_else") {
    const TemporaryLibrary folder;
    const auto environment =
        extended(folder,
                 "kind: production\ntargets:\n  dns/site: { driver: route53, zone: A, ttl: 1m }\n"
                 "  dns/mail: { driver: route53, zone: M }\n"
                 "  database/main: { driver: postgres, url: u, schemas: [a, b] }\n",
                 "kind: drill\ntargets:\n  dns/site: { zone: B }\n  dns/mail:\n"
                 "  database/main: { schemas: [c] }\n");
    CHECK(environment.kind == EnvironmentKind::drill);
    const Value& site = environment.targets.at("dns/site").settings.values;
    CHECK(site["zone"] == Value("B"));
    CHECK(site["ttl"] == Value(60));
    CHECK_FALSE(environment.targets.contains("dns/mail"));
    const Value& main = environment.targets.at("database/main").settings.values;
    CHECK(main["schemas"] == Value(List{"c"}));
    CHECK(main["url"] == Value("u"));
}

TEST_CASE("replaces_a_target_whole_where_its_driver_is_another_one") {
    const auto below = parse_yaml("{ driver: route53, zone: Z, credentials: aws }", "b");
    const auto above = parse_yaml("{ driver: zone_file, path: x }", "a");
    const YamlNode merged = merge(*below, *above);
    REQUIRE(merged.entries.size() == 2);
    CHECK(merged.find("driver")->text == "zone_file");
    CHECK(merged.find("zone") == nullptr);
}

TEST_CASE("names_the_file_in_which_a_wrong_key_stands") {
    const TemporaryLibrary folder;
    folder.write("environments/base.yaml", "targets:\n  dns/site: { driver: route53, zon: Z }\n");
    CHECK(
        refused(folder, "kind: drill\nextends: base.yaml\n") ==
        "environments/base.yaml:2:32: dns/site (route53) has no key \"zon\". Did you mean "
        "\"zone\"?\n"
        "environments/base.yaml:2:13: dns/site (route53) needs \"zone\" (text): The hosted zone's "
        "id. Add it.");
}

TEST_CASE("asks_every_environment_for_a_kind_of_its_own") {
    const TemporaryLibrary folder;
    folder.write("environments/base.yaml",
                 "kind: drill\ntargets:\n  dns/site: { driver: route53, zone: Z }\n");
    CHECK(holds(refused(folder, "extends: base.yaml\n"), "An environment needs \"kind\"."));
}

TEST_CASE("refuses_circles_strangers_and_missing_files") {
    const TemporaryLibrary folder;
    const std::string file = "environments/production.yaml";
    CHECK(refused(folder, "kind: drill\nextends: production.yaml\n") ==
          file +
              ":2:10: extends leads in a circle back to environments/production.yaml. Remove one "
              "of the lines.");
    folder.write("environments/base.yaml", "extends: production.yaml\n");
    CHECK(refused(folder, "kind: drill\nextends: base.yaml\n") ==
          "environments/base.yaml:1:10: extends leads in a circle back to "
          "environments/production.yaml. Remove one of the lines.");
    CHECK(refused(folder, "extends: bsae.yaml\n") ==
          file +
              ":1:10: extends names \"bsae.yaml\", but there is no file environments/bsae.yaml. "
              "The path starts at this file's folder: correct it.");
    CHECK(holds(refused(folder, "extends: ../../outside.yaml\n"),
                file + ":1:10: extends names \"../../outside.yaml\", which lies outside"));
    CHECK(holds(refused(folder, "extends: /etc/passwd\n"), "which lies outside the library."));
    CHECK(holds(refused(folder, "extends: [base.yaml]\n"), file + ":1:10: extends must be text"));
    for (int i = 0; i < 12; ++i)
        folder.write("environments/b" + std::to_string(i) + ".yaml",
                     "extends: b" + std::to_string(i + 1) + ".yaml\n");
    CHECK(holds(refused(folder, "extends: b0.yaml\n"), "More than 10 files extend each other."));
}
