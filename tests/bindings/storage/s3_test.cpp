// The driver `s3` on servers that nobody here wrote: the family's suite, keys, listings, refusals.
#include <set>

#include "interpreter/base/json.h"
#include "tests/bindings/storage/s3_rig.h"

namespace perilune::test {

namespace {

// Every kind of character that has ever been lost on such a way.
const std::vector<std::string> odd_keys = {"a b",
                                           "a+b",
                                           "a%20b",
                                           "%2F",
                                           "a//b",
                                           "/leading",
                                           "trailing/",
                                           "a&<>\"'b",
                                           "a?b#c=d;e,f:g@h!i*(j)$",
                                           "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80",
                                           "e\xcc\x81",
                                           "control\x01\x1f",
                                           "line\nfeed\rreturn\ttab",
                                           "\\back`tick^{|}~[]",
                                           "..dots..",
                                           " blanks at both ends ",
                                           std::string(1000, 'k')};

std::set<std::string> keys_of(const Value& listed) {
    std::set<std::string> keys;
    for (const auto& object : listed.list()) keys.insert(object["key"].text());
    return keys;
}

std::unique_ptr<StorageRig> with_credentials(const S3Server& server, const std::string& id,
                                             const std::string& key) {
    return make_s3_at(server.url(), "no-bucket-of-this-test",
                      {{"credentials", Map{{"access_key_id", id}, {"secret_access_key", key}}}});
}

}  // namespace

TEST_CASE("passes_the_storage_conformance_suite_on_ceph") {
    S3Server* server = shared_ceph();
    if (!server) return;
    run_storage_conformance([&] { return make_s3(*server, Versioning::on, ceph_settings); });
}

TEST_CASE("passes_the_storage_conformance_suite_on_ceph_below_a_prefix") {
    S3Server* server = shared_ceph();
    if (!server) return;
    run_storage_conformance([&] {
        Map settings = ceph_settings;
        settings["prefix"] = "team/backups/";
        return make_s3(*server, Versioning::on, settings);
    });
}

TEST_CASE("passes_the_storage_conformance_suite_on_moto") {
    S3Server* server = shared_moto();
    if (!server) return;
    run_storage_conformance([&] { return make_s3(*server); });
}

TEST_CASE("declares_exactly_the_operations_that_s3_has") {
    const auto rig = make_s3_at("http://127.0.0.1:9", "bucket");
    std::set<std::string> declared(s3_kind.operations.begin(), s3_kind.operations.end());
    std::set<std::string> had;
    for (const auto& [name, handler] : rig->rig->driver(rig->target).operations) {
        had.insert(name);
        const Operation* row = storage_family.operation(name);
        REQUIRE(row);
        CHECK(bool(handler.observe) == (row->effect == Effect::observe));
        CHECK(bool(handler.before) == (row->effect == Effect::change));
        CHECK(bool(handler.act) == (row->effect == Effect::change));
    }
    CHECK(declared == had);
}

TEST_CASE("keeps_keys_with_every_odd_character") {
    S3Server* server = shared_ceph();
    if (!server) return;
    const auto rig = make_s3(*server, Versioning::never, ceph_settings);
    for (const auto& key : odd_keys) {
        CAPTURE(key);
        const auto put = rig->put(key, "content of " + key);
        REQUIRE_MESSAGE(put.ok(), put.message());
        CHECK(rig->body(key) == "content of " + key);
        const auto copy = rig->change("copy", {{"key", key}, {"to_key", "copy/" + key}});
        REQUIRE_MESSAGE(copy.ok(), copy.message());
        CHECK(rig->body("copy/" + key) == "content of " + key);
    }
    std::set<std::string> expected(odd_keys.begin(), odd_keys.end());
    for (const auto& key : odd_keys) expected.insert("copy/" + key);
    CHECK(keys_of(*rig->observe("list")) == expected);
    CHECK(rig->observe("list", {{"prefix", "copy/"}})->list().size() == odd_keys.size());
    for (const auto& key : odd_keys) {
        CAPTURE(key);
        CHECK(rig->change("delete", {{"key", key}}).value()["changed"].boolean());
    }
    const auto rest = rig->change("delete_many", {{"prefix", ""}, {"delete_at_most", 100}});
    REQUIRE_MESSAGE(rest.ok(), rest.message());
    CHECK(rest.value()["failed"].list().empty());
    CHECK(rig->observe("list")->list().empty());
}

TEST_CASE("agrees_with_rclone_about_odd_keys") {
    S3Server* server = shared_ceph();
    if (!server || !has_program("rclone")) return;
    const auto rig = make_s3(*server, Versioning::never, ceph_settings);
    const std::string bucket = keeps_of(*rig).bucket;
    for (const std::string key : {"a b+c%20d", "\xc3\xbc/\xe2\x82\xac", "x&y<z>"}) {
        CAPTURE(key);
        REQUIRE(rig->put(key, "ours of " + key).ok());
        CHECK(server->rclone({"cat", "s3:" + bucket + "/" + key}).output == "ours of " + key);
    }
    const ServiceFolder folder;
    folder.write("theirs +%", "theirs");
    const auto copied = server->rclone({"copy", folder.path(), "s3:" + bucket + "/from here"});
    CHECK_MESSAGE(copied.code == 0, copied.output);
    CHECK(rig->body("from here/theirs +%") == "theirs");
}

TEST_CASE("lists_page_after_page_in_the_order_of_bytes") {
    for (S3Server* server : {shared_ceph(), shared_moto()}) {
        if (!server) continue;
        const auto rig = make_s3(*server, Versioning::on, ceph_settings);
        std::vector<std::string> expected;
        for (int i = 0; i < 1100; ++i) {
            const std::string key = "p/" + std::to_string(10000 + i) + "%+ &\xc3\xbc";
            expected.push_back(key);
            rig->other->put(key, std::to_string(i));
        }
        const auto synced = rig->change("sync", {{"from", "storage/other"}});
        REQUIRE_MESSAGE(synced.ok(), synced.message());
        CHECK(synced.value()["copied"].number() == 1100);
        const auto all = rig->observe("list", {{"limit", 5000}});
        REQUIRE(all.ok());
        std::vector<std::string> got;
        for (const auto& object : all->list()) got.push_back(object["key"].text());
        CHECK(got == expected);
        const auto some = rig->observe("list", {{"after", expected[1050]}});
        REQUIRE(some->list().size() == 49);
        CHECK(some->list()[0]["key"].text() == expected[1051]);
        const auto versions = rig->observe("versions", {{"prefix", "p/"}});
        CHECK(versions->list().size() == 1100);
        CHECK((*rig->observe("usage"))["objects"].number() == 1100);
        const auto gone = rig->change("delete_many", {{"prefix", "p/"}, {"delete_at_most", 1100}});
        REQUIRE_MESSAGE(gone.ok(), gone.message());
        CHECK(gone.value()["deleted"].number() == 1100);
        CHECK(rig->observe("list")->list().empty());
    }
}

TEST_CASE("says_so_where_the_bucket_is_not_there") {
    S3Server* server = shared_ceph();
    if (!server) return;
    const auto rig = make_s3_at(server->url(), S3Server::new_bucket(), ceph_settings);
    CHECK(rig->observe("head", {{"key", "a"}}).error().code == "no_such_bucket");
    CHECK(rig->observe("get", {{"key", "a"}}).error().code == "no_such_bucket");
    CHECK(rig->observe("list").error().code == "no_such_bucket");
    CHECK(rig->put("a", "x").code() == "no_such_bucket");
    REQUIRE(rig->change("create_bucket").ok());
    CHECK(rig->observe("head", {{"key", "a"}})->is_nil());
    CHECK(rig->change("create_bucket").already_so);
}

TEST_CASE("tells_refused_credentials_from_missing_permission") {
    S3Server* server = shared_ceph();
    if (!server) return;
    for (const auto& [id, key] : std::vector<std::pair<std::string, std::string>>{
             {"AKNOBODY", "whatever"}, {S3Server::access_key_id, "wrong"}}) {
        CAPTURE(id);
        const auto rig = with_credentials(*server, id, key);
        for (const auto& result : {rig->observe("head", {{"key", "a"}}), rig->observe("list"),
                                   rig->observe("get", {{"key", "a"}})}) {
            REQUIRE_FALSE(result.ok());
            CHECK(result.error().code == "credentials_refused");
            CHECK(result.error().retry == Retry::never);
            CHECK(result.error().message.find(key) == std::string::npos);
        }
        CHECK(rig->put("a", "x").code() == "credentials_refused");
    }
}

TEST_CASE("makes_urls_that_let_others_read_and_write_for_a_while") {
    S3Server* server = shared_ceph();
    if (!server) return;
    const auto rig = make_s3(*server, Versioning::never, ceph_settings);
    REQUIRE(rig->put("a b/ü", "content").ok());
    const auto url = [&](const Map& arguments) {
        const auto made = rig->observe("presign", arguments);
        REQUIRE(made.ok());
        REQUIRE(made->is_secret());
        return keeps_of(*rig).secrets.at(made->secret()->pieces[0].name);
    };
    const std::string reading = url({{"key", "a b/ü"}});
    CHECK(run_to_end({"curl", "-sf", reading}).output == "content");
    CHECK(run_to_end({"curl", "-sf", "-X", "DELETE", reading}).code != 0);
    const std::string writing = url({{"key", "new"}, {"method", "PUT"}, {"valid_for", "1m"}});
    CHECK(run_to_end({"curl", "-sf", "-X", "PUT", "-d", "sent", writing}).code == 0);
    CHECK(rig->body("new") == "sent");
    CHECK(rig->observe("presign", {{"key", "x"}, {"valid_for", "8d"}}).error().code ==
          "bad_argument");
}

}  // namespace perilune::test
