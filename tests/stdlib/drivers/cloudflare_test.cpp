// The driver for Cloudflare against a double that checks every request by the published document.
#include <doctest/doctest.h>

#include "bindings/dns/dns.h"
#include "tests/bindings/dns/dns_conformance.h"
#include "tests/interpreter/driver/lua_rig.h"
#include "tests/services/double.h"

namespace perilune::test {

namespace {

const std::string batch_path = "dns_records/batch$";
const std::string canary = "canary-of-the-token";

struct Zone {
    Zone() {
        Services services{.loop = loop.loop()};
        services.http = &loop.http();
        const Settings settings = {.target = "dns/site",
                                   .values = fields("zone", "Example.org", "url", cloudflare.url(),
                                                    "token", make_secret("KEY")),
                                   .folder = "/"};
        auto made = make_driver(builtin_kind("dns", "cloudflare"), settings, services);
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
        rig = std::make_unique<CallRig>(loop, dns_family, std::move(*made), "dns/site");
        rig->secrets["KEY"] = Double::token;
    }
    // The bodies of the batches sent since the last call.
    List batches() {
        const List all = cloudflare.requests("POST", batch_path);
        List fresh;
        for (std::size_t i = seen; i < all.size(); ++i) fresh.push_back(all[i]["body"]);
        seen = all.size();
        return fresh;
    }
    Value records() const { return cloudflare.state()["records"]; }
    Outcome::Kind outcome() const { return rig->last().outcome.kind; }

    Double cloudflare{"cloudflare"};
    LoopRig loop;
    std::unique_ptr<CallRig> rig;
    std::size_t seen = 0;
};

Value proxied(const std::string& name, const std::string& type, const std::string& value) {
    return key(name, type).set("value", value).set("proxied", true);
}

// A refusal inside of an answer that looks well.
Value locked_zone() {
    Value error;
    error.set("code", 1061).set("message", "The zone is locked for now.");
    return Value().set("success", false).set("errors", List{error});
}

}  // namespace

TEST_CASE("cloudflare_conforms_to_the_dns_family") {
    if (!has_doubles()) return;
    Zone zone;
    SUBCASE("sets") { check_dns_sets(*zone.rig); }
    SUBCASE("undo") { check_dns_undo(*zone.rig); }
    SUBCASE("batches") { check_dns_batches(*zone.rig); }
}

TEST_CASE("cloudflare_reads_every_page_of_a_zone") {
    if (!has_doubles()) return;
    Zone zone;
    zone.cloudflare.set_state(Value().set("per_page_max", 2));
    for (const auto* name : {"a", "b", "c", "d", "e"})
        must(*zone.rig, "upsert", record(name, "A", {"192.0.2.1"}, 60, "ttl"));
    CHECK(must(*zone.rig, "list").list().size() == 5);
    CHECK_FALSE(
        must(*zone.rig, "upsert", record("e", "A", {"192.0.2.1"}, 60, "ttl"))["changed"].boolean());
    CHECK(zone.records().list().size() == 5);
}

TEST_CASE("cloudflare_sends_one_batch_with_only_what_differs") {
    if (!has_doubles()) return;
    Zone zone;
    must(*zone.rig, "upsert", record("www", "A", {"192.0.2.1", "192.0.2.2"}, 60, "ttl"));
    const Value made = zone.batches().at(0);
    CHECK(made["posts"].list().size() == 2);
    CHECK_FALSE(made.has("deletes"));
    const std::string first = zone.records().list()[0]["id"].text();

    must(*zone.rig, "upsert", record("www", "A", {"192.0.2.1", "192.0.2.3"}, 60, "ttl"));
    const List moved = zone.batches();
    REQUIRE(moved.size() == 1);
    CHECK_FALSE(moved[0].has("posts"));
    REQUIRE(moved[0]["patches"].list().size() == 1);
    CHECK(moved[0]["patches"].list()[0]["content"].text() == "192.0.2.3");
    CHECK(moved[0]["patches"].list()[0]["id"].text() != first);

    must(*zone.rig, "upsert", record("www", "A", {"192.0.2.1"}, 60, "ttl"));
    const List fewer = zone.batches();
    REQUIRE(fewer.size() == 1);
    CHECK(fewer[0].map().size() == 1);
    CHECK(fewer[0]["deletes"].list().size() == 1);
    CHECK(zone.records().list().size() == 1);
    CHECK(zone.cloudflare.changes() == 3);
}

TEST_CASE("cloudflare_keeps_the_notes_of_records_that_only_change_their_ttl") {
    if (!has_doubles()) return;
    Zone zone;
    must(*zone.rig, "upsert",
         record("www", "A", {"192.0.2.1", "192.0.2.2"}, 60, "ttl").set("comment", "web"));
    List records = zone.records().list();
    CHECK(records[0]["comment"].text() == "web");
    records[1].set("comment", "another note");
    zone.cloudflare.set_state(Value().set("records", records));
    must(*zone.rig, "upsert", record("www", "A", {"192.0.2.1", "192.0.2.2"}, 90, "ttl"));
    records = zone.records().list();
    CHECK(records[0]["comment"].text() == "web");
    CHECK(records[1]["comment"].text() == "another note");
    CHECK(records[1]["ttl"].number() == 90);
    must(*zone.rig, "upsert",
         record("www", "A", {"192.0.2.1", "192.0.2.2"}, 90, "ttl").set("comment", ""));
    CHECK_FALSE(zone.records().list()[0].has("comment"));
    REQUIRE(zone.rig->undo().ok());
    CHECK(zone.records().list()[0]["comment"].text() == "web");
}

TEST_CASE("cloudflare_shows_an_automatic_ttl_as_what_it_means_and_keeps_proxies") {
    if (!has_doubles()) return;
    Zone zone;
    const Value made = must(*zone.rig, "upsert", proxied("app", "A", "192.0.2.1"));
    CHECK(made["after"]["proxied"].boolean());
    CHECK(made["after"]["ttl_s"].number() == 300);
    CHECK(zone.records().list()[0]["ttl"].number() == 1);
    CHECK(must(*zone.rig, "get", key("app", "A")) == made["after"]);
    CHECK_FALSE(must(*zone.rig, "upsert", proxied("app", "A", "192.0.2.1"))["changed"].boolean());

    // Left out, the proxy that is there stays.
    must(*zone.rig, "upsert", key("app", "A").set("value", "192.0.2.2"));
    CHECK(zone.records().list()[0]["proxied"].boolean());
    must(*zone.rig, "upsert", key("app", "A").set("value", "192.0.2.2").set("proxied", false));
    CHECK_FALSE(zone.records().list()[0]["proxied"].boolean());
    CHECK(zone.records().list()[0]["ttl"].number() == 300);
    REQUIRE(zone.rig->undo().ok());
    CHECK(zone.records().list()[0]["proxied"].boolean());
    CHECK(zone.records().list()[0]["ttl"].number() == 1);

    const int changes = zone.cloudflare.changes();
    must_fail(*zone.rig, "set_ttl", Value().set("records", List{key("app", "A")}).set("ttl", 60),
              "unsupported");
    CHECK(zone.cloudflare.changes() == changes);
    const Value wanted = proxied("app", "A", "192.0.2.2");
    const Value same = must(*zone.rig, "drift", Value().set("records", List{wanted}));
    CHECK(same["different"].list().empty());
    const Value bare = Value(wanted).set("proxied", false);
    const Value other = must(*zone.rig, "drift", Value().set("records", List{bare}));
    CHECK(other["different"].list().size() == 1);
}

TEST_CASE("cloudflare_flattens_a_cname_at_the_zone_itself") {
    if (!has_doubles()) return;
    Zone zone;
    must(*zone.rig, "upsert", record("@", "MX", {"10 mail.example.net"}, 300, "ttl"));
    must(*zone.rig, "upsert", proxied("@", "CNAME", "web.example.net"));
    CHECK(zone.records().list().size() == 2);
    must_fail(*zone.rig, "upsert", record("@", "A", {"192.0.2.1"}, 300, "ttl"), "cname_conflict");
}

TEST_CASE("cloudflare_writes_the_types_that_are_put_together") {
    if (!has_doubles()) return;
    Zone zone;
    const std::vector<std::pair<std::string, std::string>> values = {
        {"CAA", "0 issue \"letsencrypt.org\""},
        {"SRV", "10 20 443 a.example.net"},
        {"HTTPS", "1 svc.example.net alpn=\"h2\""},
        {"TLSA", "3 1 1 0123456789abcdef"}};
    for (const auto& [type, value] : values) {
        CAPTURE(type);
        must(*zone.rig, "upsert", record("_x._tcp.typed", type, {value}, 300, "ttl"));
        const Value found = must(*zone.rig, "get", key("_x._tcp.typed", type));
        CHECK(found["values"].list()[0].text() == value);
        CHECK_FALSE(
            must(*zone.rig, "upsert", record("_x._tcp.typed", type, {value}, 300, "ttl"))["changed"]
                .boolean());
    }
    must_fail(*zone.rig, "upsert",
              record("loc", "LOC", {"52 22 23.000 N 4 53 32.000 E -2.00m"}, 300, "ttl"),
              "unsupported");
}

TEST_CASE("cloudflare_repeats_a_change_whose_answer_was_lost_without_a_second_record") {
    if (!has_doubles()) return;
    Zone zone;
    zone.cloudflare.fault({.path = batch_path});
    const auto lost = zone.rig->call("upsert", record("www", "A", {"192.0.2.1"}, 60, "ttl"));
    REQUIRE_FALSE(lost.ok());
    CHECK(zone.outcome() == Outcome::Kind::unknown);
    CHECK(zone.cloudflare.changes() == 1);
    const auto again = zone.rig->act_again();
    REQUIRE_MESSAGE(again.ok(), (again.ok() ? "" : again.error().message));
    CHECK((*again)["changed"].boolean());
    CHECK(zone.cloudflare.changes() == 1);
    CHECK(zone.records().list().size() == 1);
}

TEST_CASE("cloudflare_proves_what_was_not_executed") {
    if (!has_doubles()) return;
    Zone zone;
    const Value wanted = record("www", "A", {"192.0.2.1"}, 60, "ttl");
    zone.cloudflare.fault(throttled("POST"));
    CHECK_FALSE(zone.rig->call("upsert", wanted).ok());
    CHECK(zone.outcome() == Outcome::Kind::not_sent);
    CHECK(zone.rig->act_again().ok());

    const auto bad = zone.rig->call("upsert", record("bad", "A", {"192.0.2.1"}, 20, "ttl"));
    REQUIRE_FALSE(bad.ok());
    CHECK(zone.outcome() == Outcome::Kind::failed);
    CHECK(bad.error().message.find("Invalid TTL. Must be between 30 and 86400 seconds") !=
          std::string::npos);

    zone.cloudflare.fault(
        {.kind = Fault::Kind::answer, .path = batch_path, .status = 200, .body = locked_zone()});
    const auto inside = zone.rig->call("upsert", record("two", "A", {"192.0.2.1"}, 60, "ttl"));
    REQUIRE_FALSE(inside.ok());
    CHECK(zone.outcome() == Outcome::Kind::failed);
    CHECK(inside.error().message.find("The zone is locked for now. (1061)") != std::string::npos);
    CHECK(zone.records().list().size() == 1);
}

TEST_CASE("cloudflare_names_refused_credentials_and_shows_no_token") {
    if (!has_doubles()) return;
    Zone zone;
    zone.rig->secrets["KEY"] = canary;
    for (const auto* operation : {"list", "delete"}) {
        const Value arguments = operation == std::string("list") ? Value(Map{}) : key("a", "A");
        const auto refused = zone.rig->call(operation, arguments);
        REQUIRE_FALSE(refused.ok());
        CHECK(refused.error().code == "credentials_refused");
        CHECK(refused.error().message.find(canary) == std::string::npos);
    }
    CHECK(zone.cloudflare.changes() == 0);
}

TEST_CASE("cloudflare_asks_for_the_id_where_a_name_has_several_zones") {
    if (!has_doubles()) return;
    Zone zone;
    Value one;
    one.set("id", std::string(32, 'a')).set("name", "example.org");
    zone.cloudflare.set_state(Value().set("zones", List{one, Value(one).set("id", "b")}));
    const auto read = zone.rig->call("list");
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == "not_found");
    CHECK(read.error().message.find("zone_id") != std::string::npos);
}

}  // namespace perilune::test
