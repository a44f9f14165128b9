// Changes over http when things fail: each fault, each method, and how often the service saw it.
#include <doctest/doctest.h>

#include "bindings/http/http.h"
#include "tests/support/driver_rig.h"
#include "tests/support/http_server.h"

namespace perilune::test {

namespace {

using Manner = Reply::Manner;

const std::vector<std::string> changes = {"post", "put", "patch", "delete"};
const std::vector<std::string> observes = {"get", "head", "check"};

struct Shop {
    Shop() : rig(http_family, http_kind, "http/shop") {
        REQUIRE(rig.make(fields("url", server.url(), "timeout", "1s")).ok());
    }
    HttpServer server;
    DriverRig rig;
};

Changed change_at(const std::string& url, const std::string& operation,
                  const std::string& authority = "") {
    DriverRig rig(http_family, http_kind, "http/shop");
    Value settings = fields("url", url, "connect_timeout", "300ms");
    if (!authority.empty()) settings.set("certificate_authority", authority);
    REQUIRE(rig.make(settings).ok());
    return rig.change(operation, fields("path", "/a"));
}

}  // namespace

TEST_CASE("leaves_a_change_in_doubt_when_its_answer_is_lost") {
    const std::vector<Manner> faults = {Manner::drop,     Manner::reset,      Manner::cut_headers,
                                        Manner::cut_body, Manner::half_close, Manner::garbage,
                                        Manner::never,    Manner::interim};
    for (const auto& operation : changes) {
        for (const auto fault : faults) {
            CAPTURE(operation);
            CAPTURE(static_cast<int>(fault));
            Shop shop;
            Reply reply;
            reply.manner = fault;
            reply.body = "0123456789";
            shop.server.reply(reply);
            const Changed lost = shop.rig.change(operation, fields("path", "/a"));
            CHECK(lost.kind() == "unknown");
            CHECK(lost.error().retry == Retry::unknown);
            CHECK(lost.error().message.find("/a on http/shop") != std::string::npos);
            CHECK(shop.server.count() == 1);
        }
    }
}

TEST_CASE("never_doubts_an_observe") {
    for (const auto& operation : observes) {
        CAPTURE(operation);
        Shop shop;
        Reply reply;
        reply.manner = Manner::drop;
        shop.server.reply(reply);
        const auto lost = shop.rig.observe(operation, fields("path", "/a"));
        REQUIRE_FALSE(lost.ok());
        CHECK(lost.error().retry == Retry::safe);
        shop.server.reply({.status = 503});
        CHECK(shop.rig.observe(operation, fields("path", "/a")).error().retry == Retry::safe);
    }
}

TEST_CASE("proves_a_change_not_sent_before_its_first_byte") {
    const CertificateAuthority authority;
    HttpServer closing(authority.issue());
    closing.meet(Meeting::drop_in_handshake);
    HttpServer stalling(authority.issue());
    stalling.meet(Meeting::stall);
    for (const auto& operation : changes) {
        CAPTURE(operation);
        const std::string refused = "http://127.0.0.1:" + std::to_string(unused_port());
        CHECK(change_at(refused, operation).kind() == "not_sent");
        CHECK(change_at("http://nowhere.invalid", operation).kind() == "not_sent");
        CHECK(change_at(closing.url("localhost"), operation, authority.path()).kind() ==
              "not_sent");
        const Changed stalled = change_at(stalling.url("localhost"), operation, authority.path());
        CHECK(stalled.kind() == "not_sent");
        CHECK(stalled.error().code == "timed_out");
    }
    CHECK(closing.count() + stalling.count() == 0);
}

TEST_CASE("gives_a_change_up_where_the_certificate_is_not_accepted") {
    const CertificateAuthority authority;
    CertificateWish self_signed;
    self_signed.self_signed = true;
    HttpServer server(authority.issue(self_signed));
    for (const auto& operation : changes) {
        const Changed refused = change_at(server.url("localhost"), operation, authority.path());
        CHECK(refused.kind() == "failed");
        CHECK(refused.error().code == "tls_failed");
        CHECK(refused.error().retry == Retry::never);
    }
    CHECK(server.count() == 0);
}

TEST_CASE("caps_and_defaults_the_wait_that_a_busy_service_asks_for") {
    struct Form {
        std::string header;
        double least_s;
        double most_s;
    };
    const std::vector<Form> forms = {{"3", 3, 3},
                                     {"0", 0, 0},
                                     {"-1", 1, 1},
                                     {"315360000", 300, 300},
                                     {"Fri, 01 Jan 2100 00:00:00 GMT", 300, 300},
                                     {"Sun, 06 Nov 1994 08:49:37 GMT", 0, 0},
                                     {"soon", 1, 1}};
    Shop shop;
    for (const auto& form : forms) {
        for (const int status : {429, 503}) {
            CAPTURE(form.header);
            shop.server.reply({.status = status, .headers = {{"Retry-After", form.header}}});
            const Changed busy = shop.rig.change("post", fields("path", "/a"));
            CHECK(busy.kind() == "not_sent");
            CHECK(busy.outcome.retry_after_s >= form.least_s);
            CHECK(busy.outcome.retry_after_s <= form.most_s);
        }
    }
    shop.server.reply({.status = 503});
    CHECK(shop.rig.change("post", fields("path", "/a")).kind() == "unknown");
    shop.server.reply({.status = 429});
    CHECK(shop.rig.change("post", fields("path", "/a")).kind() == "not_sent");
}

TEST_CASE("takes_a_missing_resource_for_deleted") {
    Shop shop;
    for (const int status : {404, 410}) {
        shop.server.reply({.status = status});
        const Changed gone = shop.rig.change("delete", fields("path", "/a"));
        REQUIRE(gone.kind() == "done");
        CHECK_FALSE(gone.outcome.value["changed"].boolean());
        CHECK(gone.outcome.value["status"].number() == status);
        CHECK(shop.rig.change("put", fields("path", "/a")).kind() == "failed");
    }
}

TEST_CASE("knows_that_a_change_happened_though_its_answer_is_too_long") {
    Shop shop;
    Reply reply;
    reply.status = 201;
    reply.body = std::string(3 << 20, 'x');
    shop.server.reply(reply);
    const Changed made = shop.rig.change("post", fields("path", "/a"));
    REQUIRE(made.kind() == "done");
    CHECK(made.outcome.value["truncated"].boolean());
    CHECK(made.outcome.value["status"].number() == 201);
    const auto got = shop.rig.observe("get", fields("path", "/a", "body_max", "1KiB"));
    CHECK(got.error().code == "body_too_large");
    CHECK(got.error().retry == Retry::never);
    CHECK(shop.server.count() == 2);
}

TEST_CASE("keeps_the_rate_of_its_target") {
    HttpServer server;
    DriverRig rig(http_family, http_kind, "http/shop");
    REQUIRE(rig.make(fields("url", server.url(), "rate_per_s", 20)).ok());
    const double began_s = boot_now_s();
    for (int i = 0; i < 5; ++i) REQUIRE(rig.observe("get", fields("path", "/")).ok());
    CHECK(boot_now_s() - began_s >= 0.2);
    CHECK(server.count() == 5);
}

TEST_CASE("loads_at_a_constant_rate_and_measures_from_when_each_was_due") {
    Shop shop;
    shop.server.reply({.delay_s = 0.02});
    const Changed loaded =
        shop.rig.change("load", fields("path", "/a", "rate_per_s", 100, "during", "500ms"));
    REQUIRE(loaded.kind() == "done");
    const Value& result = loaded.outcome.value;
    CHECK(result["requests"].number() == 50);
    CHECK(shop.server.count() == 50);
    CHECK(result["error_ratio"].number() == 0);
    CHECK(result["p50_s"].number() >= 0.02);
    CHECK(result["p50_s"].number() <= result["p95_s"].number());
    CHECK(result["p99_s"].number() <= result["max_s"].number());
    // One connection at 20 ms a request cannot keep up with 100 a second: the wait is measured.
    const Changed late = shop.rig.change(
        "load", fields("path", "/a", "rate_per_s", 100, "during", "500ms", "connections_max", 1));
    CHECK(late.outcome.value["requests"].number() == 50);
    CHECK(late.outcome.value["max_s"].number() > 0.3);
}

TEST_CASE("ends_a_load_that_only_does_harm") {
    Shop shop;
    shop.server.reply({.status = 500});
    const Changed loaded =
        shop.rig.change("load", fields("path", "/a", "rate_per_s", 500, "during", "20s"));
    REQUIRE(loaded.kind() == "failed");
    CHECK(loaded.error().code == "too_many_errors");
    CHECK(loaded.error().detail["error_ratio"].number() == 1);
    CHECK(shop.server.count() < 2000);
    const Changed absurd =
        shop.rig.change("load", fields("path", "/a", "rate_per_s", 1000, "during", "1h"));
    CHECK(absurd.kind() == "refused bad_argument");
}

}  // namespace perilune::test
