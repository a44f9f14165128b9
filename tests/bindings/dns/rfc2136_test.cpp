// The driver rfc2136 against a real BIND, read back with dig.
#include <doctest/doctest.h>

#include "bindings/dns/dns.h"
#include "bindings/dns/tsig.h"
#include "tests/bindings/dns/dns_conformance.h"
#include "tests/services/bind.h"

namespace perilune::test {

namespace {

struct Zone {
    explicit Zone(const std::string& algorithm = "hmac-sha256", const std::string& said = "")
        : primary(algorithm) {
        Services services{.loop = loop.loop()};
        Value values;
        values.set("zone", "example.org").set("server", primary.server());
        values.set("key_name", BindPrimary::key_name).set("key", make_secret("KEY"));
        values.set("algorithm", said.empty() ? algorithm : said);
        values.set("name_servers", List{primary.server()});
        auto made = make_driver(rfc2136_kind,
                                {.target = "dns/site", .values = values, .folder = "/"}, services);
        REQUIRE(made.ok());
        rig = std::make_unique<CallRig>(loop, dns_family, std::move(*made), "dns/site");
        rig->secrets["KEY"] = BindPrimary::key;
    }
    BindPrimary primary;
    LoopRig loop;
    std::unique_ptr<CallRig> rig;
};

bool skipped() { return !has_program("named") || !has_program("dig"); }

}  // namespace

TEST_CASE("rfc2136_conforms_to_the_dns_family") {
    if (skipped()) return;
    Zone zone;
    check_dns_conformance(*zone.rig);
}

TEST_CASE("dig_reads_what_rfc2136_has_written_whatever_the_algorithm") {
    if (skipped()) return;
    for (const auto* algorithm : {"hmac-sha1", "hmac-sha256", "hmac-sha384", "hmac-sha512"}) {
        Zone zone(algorithm);
        must(*zone.rig, "upsert", record("www", "A", {"192.0.2.7"}, 60, "ttl"));
        CHECK(zone.primary.dig("www.example.org", "A") == "192.0.2.7\n");
        must(*zone.rig, "upsert", record("@", "TXT", {"one \"two\"", "three"}, 60, "ttl"));
        const std::string texts = zone.primary.dig("example.org", "TXT");
        CHECK(texts.find("\"one \\\"two\\\"\"\n") != std::string::npos);
        CHECK(texts.find("\"three\"\n") != std::string::npos);
        must(*zone.rig, "delete", key("www", "A"));
        CHECK(zone.primary.dig("www.example.org", "A").empty());
    }
}

TEST_CASE("a_zone_of_many_messages_is_read_whole") {
    if (skipped()) return;
    Zone zone;
    List upserts;
    for (int i = 0; i < 3000; ++i)
        upserts.push_back(record("host" + std::to_string(i), "TXT",
                                 {std::string(100, 'a') + std::to_string(i)}, 60));
    for (int from = 0; from < 3000; from += 300) {
        Value batch;
        batch.set("upserts", List(upserts.begin() + from, upserts.begin() + from + 300));
        REQUIRE(must(*zone.rig, "batch", batch)["changed"].boolean());
    }
    CHECK(must(*zone.rig, "list", Value(Map{}).set("type", "TXT")).list().size() == 3000);
}

TEST_CASE("a_wrong_key_changes_nothing_and_is_named") {
    if (skipped()) return;
    Zone zone;
    zone.rig->secrets["KEY"] = "b3RoZXI=";
    const auto wrong = zone.rig->call("upsert", record("www", "A", {"192.0.2.7"}, 60, "ttl"));
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().code == "credentials_refused");
    CHECK(zone.primary.dig("www.example.org", "A").empty());
    Zone other("hmac-sha256", "hmac-sha512");
    const auto refused = other.rig->call("list");
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == "credentials_refused");
}

TEST_CASE("an_answer_that_is_not_signed_or_altered_proves_nothing") {
    const TsigKey key{"runbook", "hmac-sha256", "0123456789abcdef"};
    const std::string request("\x12\x34\x28\0\0\1\0\0\0\0\0\0\7example\3org\0\0\6\0\1", 29);
    const SignedMessage sent = sign_message(key, request, 1000000);
    TsigProof own(key, "");
    CHECK_FALSE(own.take(request, 1000000).ok());
    // A signed message proves itself to who expects no request before it only by that key's MAC.
    TsigProof proof(key, sent.mac);
    std::string altered = sent.bytes;
    altered[13] = 'E';
    CHECK_FALSE(proof.take(altered, 1000000).ok());
}

}  // namespace perilune::test
