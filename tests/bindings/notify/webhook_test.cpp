// The notify driver webhook: what it posts, how it signs, and what a failing receiver gives.
#include <doctest/doctest.h>

#include "bindings/notify/notify.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "tests/support/http_server.h"
#include "tests/support/notify_conformance.h"

namespace perilune::test {

namespace {

struct Hook {
    explicit Hook(Value settings = Value(Map{}))
        : rig(notify_family, notify_webhook_kind, "notify/oncall") {
        settings.set("url", server.url() + "/services/T0KEN");
        REQUIRE(rig.make(settings).ok());
    }
    HttpServer server;
    DriverRig rig;
};

const Value hello = fields("text", "hello");
const Value loud_hello = fields("text", "hello", "on_undelivered", "fail");

}  // namespace

TEST_CASE("webhook_conforms_to_the_notify_family") {
    check_notify_conformance([] {
        const auto server = std::make_shared<HttpServer>();
        const auto rig =
            std::make_shared<DriverRig>(notify_family, notify_webhook_kind, "notify/oncall");
        REQUIRE(rig->make(fields("url", server->url() + "/hook")).ok());
        return NotifySubject{.rig = rig,
                             .count = [server] { return server->count(); },
                             .break_channel = [server] { server->reply({.status = 500}); },
                             .channel = server};
    });
}

TEST_CASE("posts_one_signed_document_a_message") {
    Hook hook(fields("secret", make_secret("HOOK_KEY"), "headers",
                     fields("Authorization", make_secret("TOKEN"))));
    hook.rig.secrets = {{"HOOK_KEY", "s3cret"}, {"TOKEN", "Bearer t"}};
    REQUIRE(hook.rig
                .change("open", fields("key", "outage", "summary", "down", "severity", "critical"),
                        "abc")
                .done());
    const auto sent = hook.server.requests().back();
    CHECK(sent.method == "POST");
    CHECK(sent.headers.at("content-type") == "application/json");
    CHECK(sent.headers.at("idempotency-key") == "abc");
    CHECK(sent.headers.at("authorization") == "Bearer t");
    CHECK(sent.headers.at("x-perilune-signature") ==
          "sha256=" + to_hex(hmac_sha256("s3cret", sent.body)));
    const auto document = from_json(sent.body);
    REQUIRE(document.ok());
    CHECK((*document)["kind"].text() == "open");
    CHECK((*document)["id"].text() == "abc");
    CHECK((*document)["target"].text() == "notify/oncall");
    CHECK((*document)["severity"].text() == "critical");
    CHECK((*document)["at"].number() > 1.7e9);
    CHECK_FALSE(document->has("on_undelivered"));
}

TEST_CASE("signs_as_everybody_does") {
    // The vector of RFC 4231, 4.3.
    CHECK(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_CASE("takes_its_address_from_a_secret_and_never_shows_it") {
    HttpServer server;
    DriverRig rig(notify_family, notify_webhook_kind, "notify/oncall");
    REQUIRE(rig.make(fields("url", make_secret("HOOK_URL"))).ok());
    rig.secrets["HOOK_URL"] = server.url() + "/services/T0KEN";
    REQUIRE(rig.change("send", hello).outcome.value["delivered"].boolean());
    CHECK(server.requests().back().target == "/services/T0KEN");
    server.reply({.status = 404});
    auto failed = rig.change("send", hello);
    CHECK(to_json(failed.outcome.value).find("T0KEN") == std::string::npos);
    rig.secrets["HOOK_URL"] =
        "http://127.0.0.1:" + std::to_string(unused_port()) + "/services/T0KEN";
    failed = rig.change("send", hello);
    CHECK(failed.outcome.value["error"]["code"].text() == "refused");
    CHECK(to_json(failed.outcome.value).find("T0KEN") == std::string::npos);
    rig.secrets["HOOK_URL"] = "file:///etc/passwd";
    failed = rig.change("send", hello);
    CHECK(failed.outcome.value["error"]["code"].text() == "bad_url");
    rig.secrets.clear();
    CHECK(rig.change("send", hello).outcome.value["error"]["code"].text() == "no_secret");
}

TEST_CASE("says_honestly_whether_a_lost_message_may_have_arrived") {
    Hook hook;
    hook.server.reply({.manner = Reply::Manner::drop});
    const Changed lost = hook.rig.change("send", hello);
    REQUIRE(lost.done());
    CHECK_FALSE(lost.outcome.value["delivered"].boolean());
    CHECK(lost.outcome.value["error"]["retry"].text() == "unknown");
    CHECK(lost.outcome.value["changed"].boolean());
    CHECK(hook.server.count() == 1);
    CHECK(hook.rig.change("send", loud_hello).kind() == "unknown");
    CHECK(hook.server.count() == 2);
    hook.server.reply({.status = 429, .headers = {{"Retry-After", "7"}}});
    const Changed busy = hook.rig.change("send", loud_hello);
    CHECK(busy.kind() == "not_sent");
    CHECK(busy.outcome.retry_after_s == 7);
    CHECK_FALSE(hook.rig.change("send", hello).outcome.value["changed"].boolean());
    hook.server.reply({.status = 403});
    CHECK(hook.rig.change("send", loud_hello).kind() == "failed");
    hook.server.reply({.status = 302, .headers = {{"Location", "http://evil.example/"}}});
    CHECK(hook.rig.change("send", loud_hello).kind() == "unknown");
}

TEST_CASE("gives_a_dead_receiver_up_in_time") {
    Hook hook(fields("timeout", "300ms"));
    hook.server.reply({.manner = Reply::Manner::never});
    const double began_s = boot_now_s();
    const Changed lost = hook.rig.change("send", hello);
    CHECK(lost.outcome.value["error"]["code"].text() == "timed_out");
    CHECK(boot_now_s() - began_s < 5);
}

TEST_CASE("refuses_webhook_settings_that_are_not_right") {
    const auto code = [](const Value& settings) {
        DriverRig rig(notify_family, notify_webhook_kind, "notify/oncall");
        const auto made = rig.make(settings);
        return made.ok() ? "made" : made.error().code;
    };
    const std::string url = "https://hooks.example/a";
    CHECK(code(fields("url", url)) == "made");
    CHECK(code(fields("url", "hooks.example")) == "bad_setting");
    CHECK(code(fields()) == "bad_setting");
    CHECK(code(fields("url", url, "signature_header", "Host")) == "bad_setting");
    CHECK(code(fields("url", url, "signature_header", "a b")) == "bad_setting");
    CHECK(code(fields("url", url, "headers", fields("X-A", "b\r\nc"))) == "bad_setting");
    CHECK(code(fields("url", url, "headers", fields("X-A", 5))) == "bad_setting");
}

}  // namespace perilune::test
