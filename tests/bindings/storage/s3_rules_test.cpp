// A bucket's rules: set, read back by another client, taken back, and others' left alone.
#include "interpreter/base/json.h"
#include "tests/bindings/storage/s3_rig.h"

namespace perilune::test {

namespace {

constexpr double day_s = 86400;

Value told_by_boto(const S3Server& server, const StorageRig& rig, const std::string& operation) {
    return server.boto(operation, {{"Bucket", keeps_of(rig).bucket}});
}

Value settings_of(StorageRig& rig) {
    const auto settings = rig.observe("settings");
    REQUIRE_MESSAGE(settings.ok(), settings.error().message);
    return *settings;
}

}  // namespace

TEST_CASE("sets_cors_rules_and_takes_them_back") {
    S3Server* server = shared_ceph();
    if (!server) return;
    const auto rig = make_s3(*server, Versioning::never, ceph_settings);
    CHECK(settings_of(*rig)["cors"].list().empty());
    const Value rule = Map{{"origins", List{"https://a.example"}},
                           {"methods", List{"GET", "PUT"}},
                           {"headers", List{"x-<one>", "*"}},
                           {"max_age", "1h"}};
    const auto set = rig->change("set_cors", {{"rules", List{rule}}});
    REQUIRE_MESSAGE(set.ok(), set.message());
    CHECK(set.value()["before"].list().empty());
    const Value told = told_by_boto(*server, *rig, "get_bucket_cors")["CORSRules"].list()[0];
    CHECK(told["AllowedOrigins"] == Value(List{"https://a.example"}));
    CHECK(told["AllowedHeaders"].list().size() == 2);
    CHECK(told["MaxAgeSeconds"].number() == 3600);
    CHECK(settings_of(*rig)["cors"].list()[0]["max_age"].number() == 3600);
    CHECK(rig->change("set_cors", {{"rules", List{rule}}}).already_so);
    CHECK(rig->rig->undo(set).ok());
    CHECK_THROWS_WITH_AS(told_by_boto(*server, *rig, "get_bucket_cors"),
                         doctest::Contains("NoSuchCORSConfiguration"), std::runtime_error);
    const Value bad = Map{{"origin", "https://a.example"}};
    CHECK(rig->change("set_cors", {{"rules", List{bad}}}).code() == "bad_argument");
}

TEST_CASE("sets_lifecycle_rules_and_leaves_those_of_other_prefixes_alone") {
    S3Server* server = shared_ceph();
    if (!server) return;
    Map settings = ceph_settings;
    settings["prefix"] = "team/";
    const auto rig = make_s3(*server, Versioning::never, settings);
    const std::string bucket = keeps_of(*rig).bucket;
    const Value theirs = Map{{"ID", "theirs"},
                             {"Status", "Enabled"},
                             {"Filter", Map{{"Prefix", "other/"}}},
                             {"Expiration", Map{{"Days", 9}}}};
    const Value odd = Map{{"ID", "odd"},
                          {"Status", "Enabled"},
                          {"Filter", Map{{"Prefix", "team/x"}}},
                          {"Expiration", Map{{"Days", 3}}},
                          {"NoncurrentVersionExpiration", Map{{"NoncurrentDays", 4}}}};
    server->boto(
        "put_bucket_lifecycle_configuration",
        {{"Bucket", bucket}, {"LifecycleConfiguration", Map{{"Rules", List{theirs, odd}}}}});
    const Value found = settings_of(*rig)["lifecycle"];
    REQUIRE(found.list().size() == 1);
    CHECK(found.list()[0].has("xml"));  // It says two things at once.
    const Value expire = Map{{"prefix", "logs/"}, {"after", "30d"}, {"action", "expire"}};
    const Value sweep = Map{{"prefix", ""}, {"after", "2d"}, {"action", "abort_uploads"}};
    const auto set = rig->change("set_lifecycle", {{"rules", List{expire, sweep}}});
    REQUIRE_MESSAGE(set.ok(), set.message());
    const Value told = told_by_boto(*server, *rig, "get_bucket_lifecycle_configuration")["Rules"];
    CHECK(told.list().size() == 3);
    double days = 0;
    for (const auto& rule : told.list())
        if (rule["Filter"]["Prefix"].text() == "team/logs/")
            days = rule["Expiration"]["Days"].number();
    CHECK(days == 30);
    CHECK(settings_of(*rig)["lifecycle"].list()[0]["after"].number() > 0);
    CHECK(rig->rig->undo(set).ok());
    const Value back = told_by_boto(*server, *rig, "get_bucket_lifecycle_configuration")["Rules"];
    CHECK(back.list().size() == 2);
    CHECK(settings_of(*rig)["lifecycle"] == found);
    const Value half = Map{{"prefix", ""}, {"after", "12h"}, {"action", "expire"}};
    CHECK(rig->change("set_lifecycle", {{"rules", List{half}}}).code() == "bad_argument");
}

TEST_CASE("keeps_old_versions_for_as_long_as_it_is_told") {
    S3Server* server = shared_ceph();
    if (!server) return;
    const auto rig = make_s3(*server, Versioning::never, ceph_settings);
    const auto set = rig->change("set_versioning", {{"state", "on"}, {"keep_old_for", "30d"}});
    REQUIRE_MESSAGE(set.ok(), set.message());
    CHECK(told_by_boto(*server, *rig, "get_bucket_versioning")["Status"].text() == "Enabled");
    const Value rules = told_by_boto(*server, *rig, "get_bucket_lifecycle_configuration")["Rules"];
    REQUIRE(rules.list().size() == 1);
    CHECK(rules.list()[0]["NoncurrentVersionExpiration"]["NoncurrentDays"].number() == 30);
    const Value settings = settings_of(*rig);
    CHECK(settings["keep_old_for_s"].number() == 30 * day_s);
    CHECK(settings["lifecycle"].list().empty());
    const Map same = {{"state", "on"}, {"keep_old_for", "30d"}};
    CHECK(rig->change("set_versioning", same).already_so);
    const Value expire = Map{{"prefix", "x/"}, {"after", "1d"}, {"action", "expire"}};
    REQUIRE(rig->change("set_lifecycle", {{"rules", List{expire}}}).ok());
    CHECK(settings_of(*rig)["keep_old_for_s"].number() == 30 * day_s);
    CHECK(rig->rig->undo(set).ok());
    CHECK_FALSE(settings_of(*rig).has("keep_old_for_s"));
    CHECK(settings_of(*rig)["lifecycle"].list().size() == 1);
    CHECK(rig->change("set_versioning", {{"state", "on"}, {"keep_old_for", "90m"}}).code() ==
          "bad_argument");
}

TEST_CASE("reads_how_far_replication_has_come") {
    S3Server* server = shared_moto();
    if (!server) return;
    const auto rig = make_s3(*server);
    REQUIRE(rig->put("a", "x").ok());
    const auto status = rig->observe("replication_status");
    REQUIRE(status.ok());
    CHECK((*status)["pending"].number() == 0);
    CHECK((*status)["failed"].number() == 0);
    CHECK_FALSE(status->has("oldest_pending_at"));
}

}  // namespace perilune::test
