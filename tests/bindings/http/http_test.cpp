// The http driver: its suite, its settings, its secrets, and what checks and waits tell.
#include <doctest/doctest.h>

#include "bindings/http/http.h"
#include "interpreter/base/json.h"
#include "tests/support/http_conformance.h"

namespace perilune::test {

namespace {

using Manner = Reply::Manner;

struct Shop {
    explicit Shop(Value settings = Value(Map{})) : rig(http_family, http_kind, "http/shop") {
        if (!settings.has("url")) settings.set("url", server.url());
        const auto made = rig.make(settings);
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
    }
    HttpServer server;
    DriverRig rig;
};

Reply json_reply(const std::string& body) {
    Reply reply;
    reply.headers = {{"Content-Type", "application/json"}};
    reply.body = body;
    return reply;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("conforms_to_the_http_family") {
    check_http_conformance([] {
        const auto server = std::make_shared<HttpServer>();
        const auto rig = std::make_shared<DriverRig>(http_family, http_kind, "http/shop");
        REQUIRE(rig->make(fields("url", server->url())).ok());
        return HttpSubject{.rig = rig,
                           .reply = [server](Reply reply) { server->reply(std::move(reply)); },
                           .count = [server] { return server->count(); },
                           .service = server};
    });
}

TEST_CASE("has_a_handler_for_every_row_and_no_other") {
    Shop shop;
    CHECK(http_kind.operations.size() == http_family.operations.size());
    for (const auto& operation : http_family.operations) {
        CHECK_FALSE(operation.doc.empty());
        REQUIRE(shop.rig.has(std::string(operation.name)));
        const Handler& handler = shop.rig.driver().operations.at(std::string(operation.name));
        CHECK((handler.observe != nullptr) == (operation.effect == Effect::observe));
        CHECK((handler.act != nullptr) == (operation.effect == Effect::change));
    }
}

TEST_CASE("joins_paths_to_the_base_and_sends_what_it_is_given") {
    HttpServer server;
    DriverRig rig(http_family, http_kind, "http/shop");
    REQUIRE(rig.make(fields("url", server.url() + "/api/", "headers", fields("X-Region", "west")))
                .ok());
    REQUIRE(
        rig.observe("get", fields("path", "/health", "query", fields("deep", true, "n", 2))).ok());
    CHECK(server.requests().back().target == "/api/health?deep=true&n=2");
    CHECK(server.requests().back().headers.at("x-region") == "west");
    REQUIRE(rig.change("post",
                       fields("path", "/orders", "json", fields("amount", 3), "key_header",
                              "Idempotency-Key"),
                       "abc123")
                .done());
    auto sent = server.requests().back();
    CHECK(sent.body == R"({"amount":3})");
    CHECK(sent.headers.at("content-type") == "application/json");
    CHECK(sent.headers.at("idempotency-key") == "abc123");
    REQUIRE(rig.change("put", fields("path", "/o", "form", fields("a b", "c&d"), "headers",
                                     fields("x-region", "east")))
                .done());
    sent = server.requests().back();
    CHECK(sent.body == "a%20b=c%26d");
    CHECK(sent.headers.at("content-type") == "application/x-www-form-urlencoded");
    CHECK(sent.headers.at("x-region") == "east");
    REQUIRE(rig.change("patch", fields("path", "/o", "body", "raw", "headers",
                                       fields("Content-Type", "text/x-diff")))
                .done());
    sent = server.requests().back();
    CHECK(sent.body == "raw");
    CHECK(sent.headers.at("content-type") == "text/x-diff");
    const Changed both = rig.change("post", fields("path", "/", "body", "a", "json", fields()));
    CHECK(both.kind() == "refused bad_argument");
}

TEST_CASE("opens_secrets_at_use_in_headers_queries_and_bodies") {
    Shop shop(fields("headers", fields("Authorization", make_secret("TOKEN"))));
    shop.rig.secrets = {{"TOKEN", "Bearer t0p"}, {"PASSWORD", "p\"w"}};
    REQUIRE(shop.rig
                .change("post", fields("path", "/login", "json",
                                       fields("user", "me", "password", make_secret("PASSWORD"))))
                .done());
    CHECK(shop.server.requests().back().headers.at("authorization") == "Bearer t0p");
    CHECK(from_json(shop.server.requests().back().body).value()["password"].text() == "p\"w");
    shop.rig.secrets["TOKEN"] = "rotated";
    REQUIRE(
        shop.rig
            .observe("get", fields("path", "/", "query", fields("key", make_secret("PASSWORD"))))
            .ok());
    CHECK(shop.server.requests().back().headers.at("authorization") == "rotated");
    CHECK(shop.server.requests().back().target == "/?key=p%22w");
    shop.rig.secrets["TOKEN"] = "one\r\nX-Evil: two";
    CHECK(shop.rig.observe("get", fields("path", "/")).error().code == "bad_header");
    shop.rig.secrets.erase("TOKEN");
    CHECK(shop.rig.observe("get", fields("path", "/")).error().code == "no_secret");
    CHECK(shop.server.count() == 2);
}

TEST_CASE("refuses_settings_that_are_not_right") {
    const auto code = [](const Value& settings) {
        DriverRig rig(http_family, http_kind, "http/shop");
        const auto made = rig.make(settings);
        return made.ok() ? "made" : made.error().code;
    };
    CHECK(code(fields("url", "https://shop.example/api")) == "made");
    CHECK(code(fields("url", "shop.example")) == "bad_setting");
    CHECK(code(fields("url", "https://me:pw@shop.example")) == "bad_setting");
    CHECK(code(fields("url", "https://shop.example?x=1")) == "bad_setting");
    const auto with = [](const char* name, const Value& value) {
        return fields("url", "https://shop.example", name, value);
    };
    CHECK(code(with("headers", fields("Host", "evil"))) == "bad_setting");
    CHECK(code(with("headers", fields("X-A", 5))) == "bad_setting");
    CHECK(code(with("headers", fields("X-A", "a\nb"))) == "bad_setting");
    CHECK(code(with("probes", List{Value("POST login")})) == "bad_setting");
    CHECK(code(with("probes", List{Value("FETCH /login")})) == "bad_setting");
    CHECK(code(with("probes", List{Value("POST /login")})) == "made");
}

TEST_CASE("probes_with_a_changing_method_only_where_the_settings_say_so") {
    Shop shop(fields("probes", List{Value("POST /login")}));
    shop.server.reply({.status = 401});
    const auto probe = [&](const char* method, const char* path) {
        return shop.rig.observe(
            "probe", fields("method", method, "path", path, "expect", "4xx", "json", fields()));
    };
    CHECK(probe("POST", "/login").ok());
    CHECK(probe("GET", "/anything").ok());
    CHECK(shop.server.count() == 2);
    CHECK(probe("POST", "/orders").error().code == "denied");
    CHECK(probe("DELETE", "/login").error().code == "denied");
    CHECK(shop.server.count() == 2);
}

TEST_CASE("lists_every_failure_of_a_check") {
    Shop shop;
    Reply reply = json_reply(R"({"db":{"state":"down"},"queue":3})");
    reply.status = 500;
    reply.delay_s = 0.05;
    shop.server.reply(reply);
    const Value wishes = fields("path", "/health", "json",
                                fields("db.state", "up", "queue", 3, "cache", fields("warm", true)),
                                "contains", "serving", "latency_max", "20ms");
    const auto checked = shop.rig.observe("check", wishes);
    REQUIRE_FALSE(checked.ok());
    const Error& error = checked.error();
    CHECK(error.code == "check_failed");
    CHECK(error.retry == Retry::safe);
    for (const auto* part : {"status is 500, not 200", "json.db.state is \"down\", not \"up\"",
                             "json.cache.warm is absent, not true", "serving", "latency is"})
        CHECK_MESSAGE(contains(error.message, part), error.message);
    CHECK_FALSE(contains(error.message, "json.queue"));
    REQUIRE(error.detail.list().size() == 6);
    int passed = 0;
    for (const auto& check : error.detail.list()) passed += check["passed"].boolean();
    CHECK(passed == 1);
}

TEST_CASE("counts_no_answer_as_a_failed_check") {
    DriverRig rig(http_family, http_kind, "http/shop");
    REQUIRE(rig.make(fields("url", "http://127.0.0.1:" + std::to_string(unused_port()))).ok());
    const auto checked = rig.observe("check", fields("path", "/"));
    CHECK(checked.error().code == "check_failed");
    CHECK(contains(checked.error().message, "refused"));
    CHECK(rig.observe("get", fields("path", "/")).error().code == "refused");
}

TEST_CASE("waits_for_so_many_good_answers_in_a_row") {
    Shop shop;
    shop.server.replies({{.status = 503}, {.status = 200}, {.status = 500}, {.status = 200}});
    const Value wish = fields("path", "/", "within", "10s", "every", "20ms", "times", 2);
    CHECK(shop.rig.observe("wait_ok", wish).ok());
    CHECK(shop.server.count() == 5);
    CHECK(shop.server.connections() == 5);
}

TEST_CASE("says_what_was_last_wrong_when_the_wait_is_over") {
    Shop shop;
    shop.server.reply(json_reply(R"({"state":"starting"})"));
    const double began_s = boot_now_s();
    const auto waited = shop.rig.observe("wait_ok", fields("path", "/", "within", "300ms", "every",
                                                           "50ms", "json", fields("state", "up")));
    REQUIRE_FALSE(waited.ok());
    CHECK(waited.error().code == "timed_out");
    CHECK(waited.error().retry == Retry::safe);
    CHECK(contains(waited.error().message, "json.state is \"starting\", not \"up\""));
    CHECK(boot_now_s() - began_s >= 0.3);
    CHECK(boot_now_s() - began_s < 5);
    CHECK(shop.server.count() >= 2);
}

TEST_CASE("stops_waiting_when_it_is_told_to") {
    Shop shop;
    shop.server.reply({.status = 503});
    shop.rig.cancel = std::make_shared<Cancel>();
    shop.rig.loop().start_timer(boot_now_s() + 0.2, [&] { shop.rig.cancel->ask(); });
    const auto waited = shop.rig.observe("wait_ok", fields("path", "/", "within", "1h"));
    CHECK(waited.error().code == "cancelled");
}

TEST_CASE("reads_the_certificate_and_says_why_one_is_not_accepted") {
    const CertificateAuthority authority;
    HttpServer server(authority.issue());
    DriverRig rig(http_family, http_kind, "http/shop");
    REQUIRE(
        rig.make(fields("url", server.url("localhost"), "certificate_authority", authority.path()))
            .ok());
    const auto read = rig.observe("certificate", fields());
    REQUIRE(read.ok());
    CHECK((*read)["names"].list()[0].text() == "localhost");
    CHECK((*read)["issuer"].text() == "CN=Perilune test authority");
    CHECK((*read)["ends_at"].number() > wall_now_s());
    CertificateWish wish;
    wish.ends_in_s = -10;
    HttpServer expired(authority.issue(wish));
    DriverRig other(http_family, http_kind, "http/shop");
    REQUIRE(other
                .make(fields("url", expired.url("localhost"), "certificate_authority",
                             authority.path()))
                .ok());
    const auto refused = other.observe("certificate", fields());
    CHECK(refused.error().code == "tls_failed");
    CHECK(refused.error().retry == Retry::never);
    CHECK(contains(refused.error().message, "expired"));
    Shop plain;
    CHECK(plain.rig.observe("certificate", fields()).error().code == "no_certificate");
}

}  // namespace perilune::test
