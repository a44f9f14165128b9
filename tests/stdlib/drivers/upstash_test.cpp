// The driver for Upstash Redis against a double of its REST API.
#include <doctest/doctest.h>

#include "bindings/cache/cache.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "tests/bindings/cache/cache_conformance.h"
#include "tests/interpreter/driver/lua_rig.h"
#include "tests/services/double.h"

namespace perilune::test {

namespace {

struct Upstash {
    explicit Upstash(const std::string& sessions = "conformance:s*")
        : rig(cache_family, builtin_kind("cache", "upstash"), "cache/sessions") {
        rig.secrets["KEY"] = Double::token;
        const auto made =
            rig.make(fields("url", store.url(), "token", make_secret("KEY"), "sessions", sessions));
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
    }
    Double store{"upstash"};
    DriverRig rig;
};

}  // namespace

TEST_CASE("upstash_conforms_to_the_cache_family") {
    if (!has_doubles()) return;
    Upstash upstash;
    check_cache_conformance(upstash.rig);
    check_cache_patterns(upstash.rig);
}

TEST_CASE("upstash_flushes_sessions_and_nothing_else") {
    if (!has_doubles()) return;
    Upstash upstash;
    for (const auto* key : {"conformance:s1", "conformance:s2", "conformance:x"})
        REQUIRE(upstash.rig.change("set", fields("key", key, "value", "v")).done());
    const Changed flushed = upstash.rig.change("flush_sessions", fields());
    REQUIRE_MESSAGE(flushed.done(), flushed.error().message);
    CHECK(flushed.outcome.value["deleted"].number() == 2);
    CHECK(upstash.rig.observe("get", fields("key", "conformance:x"))->has("value"));
    Upstash all("*");
    CHECK(all.rig.change("flush_sessions", fields()).kind() == "refused bad_setting");
}

TEST_CASE("upstash_keeps_only_the_digest_of_a_secret_value") {
    if (!has_doubles()) return;
    Upstash upstash;
    upstash.rig.secrets["VALUE"] = "canary-of-the-value";
    const Value call = fields("key", "conformance:k", "value", make_secret("VALUE"));
    REQUIRE(upstash.rig.change("set", call).done());
    const Changed again = upstash.rig.change("set", call);
    REQUIRE(again.done());
    CHECK(again.before.state["digest"].text() == to_hex(sha256("canary-of-the-value")));
    CHECK(again.outcome.after == again.before.state);
    CHECK(to_json(again.before.state).find("canary") == std::string::npos);
    CHECK_FALSE(upstash.rig.undo("set", call, again).done());
}

TEST_CASE("upstash_sees_errors_inside_of_a_200_and_repeats_what_was_lost") {
    if (!has_doubles()) return;
    Upstash upstash;
    upstash.store.set_state(Value().set("lists", List{"queue"}));
    const auto read = upstash.rig.observe("get", fields("key", "queue"));
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == "wrong_type");

    const Value call = fields("keys", List{"conformance:a", "conformance:b"});
    for (const auto* key : {"conformance:a", "conformance:b"})
        REQUIRE(upstash.rig.change("set", fields("key", key, "value", "v")).done());
    upstash.store.fault({.in_body = "DEL"});
    const Changed lost = upstash.rig.change("delete", call, "k");
    CHECK(lost.kind() == "unknown");
    upstash.store.fault(throttled("POST"));
    CHECK(upstash.rig.observe("status", fields())->has("keys"));
    upstash.store.fault({.kind = Fault::Kind::answer, .in_body = "SET", .status = 429});
    CHECK(upstash.rig.change("set", fields("key", "conformance:c", "value", "v")).kind() ==
          "not_sent");
    upstash.store.fault({.kind = Fault::Kind::answer,
                         .in_body = "SET",
                         .status = 400,
                         .body = Value().set("error", "ERR max request size exceeded")});
    const Changed refused = upstash.rig.change("set", fields("key", "conformance:c", "value", "v"));
    CHECK(refused.kind() == "failed");
    CHECK(refused.error().message.find("max request size exceeded") != std::string::npos);
}

TEST_CASE("upstash_that_does_not_answer_is_told_and_refused_credentials_are_named") {
    if (!has_doubles()) return;
    Upstash upstash;
    upstash.store.fault({.kind = Fault::Kind::drop, .times = 99});
    upstash.rig.timeout_s = 3;
    const auto status = upstash.rig.observe("status", fields());
    REQUIRE(status.ok());
    CHECK_FALSE((*status)["reachable"].boolean());
    Upstash other;
    other.rig.secrets["KEY"] = "canary-of-the-token";
    const Changed refused = other.rig.change("set", fields("key", "a", "value", "b"));
    CHECK(refused.kind() == "refused credentials_refused");
    CHECK(refused.error().message.find("canary") == std::string::npos);
    CHECK(other.store.changes() == 0);
}

}  // namespace perilune::test
