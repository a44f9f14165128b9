// What a storage driver must do that offers rules for browsers and for the age of objects.
#pragma once

#include "tests/bindings/storage/storage_conformance_versions.h"

namespace perilune::test {

inline Value settings_of_bucket(StorageRig& rig) {
    const auto settings = rig.observe("settings");
    REQUIRE_MESSAGE(settings.ok(), settings.error().message);
    return *settings;
}

inline void check_storage_rules(StorageRig& rig) {
    SUBCASE("sets_cors_in_the_form_that_settings_shows_and_takes_it_back") {
        if (!rig.has("set_cors")) return;
        const Value found = settings_of_bucket(rig)["cors"];
        const Value rule = Map{{"origins", List{"https://a.example"}},
                               {"methods", List{"PUT", "GET"}},
                               {"max_age", "1h"}};
        const auto set = rig.change("set_cors", {{"rules", List{rule}}});
        REQUIRE_MESSAGE(set.ok(), set.message());
        CHECK(set.value()["before"] == found);
        const Value shown = settings_of_bucket(rig)["cors"];
        REQUIRE(shown.list().size() == 1);
        CHECK(shown.list()[0]["origins"] == Value(List{"https://a.example"}));
        CHECK(shown.list()[0]["methods"] == Value(List{"GET", "PUT"}));
        CHECK(shown.list()[0]["max_age"].number() == 3600);
        CHECK(rig.change("set_cors", {{"rules", shown}}).already_so);
        CHECK(rig.rig->undo(set).ok());
        CHECK(settings_of_bucket(rig)["cors"] == found);
        const Value bad = Map{{"origin", "https://a.example"}};
        CHECK(rig.change("set_cors", {{"rules", List{bad}}}).code() == "bad_argument");
    }
    SUBCASE("sets_a_lifecycle_in_the_form_that_settings_shows_and_takes_it_back") {
        if (!rig.has("set_lifecycle")) return;
        const Value found = settings_of_bucket(rig)["lifecycle"];
        const Value rule = Map{{"prefix", "logs/"}, {"after", "30d"}, {"action", "expire"}};
        const auto set = rig.change("set_lifecycle", {{"rules", List{rule}}});
        REQUIRE_MESSAGE(set.ok(), set.message());
        const Value shown = settings_of_bucket(rig)["lifecycle"];
        REQUIRE(shown.list().size() == 1);
        CHECK(shown.list()[0]["after"].number() == 30 * 86400);
        CHECK(shown.list()[0]["action"].text() == "expire");
        CHECK(rig.change("set_lifecycle", {{"rules", shown}}).already_so);
        CHECK(rig.rig->undo(set).ok());
        CHECK(settings_of_bucket(rig)["lifecycle"] == found);
        const Value half = Map{{"prefix", ""}, {"after", "12h"}, {"action", "expire"}};
        CHECK(rig.change("set_lifecycle", {{"rules", List{half}}}).code() == "bad_argument");
    }
    SUBCASE("makes_no_url_that_is_valid_for_longer_than_a_week") {
        if (!rig.has("presign")) return;
        CHECK(rig.observe("presign", {{"key", "a"}, {"valid_for", "8d"}}).error().code ==
              "bad_argument");
        CHECK(rig.observe("presign", {{"key", "a"}, {"valid_for", "7d"}}).ok());
    }
}

}  // namespace perilune::test
