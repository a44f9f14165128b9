// Answers that are lost, that lie, and that refuse: what the driver makes of each.
#include "tests/bindings/storage/s3_proxy.h"
#include "tests/bindings/storage/s3_rig.h"

namespace perilune::test {

namespace {

using Kind = S3Fault::Kind;

// A bucket that keeps versions, seen through a proxy.
struct Through {
    explicit Through(const S3Server& server) : proxy(server) {
        rig = make_s3_at(proxy.url(), S3Server::new_bucket(), ceph_settings);
        REQUIRE(rig->change("create_bucket").ok());
        REQUIRE(rig->change("set_versioning", {{"state", "on"}}).ok());
    }
    std::size_t versions(const std::string& key) {
        return rig->observe("versions", {{"key", key}})->list().size();
    }
    S3Proxy proxy;
    std::unique_ptr<StorageRig> rig;
};

// Acts as the host does after an outcome that is not known: again with what was recorded.
void act_until_known(StorageRig& rig, Change& change) {
    for (int tries = 0; tries < 5 && !change.ok(); ++tries) {
        REQUIRE(change.result.error().retry != Retry::never);
        rig.rig->act(change);
    }
}

Error error_of(const std::string& method, int status, const std::string& body,
               const std::vector<std::pair<std::string, std::string>>& headers = {}) {
    HttpServer server;
    server.reply({.status = status, .headers = headers, .body = body});
    const auto rig = make_s3_at(server.url(), "bucket");
    const auto result = method == "HEAD" ? rig->observe("head", {{"key", "a"}})
                                         : rig->observe("get", {{"key", "a"}});
    REQUIRE_FALSE(result.ok());
    return result.error();
}

}  // namespace

TEST_CASE("finds_a_put_whose_answer_was_lost_and_writes_no_second_version") {
    S3Server* server = shared_ceph();
    if (!server) return;
    Through through(*server);
    through.proxy.fault({.kind = Kind::lose, .method = "PUT", .holds = "/doc"});
    auto put = through.rig->put("doc", "one");
    act_until_known(*through.rig, put);
    CHECK(put.value()["changed"].boolean());
    CHECK(through.proxy.all_met());
    CHECK(through.proxy.count("PUT", "/doc") == 1);
    CHECK(through.versions("doc") == 1);
}

TEST_CASE("finds_a_copy_a_restore_and_a_deletion_whose_answers_were_lost") {
    S3Server* server = shared_ceph();
    if (!server) return;
    Through through(*server);
    REQUIRE(through.rig->put("from", "content").ok());
    const Value first = through.rig->put("doc", "one").value()["version"];
    REQUIRE(through.rig->put("doc", "two").ok());
    through.proxy.fault({.kind = Kind::lose, .method = "PUT", .holds = "/to"});
    auto copy = through.rig->change("copy", {{"key", "from"}, {"to_key", "to"}});
    act_until_known(*through.rig, copy);
    CHECK(through.versions("to") == 1);
    through.proxy.fault({.kind = Kind::lose, .method = "PUT", .holds = "/doc"});
    auto restored = through.rig->change("restore_version", {{"key", "doc"}, {"version", first}});
    act_until_known(*through.rig, restored);
    CHECK(through.rig->body("doc") == "one");
    CHECK(through.versions("doc") == 3);
    through.proxy.fault({.kind = Kind::lose, .method = "DELETE", .holds = "/doc"});
    auto removed = through.rig->change("delete", {{"key", "doc"}});
    act_until_known(*through.rig, removed);
    CHECK(through.versions("doc") == 4);
    CHECK(through.rig->rig->undo(removed).ok());
    CHECK(through.rig->body("doc") == "one");
    CHECK(through.proxy.all_met());
}

TEST_CASE("writes_once_where_the_request_never_arrived_or_the_service_failed_after_it") {
    S3Server* server = shared_ceph();
    if (!server) return;
    Through through(*server);
    through.proxy.fault({.kind = Kind::drop, .method = "PUT", .holds = "/doc"});
    through.proxy.fault({.kind = Kind::answer_after,
                         .method = "PUT",
                         .holds = "/doc",
                         .status = 500,
                         .body = s3_error_text("InternalError")});
    auto put = through.rig->put("doc", "one");
    act_until_known(*through.rig, put);
    CHECK(put.value()["changed"].boolean());
    CHECK(through.proxy.all_met());
    CHECK(through.versions("doc") == 1);
}

TEST_CASE("deletes_many_once_where_the_answer_was_lost_and_can_undo_that") {
    S3Server* server = shared_ceph();
    if (!server) return;
    Through through(*server);
    for (const char* key : {"x/1", "x/2", "y"}) REQUIRE(through.rig->put(key, key).ok());
    through.proxy.fault({.kind = Kind::lose, .method = "POST", .holds = "delete="});
    auto gone = through.rig->change("delete_many", {{"prefix", "x/"}, {"delete_at_most", 5}});
    act_until_known(*through.rig, gone);
    CHECK(gone.value()["deleted"].number() == 2);
    CHECK(through.proxy.all_met());
    CHECK(through.rig->rig->undo(gone).ok());
    CHECK(through.rig->keys({}) == "x/1 x/2 y");
}

TEST_CASE("sees_the_error_within_a_200_of_a_copy") {
    S3Server* server = shared_ceph();
    if (!server) return;
    Through through(*server);
    REQUIRE(through.rig->put("from", "content").ok());
    const auto copy = [&] {
        return through.rig->change("copy", {{"key", "from"}, {"to_key", "to"}});
    };
    through.proxy.fault({.kind = Kind::answer,
                         .method = "PUT",
                         .holds = "/to",
                         .status = 200,
                         .body = s3_error_text("InternalError")});
    CHECK(copy().result.error().retry == Retry::unknown);
    CHECK(through.rig->body("to") == "absent");
    through.proxy.fault({.kind = Kind::answer,
                         .method = "PUT",
                         .holds = "/to",
                         .status = 200,
                         .body = s3_error_text("SlowDown")});
    const auto slowed = copy();
    CHECK(slowed.code() == "throttled");
    CHECK(slowed.result.error().retry == Retry::safe);
    through.proxy.fault({.kind = Kind::answer, .method = "PUT", .holds = "/to", .body = ""});
    CHECK(copy().result.error().retry == Retry::unknown);
    CHECK(copy().value()["changed"].boolean());
}

TEST_CASE("takes_what_was_throttled_for_not_executed_and_waits_as_long_as_it_is_told") {
    S3Server* server = shared_ceph();
    if (!server) return;
    Through through(*server);
    through.proxy.fault({.kind = Kind::answer,
                         .method = "PUT",
                         .holds = "/doc",
                         .status = 503,
                         .body = s3_error_text("SlowDown"),
                         .headers = {{"Retry-After", "7"}}});
    const auto slowed = through.rig->put("doc", "one");
    CHECK(slowed.code() == "throttled");
    CHECK(slowed.result.error().retry == Retry::safe);
    CHECK(slowed.result.error().detail["retry_after_s"].number() == 7);
    through.proxy.fault({.kind = Kind::answer,
                         .method = "GET",
                         .holds = "list-type",
                         .status = 503,
                         .body = s3_error_text("SlowDown"),
                         .times = 2});
    CHECK(through.rig->observe("list")->list().empty());  // Reading goes on by itself.
    CHECK(through.proxy.all_met());
}

TEST_CASE("notices_bytes_that_were_damaged_on_the_way_back") {
    S3Server* server = shared_ceph();
    if (!server) return;
    Through through(*server);
    REQUIRE(through.rig->put("doc", "some content").ok());
    through.proxy.fault({.kind = Kind::damage, .method = "GET", .holds = "/doc", .times = 2});
    CHECK(through.rig->observe("get", {{"key", "doc"}}).error().code == "damaged");
    CHECK(through.rig->observe("digest", {{"key", "doc"}}).error().code == "damaged");
    CHECK(through.rig->body("doc") == "some content");
}

TEST_CASE("has_the_service_refuse_bytes_that_were_damaged_on_the_way_there") {
    S3Server* server = shared_ceph();
    if (!server) return;
    Through through(*server);
    through.proxy.fault({.kind = Kind::damage_up, .method = "PUT", .holds = "/doc"});
    const auto put = through.rig->put("doc", "some content");
    CHECK(put.code() == "damaged");
    CHECK(put.result.error().retry == Retry::safe);
    CHECK(through.rig->body("doc") == "absent");
}

TEST_CASE("reads_again_what_was_cut_off") {
    S3Server* server = shared_ceph();
    if (!server) return;
    Through through(*server);
    REQUIRE(through.rig->put("doc", "some content").ok());
    through.proxy.fault({.kind = Kind::cut, .method = "GET", .holds = "/doc", .times = 2});
    CHECK(through.rig->body("doc") == "some content");
    CHECK(through.proxy.all_met());
    through.proxy.fault({.kind = Kind::cut, .method = "GET", .holds = "/doc"});
    CHECK(*through.rig->observe("digest", {{"key", "doc"}}) ==
          Value(to_hex(sha256("some content"))));
}

TEST_CASE("writes_nothing_over_what_somebody_else_wrote_in_between") {
    S3Server* server = shared_moto();
    if (!server) return;
    S3Proxy proxy(*server);
    const auto rig = make_s3_at(proxy.url(), S3Server::new_bucket());
    REQUIRE(rig->change("create_bucket").ok());
    // The driver's last look says "not there", and then the other one is faster.
    const auto absent = rig->rig->make_call(
        rig->target, "put", {{"key", "lock"}, {"body", "mine"}, {"only_if", "absent"}});
    const Handler& put = rig->rig->driver(rig->target).operations.at("put");
    const auto other = make_s3_at(server->url(), keeps_of(*rig).bucket);
    REQUIRE(other->put("lock", "theirs").ok());
    proxy.fault({.kind = Kind::answer, .method = "HEAD", .holds = "/lock", .status = 404});
    Call call = *absent;
    const Outcome outcome = rig->rig->await(put.act(call, Value().set("absent", true)));
    CHECK(outcome.kind == Outcome::Kind::failed);
    CHECK(outcome.error.code == "precondition_failed");
    CHECK(rig->body("lock") == "theirs");
}

TEST_CASE("says_what_refusals_mean") {
    for (const std::string code : {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken",
                                   "InvalidToken", "RequestTimeTooSkewed"})
        CHECK(error_of("GET", 403, s3_error_text(code)).code == "credentials_refused");
    CHECK(error_of("GET", 403, s3_error_text("AccessDenied")).code == "permission_denied");
    CHECK(error_of("HEAD", 403, s3_error_text("ExpiredToken")).code == "credentials_refused");
    CHECK(error_of("GET", 404, s3_error_text("NoSuchBucket")).code == "no_such_bucket");
    CHECK(error_of("GET", 501, s3_error_text("NotImplemented")).code == "not_supported");
    const Error moved = error_of("GET", 301, s3_error_text("PermanentRedirect"),
                                 {{"x-amz-bucket-region", "eu-west-1"}});
    CHECK(moved.code == "wrong_region");
    CHECK(moved.message.find("eu-west-1") != std::string::npos);
    const Error malformed = error_of(
        "GET", 400, s3_error_text("AuthorizationHeaderMalformed", "<Region>eu-west-2</Region>"));
    CHECK(malformed.code == "wrong_region");
    CHECK(malformed.message.find("eu-west-2") != std::string::npos);
    CHECK(error_of("GET", 400, s3_error_text("SomethingNew")).code == "refused");
}

TEST_CASE("takes_no_page_of_something_else_for_a_listing") {
    for (const std::string body :
         {"<html><body>Log in</body></html>", "", "{}", "<ListBucketRes"}) {
        CAPTURE(body);
        HttpServer server;
        server.reply({.status = 200, .headers = {}, .body = body});
        const auto rig = make_s3_at(server.url(), "bucket");
        auto call = *rig->rig->make_call(rig->target, "list", {});
        call.deadline_s = boot_now_s() + 1;
        const Handler& list = rig->rig->driver(rig->target).operations.at("list");
        const auto listed = rig->rig->await(list.observe(call));
        REQUIRE_FALSE(listed.ok());
        CHECK(listed.error().code == "bad_answer");
    }
}

TEST_CASE("sends_nothing_where_the_host_may_have_lost_the_run") {
    HttpServer server;
    server.reply({.status = 404, .headers = {}, .body = ""});
    const auto rig = make_s3_at(server.url(), "bucket");
    auto call = *rig->rig->make_call(rig->target, "put", {{"key", "a"}, {"body", "x"}});
    call.may_act = [] { return false; };
    const Handler& put = rig->rig->driver(rig->target).operations.at("put");
    const Outcome outcome = rig->rig->await(put.act(call, Value()));
    CHECK(outcome.kind == Outcome::Kind::not_sent);
    CHECK(server.count("PUT") == 0);
}

}  // namespace perilune::test
