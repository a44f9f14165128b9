// A bucket and other targets: sync and compare between services, copies that keep what they are.
#include "interpreter/base/json.h"
#include "tests/bindings/storage/s3_proxy.h"
#include "tests/bindings/storage/s3_rig.h"

namespace perilune::test {

namespace {

Value one_of(StorageRig& rig, const std::string& operation, const Map& arguments) {
    const auto got = rig.observe(operation, arguments);
    REQUIRE_MESSAGE(got.ok(), got.error().message);
    return *got;
}

// Makes a second bucket the target "storage/other" of the first one's rig.
std::string add_other(StorageRig& rig, const S3Server& server) {
    const auto made = make_s3(server, Versioning::never, ceph_settings);
    Map settings = s3_settings(server.url(), keeps_of(*made).bucket);
    settings["conditions"] = "look";
    rig.rig->add("storage/other", storage_family, s3_kind, settings);
    return keeps_of(*made).bucket;
}

}  // namespace

TEST_CASE("syncs_from_one_service_to_another_and_then_has_nothing_to_do") {
    S3Server* ceph = shared_ceph();
    S3Server* moto = shared_moto();
    if (!ceph || !moto) return;
    const auto rig = make_s3(*ceph, Versioning::on, ceph_settings);
    add_other(*rig, *moto);
    const auto typed = [&](const std::string& target, const std::string& key) {
        return rig->rig->change(
            target, "put", {{"key", key}, {"body", "of " + key}, {"content_type", "text/html"}});
    };
    for (const char* key : {"site/a", "site/b c", "site/d"})
        REQUIRE(typed("storage/other", key).ok());
    REQUIRE(typed(rig->target, "site/a").ok());
    REQUIRE(rig->put("site/d", "older").ok());
    REQUIRE(rig->put("site/extra", "e").ok());
    const Value found = one_of(*rig, "compare", {{"with", "storage/other"}, {"prefix", "site/"}});
    CHECK(found["missing"] == Value(List{"site/b c"}));
    CHECK(found["different"] == Value(List{"site/d"}));
    CHECK(found["extra"] == Value(List{"site/extra"}));
    CHECK(found["same"].number() == 1);
    const Map sync = {
        {"from", "storage/other"}, {"prefix", "site/"}, {"extra", "delete"}, {"delete_at_most", 1}};
    const auto synced = rig->change("sync", sync);
    REQUIRE_MESSAGE(synced.ok(), synced.message());
    CHECK(synced.value()["copied"].number() == 2);
    CHECK(rig->keys({}) == "site/a site/b c site/d");
    CHECK(rig->body("site/d") == "of site/d");
    CHECK(one_of(*rig, "head", {{"key", "site/b c"}})["content_type"].text() == "text/html");
    CHECK(rig->change("sync", sync).already_so);
}

TEST_CASE("copies_content_type_and_headers_within_the_bucket") {
    S3Server* server = shared_ceph();
    if (!server) return;
    const auto rig = make_s3(*server, Versioning::never, ceph_settings);
    const std::string bucket = keeps_of(*rig).bucket;
    server->boto("put_object", {{"Bucket", bucket},
                                {"Key", "from"},
                                {"Body", "content"},
                                {"ContentType", "text/css"},
                                {"CacheControl", "max-age=60"},
                                {"Metadata", Map{{"team", "web"}}}});
    REQUIRE(rig->change("copy", {{"key", "from"}, {"to_key", "to"}}).ok());
    const Value told = server->boto("head_object", {{"Bucket", bucket}, {"Key", "to"}});
    CHECK(told["ContentType"].text() == "text/css");
    CHECK(told["CacheControl"].text() == "max-age=60");
    CHECK(told["Metadata"]["team"].text() == "web");
    CHECK(rig->change("copy", {{"key", "from"}, {"to_key", "to"}}).already_so);
}

TEST_CASE("knows_equal_content_of_another_client_without_writing_it_again") {
    S3Server* server = shared_ceph();
    if (!server) return;
    const auto rig = make_s3(*server, Versioning::never, ceph_settings);
    server->boto("put_object", {{"Bucket", keeps_of(*rig).bucket},
                                {"Key", "theirs"},
                                {"Body", "content"},
                                {"ContentType", "application/octet-stream"}});
    CHECK(rig->put("theirs", "content").already_so);
    rig->other->put("theirs", "content");
    CHECK(rig->change("sync", {{"from", "storage/other"}}).already_so);
    const std::string digest = to_hex(sha256("content"));
    CHECK(rig->put("theirs", "new", digest).ok());
}

TEST_CASE("refuses_a_source_that_changes_while_it_is_copied") {
    S3Server* server = shared_ceph();
    if (!server) return;
    const auto rig = make_s3(*server, Versioning::never, ceph_settings);
    ObjectPort& port = *rig->rig->driver(rig->target).objects;
    const auto stored = rig->off_loop([&] {
        auto sink = port.begin_object({.key = "copy", .digest = to_hex(sha256("announced"))});
        CHECK((*sink)->write("something else").ok());
        return (*sink)->commit();
    });
    CHECK(stored.error().code == "changed_meanwhile");
    CHECK(rig->body("copy") == "absent");
}

TEST_CASE("ends_a_stream_whose_object_was_replaced_while_it_was_read") {
    S3Server* server = shared_ceph();
    if (!server) return;
    const auto rig = make_s3(*server, Versioning::never, ceph_settings);
    const std::string large(20 << 20, 'a');
    const auto put = rig->change("put", {{"key", "doc"}, {"body", large}});
    REQUIRE_MESSAGE(put.ok(), put.message());
    ObjectPort& port = *rig->rig->driver(rig->target).objects;
    auto source = rig->off_loop([&] { return port.read_object("doc"); });
    REQUIRE(rig->off_loop([&] { return (*source)->read(1); }).ok());
    REQUIRE(rig->put("doc", "new").ok());
    const std::string code = rig->off_loop([&]() -> std::string {
        for (;;) {
            const auto piece = (*source)->read(1 << 20);
            if (!piece) return piece.error().code;
            if (piece->empty()) return "ended";
        }
    });
    CHECK(code == "changed_meanwhile");
}

}  // namespace perilune::test
