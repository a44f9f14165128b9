// A bucket's rules: set, read back by another client, taken back, and others' left alone.
#include "interpreter/base/json.h"
#include "tests/bindings/storage/s3_proxy.h"
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

// Of a filter, moto forgets the prefix.
TEST_CASE("has_the_provider_copy_to_another_bucket_and_leaves_others_rules_alone") {
    S3Server* server = shared_moto();
    if (!server) return;
    const std::string role = "arn:aws:iam::123456789012:role/copies";
    const auto rig = make_s3(*server, Versioning::on, {{"replication_role", role}});
    const Map copy = {{"state", "on"}, {"to", "storage/other"}};
    CHECK(rig->change("set_replication", copy).code() == "bad_argument");  // It is no bucket.
    for (const std::string name : {"other", "third"})
        rig->rig->add("storage/" + name, storage_family, s3_kind,
                      s3_settings(server->url(), "bucket-" + name));
    const Value theirs = Map{{"Priority", 7},
                             {"Status", "Enabled"},
                             {"Filter", Map{{"Prefix", ""}}},
                             {"DeleteMarkerReplication", Map{{"Status", "Disabled"}}},
                             {"Destination", Map{{"Bucket", "arn:aws:s3:::bucket-third"}}}};
    server->boto("put_bucket_replication",
                 {{"Bucket", keeps_of(*rig).bucket},
                  {"ReplicationConfiguration", Map{{"Role", "theirs"}, {"Rules", List{theirs}}}}});
    const auto set = rig->change("set_replication", copy);
    REQUIRE_MESSAGE(set.ok(), set.message());
    CHECK(set.value()["before"]["state"].text() == "off");
    const auto told = [&] {
        return told_by_boto(*server, *rig, "get_bucket_replication")["ReplicationConfiguration"];
    };
    CHECK(told()["Role"].text() == role);
    REQUIRE(told()["Rules"].list().size() == 2);
    const Value ours = told()["Rules"].list()[1];
    CHECK(ours["Destination"]["Bucket"].text() == "arn:aws:s3:::bucket-other");
    CHECK(ours["Status"].text() == "Enabled");
    CHECK(ours["Priority"].number() == 8);
    CHECK(settings_of(*rig)["replication"].list().size() == 2);
    CHECK(rig->change("set_replication", copy).already_so);
    CHECK(rig->rig->undo(set).ok());
    REQUIRE(told()["Rules"].list().size() == 1);
    CHECK(told()["Rules"].list()[0]["Destination"]["Bucket"].text() == "arn:aws:s3:::bucket-third");
    REQUIRE(rig->change("set_replication", {{"state", "off"}, {"to", "storage/third"}}).ok());
    CHECK_THROWS_WITH_AS(told(), doctest::Contains("ReplicationConfigurationNotFoundError"),
                         std::runtime_error);
}

TEST_CASE("replicates_the_keys_below_the_targets_own_prefix_alone") {
    HttpServer server;
    server.answer([](const ServedRequest& request) -> Reply {
        if (request.method == "PUT") return {.status = 200, .headers = {}, .body = ""};
        return {.status = 404,
                .headers = {},
                .body = s3_error_text("ReplicationConfigurationNotFoundError")};
    });
    const auto rig = make_s3_at(server.url(), "bucket", {{"prefix", "team/"}});
    rig->rig->add("storage/other", storage_family, s3_kind, s3_settings(server.url(), "copies"));
    REQUIRE(rig->change("set_replication",
                        {{"state", "on"}, {"to", "storage/other"}, {"prefix", "site&/"}})
                .ok());
    CHECK(server.requests().back().body.find("<Filter><Prefix>team/site&amp;/</Prefix></Filter>") !=
          std::string::npos);
}

TEST_CASE("counts_what_is_not_yet_replicated_and_what_never_will_be") {
    S3Server* server = shared_moto();
    if (!server) return;
    S3Proxy proxy(*server);
    const auto made = make_s3(*server);
    for (const char* key : {"a", "b", "c"}) REQUIRE(made->put(key, key).ok());
    const auto rig = make_s3_at(proxy.url(), keeps_of(*made).bucket);
    for (const auto& [key, status] :
         {std::pair{"/a", "PENDING"}, {"/b", "FAILED"}, {"/c", "COMPLETED"}})
        proxy.fault({.kind = S3Fault::Kind::answer,
                     .method = "HEAD",
                     .holds = key,
                     .headers = {{"x-amz-replication-status", status}}});
    const auto status = rig->observe("replication_status");
    REQUIRE(status.ok());
    CHECK((*status)["pending"].number() == 1);
    CHECK((*status)["failed"].number() == 1);
    CHECK((*status)["oldest_pending_at"].number() > 1.7e9);
}

TEST_CASE("s3_says_what_new_objects_are_encrypted_with") {
    S3Server* server = shared_moto();
    if (!server) return;
    const auto rig = make_s3(*server, Versioning::never);
    CHECK_FALSE(settings_of(*rig).has("encryption"));
    const std::string bucket = std::static_pointer_cast<S3Keeps>(rig->keeps)->bucket;
    for (const std::string algorithm : {"AES256", "aws:kms"}) {
        const Value rule(
            Map{{"ApplyServerSideEncryptionByDefault", Map{{"SSEAlgorithm", algorithm}}}});
        server->boto("put_bucket_encryption",
                     {{"Bucket", bucket},
                      {"ServerSideEncryptionConfiguration", Map{{"Rules", List{rule}}}}});
        CHECK(settings_of(*rig)["encryption"].text() == algorithm);
    }
}

}  // namespace perilune::test
