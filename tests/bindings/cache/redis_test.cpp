// The cache driver redis against real servers, read back with redis-cli.
#include <doctest/doctest.h>

#include "bindings/cache/cache.h"
#include "interpreter/base/json.h"
#include "tests/bindings/cache/cache_conformance.h"
#include "tests/services/redis.h"
#include "tests/support/certificates.h"

namespace perilune::test {

namespace {

std::unique_ptr<DriverRig> rig_for(Value settings) {
    auto rig = std::make_unique<DriverRig>(cache_family, redis_kind, "cache/sessions");
    const auto made = rig->make(settings);
    REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
    return rig;
}

bool skipped() { return !has_program("redis-server") || !has_program("redis-cli"); }

}  // namespace

TEST_CASE("redis_conforms_to_the_cache_family") {
    if (skipped()) return;
    RedisServer server;
    const auto rig = rig_for(fields("url", server.url()));
    check_cache_conformance(*rig);
    check_cache_patterns(*rig);
}

TEST_CASE("redis_cli_reads_what_the_driver_has_written") {
    if (skipped()) return;
    RedisServer server;
    const auto rig = rig_for(fields("url", server.url() + "/3"));
    const std::string bytes("a\r\n\0b", 5);
    REQUIRE(rig->change("set", fields("key", "raw", "value", bytes)).done());
    CHECK(server.cli({"-n", "3", "STRLEN", "raw"}) == "5\n");
    CHECK((*rig->observe("get", fields("key", "raw")))["value"].text() == bytes);
    server.cli({"-n", "3", "LPUSH", "queue", "one"});
    CHECK(rig->observe("get", fields("key", "queue")).error().code == "wrong_type");
}

TEST_CASE("sessions_are_deleted_and_nothing_else") {
    if (skipped()) return;
    RedisServer server;
    for (int i = 0; i < 1200; ++i) server.cli({"SET", "sess:" + std::to_string(i), "x"}), i += 99;
    server.cli({"SET", "cart:1", "x"});
    const auto rig = rig_for(fields("url", server.url(), "sessions", "sess:*"));
    const Changed flushed = rig->change("flush_sessions", fields());
    REQUIRE(flushed.done());
    CHECK(flushed.outcome.value["deleted"].number() == 12);
    CHECK(server.cli({"KEYS", "*"}) == "cart:1\n");
    const auto bare = rig_for(fields("url", server.url()));
    CHECK(bare->change("flush_sessions", fields()).kind() == "refused unsupported");
}

TEST_CASE("a_replica_becomes_the_primary") {
    if (skipped()) return;
    RedisServer primary;
    RedisServer replica({.follows = primary.port()});
    const auto rig = rig_for(fields("url", replica.url()));
    CHECK((*rig->observe("status", fields()))["role"].text() == "replica");
    CHECK(rig->look("promote", fields(), "k").kind == Sighting::Kind::did_not);
    const Changed promoted = rig->change("promote", fields());
    REQUIRE_MESSAGE(promoted.done(), promoted.error().message);
    CHECK(promoted.outcome.value["primary_before"].text() ==
          "127.0.0.1:" + std::to_string(primary.port()));
    CHECK(replica.cli({"ROLE"}).find("master") == 0);
    CHECK(rig->look("promote", fields(), "k").kind == Sighting::Kind::happened);
    CHECK_FALSE(rig->change("promote", fields()).acted);
}

TEST_CASE("redis_speaks_tls_and_checks_whom_it_speaks_to") {
    if (skipped()) return;
    const CertificateAuthority authority;
    const IssuedCertificate identity = authority.issue();
    RedisServer server({.password = "pass-w0rd",
                        .certificate_pem = identity.certificate_pem,
                        .key_pem = identity.key_pem});
    Value settings = fields("url", server.url(), "password", make_secret("REDIS"),
                            "certificate_authority", authority.path());
    const auto rig = rig_for(settings);
    rig->secrets["REDIS"] = "pass-w0rd";
    check_cache_conformance(*rig);
    rig->secrets["REDIS"] = "another-one";
    const auto refused = rig->observe("get", fields("key", "a"));
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == "credentials_refused");
    CHECK(refused.error().message.find("another-one") == std::string::npos);
    settings.set("certificate_authority", Value());
    const auto distrusts = rig_for(settings);
    distrusts->secrets["REDIS"] = "pass-w0rd";
    CHECK(distrusts->observe("get", fields("key", "a")).error().code == "tls_failed");
}

TEST_CASE("a_store_that_is_gone_is_an_answer_and_a_change_of_it_was_not_sent") {
    if (skipped()) return;
    RedisServer server;
    const auto rig = rig_for(fields("url", server.url()));
    REQUIRE(rig->change("set", fields("key", "a", "value", "one")).done());
    server.service().kill();
    const auto status = rig->observe("status", fields());
    REQUIRE(status.ok());
    CHECK_FALSE((*status)["reachable"].boolean());
    const Changed late = rig->change("set", fields("key", "a", "value", "two"));
    CHECK(late.kind() == "refused refused");
    CHECK(late.error().retry == Retry::safe);
    for (const auto* url : {"localhost:1", "redis://user@host", "redis://host/x", "http://host"})
        CHECK(rig_for(fields("url", url))->observe("get", fields("key", "a")).error().code ==
              "bad_setting");
}

TEST_CASE("a_secret_value_is_kept_as_a_digest_only") {
    if (skipped()) return;
    RedisServer server;
    const auto rig = rig_for(fields("url", server.url()));
    rig->secrets["KEY"] = "t0p-secret";
    const Changed made = rig->change("set", fields("key", "k", "value", make_secret("KEY")));
    REQUIRE(made.done());
    CHECK(server.cli({"GET", "k"}) == "t0p-secret\n");
    CHECK(to_json(made.outcome.after).find("t0p-secret") == std::string::npos);
    CHECK(to_json(made.outcome.value).find("t0p-secret") == std::string::npos);
}

}  // namespace perilune::test
