// The simulated zone: the family's conformance, and what is its own: caches, outages, other people.
#include <doctest/doctest.h>

#include "bindings/dns/dns.h"
#include "bindings/dns/zone_edit.h"
#include "tests/bindings/dns/dns_conformance.h"
#include "tests/support/simulated_rig.h"

namespace perilune::test {

namespace {

struct SimulatedZoneRig {
    explicit SimulatedZoneRig(const Value& more = Map{})
        : rig(stage, dns_family, simulated_dns, "dns/site",
              Value(more).set("zone", "Example.COM.")),
          calls(rig, dns_family, rig.make_driver(), "dns/site") {}

    void put(const std::string& name, const std::string& type, const std::string& value, int ttl) {
        rig.control("put", fields("name", name, "type", type, "value", value, "ttl", ttl));
    }
    bool resolves(const std::string& name, const std::string& to) {
        return must(calls, "resolves", fields("name", name, "to", to)).boolean();
    }
    // What the first resolver answers, and the second.
    Value answers(const std::string& name, const std::string& type = "A") {
        return must(calls, "lookup", key(name, type).set("servers", "resolvers"));
    }

    SimulatedStage stage;
    SimulatedRig rig;
    CallRig calls;
};

const Value& at(const Value& list, std::size_t index) { return list.list().at(index); }

}  // namespace

TEST_CASE("the_simulated_zone_conforms_to_the_dns_family") {
    SimulatedZoneRig zone;
    check_dns_conformance(zone.calls);
}

TEST_CASE("the_simulated_zone_has_every_operation_of_the_family") {
    SimulatedZoneRig zone;
    for (const auto& row : dns_family.operations) CHECK_MESSAGE(zone.calls.has(row.name), row.name);
}

TEST_CASE("a_simulated_resolver_keeps_an_answer_for_its_ttl_and_the_zone_answers_at_once") {
    SimulatedZoneRig zone;
    zone.put("www", "A", "192.0.2.1", 300);
    CHECK(zone.resolves("www", "192.0.2.1"));
    zone.stage.pass(100);
    must(zone.calls, "upsert", record("www", "A", {"192.0.2.2"}, 60, "ttl"));
    CHECK(at(must(zone.calls, "lookup", key("www", "A")), 0)["values"] == Value(List{"192.0.2.2"}));
    CHECK_FALSE(zone.resolves("www", "192.0.2.2"));
    const Value old = at(zone.answers("www"), 0);
    CHECK(old["values"] == Value(List{"192.0.2.1"}));
    CHECK(old["ttl_s"].number() <= 200);
    CHECK(old["ttl_s"].number() > 198);
    zone.stage.pass(200);
    CHECK(zone.resolves("www", "192.0.2.2"));
    CHECK(at(zone.answers("www"), 0)["ttl_s"].number() <= 60);
}

TEST_CASE("resolvers_that_asked_at_different_times_answer_differently") {
    SimulatedZoneRig zone;
    zone.put("www", "A", "192.0.2.1", 300);
    zone.rig.control("ask", fields("resolver", "resolver-2", "name", "www"));
    zone.put("www", "A", "192.0.2.2", 300);
    const Value answers = zone.answers("www");
    CHECK(at(answers, 0)["values"] == Value(List{"192.0.2.2"}));
    CHECK(at(answers, 1)["values"] == Value(List{"192.0.2.1"}));
    CHECK_FALSE(zone.resolves("www", "192.0.2.2"));
    zone.rig.control("flush");
    CHECK(zone.resolves("www", "192.0.2.2"));
}

TEST_CASE("that_nothing_is_there_is_kept_as_long_as_the_soa_says") {
    SimulatedZoneRig zone;
    CHECK(at(zone.answers("new"), 0)["values"].list().empty());
    zone.put("new", "A", "192.0.2.1", 60);
    // That the name is not there holds for each type (RFC 2308, section 5).
    zone.put("new", "AAAA", "2001:db8::1", 60);
    zone.stage.pass(299);
    CHECK_FALSE(zone.resolves("new", "192.0.2.1"));
    CHECK_FALSE(zone.resolves("new", "2001:db8::1"));
    zone.stage.pass(2);
    CHECK(zone.resolves("new", "192.0.2.1"));
    CHECK(zone.resolves("new", "2001:db8::1"));
    // That one type is not there says nothing of the others.
    zone.put("old", "A", "192.0.2.1", 60);
    CHECK(at(zone.answers("old", "AAAA"), 0)["values"].list().empty());
    CHECK(zone.resolves("old", "192.0.2.1"));
}

TEST_CASE("an_alias_and_its_end_are_kept_each_for_its_own_time") {
    SimulatedZoneRig zone;
    zone.put("web", "A", "192.0.2.1", 60);
    zone.put("shop", "CNAME", "web.example.com", 3600);
    CHECK(zone.resolves("shop", "192.0.2.1"));
    CHECK(zone.resolves("shop", "web.example.com"));
    zone.put("web", "A", "192.0.2.2", 60);
    zone.put("shop", "CNAME", "other.example.com", 3600);
    zone.stage.pass(61);
    CHECK(zone.resolves("shop", "192.0.2.2"));
    CHECK(zone.resolves("shop", "web.example.com"));
    zone.stage.pass(3600);
    CHECK(zone.resolves("shop", "other.example.com"));
}

TEST_CASE("an_alias_leads_out_of_the_zone_where_the_world_knows_the_name") {
    SimulatedZoneRig zone;
    zone.put("shop", "CNAME", "app.example.net", 60);
    zone.rig.control("outside",
                     fields("name", "app.example.net", "type", "A", "value", "203.0.113.5"));
    CHECK(zone.resolves("shop", "203.0.113.5"));
    // The zone's own servers know the alias only.
    const Value own = at(must(zone.calls, "lookup", key("shop", "A")), 0);
    CHECK(own["values"].list().empty());
}

TEST_CASE("wildcards_are_answered_to_resolvers_too") {
    SimulatedZoneRig zone;
    zone.put("*.apps", "A", "192.0.2.9", 60);
    CHECK(zone.resolves("x.apps", "192.0.2.9"));
    CHECK(at(must(zone.calls, "lookup", key("x.apps", "A")), 0)["values"].list().size() == 1);
}

TEST_CASE("a_resolver_that_disregards_ttls_is_stale") {
    SimulatedZoneRig zone;
    zone.put("www", "A", "192.0.2.1", 60);
    CHECK(zone.resolves("www", "192.0.2.1"));
    zone.rig.control("stale", fields("resolver", "resolver-2", "at_least", "1h"));
    zone.put("www", "A", "192.0.2.2", 60);
    zone.stage.pass(61);
    const Value answers = zone.answers("www");
    CHECK(at(answers, 0)["values"] == Value(List{"192.0.2.2"}));
    CHECK(at(answers, 1)["values"] == Value(List{"192.0.2.1"}));
    zone.stage.pass(3600);
    CHECK(zone.resolves("www", "192.0.2.2"));
}

TEST_CASE("a_provider_whose_api_fails_is_still_answered_for_by_its_servers") {
    SimulatedZoneRig zone;
    zone.put("www", "A", "192.0.2.1", 60);
    zone.rig.control("fail");
    const auto listed = zone.calls.call("list");
    REQUIRE_FALSE(listed.ok());
    CHECK(listed.error().code == "unavailable");
    CHECK(listed.error().retry == Retry::safe);
    CHECK_FALSE(zone.calls.call("delete", key("www", "A")).ok());
    CHECK(zone.resolves("www", "192.0.2.1"));
    CHECK_FALSE(zone.rig.see()["reachable"].boolean());
    zone.rig.control("recover");
    CHECK(must(zone.calls, "delete", key("www", "A"))["changed"].boolean());
}

TEST_CASE("an_api_that_fails_between_before_and_act_has_changed_nothing") {
    SimulatedZoneRig zone;
    must(zone.calls, "upsert", record("www", "A", {"192.0.2.1"}, 60, "ttl"));
    zone.rig.control("delete", key("www", "A"));
    zone.rig.control("fail");
    REQUIRE_FALSE(zone.calls.act_again().ok());
    CHECK(zone.calls.last().outcome.kind == Outcome::Kind::not_sent);
    CHECK_FALSE(zone.rig.see()["records"].has("www"));
}

TEST_CASE("servers_that_are_silent_are_an_error_in_the_answer") {
    SimulatedZoneRig zone(fields("name_servers", List{"192.0.2.53:53", "192.0.2.54"}));
    zone.put("www", "A", "192.0.2.1", 60);
    CHECK(zone.resolves("www", "192.0.2.1"));
    zone.rig.control("silence", fields("server", "192.0.2.54"));
    const Value answers = must(zone.calls, "lookup", key("www", "A"));
    CHECK(at(answers, 0)["values"].list().size() == 1);
    CHECK(at(answers, 1)["error"].text().find("192.0.2.54") != std::string::npos);
    CHECK(must(zone.calls, "serial")["errors"].has("192.0.2.54"));
    zone.rig.control("silence", fields("server", "192.0.2.53:53"));
    CHECK(zone.resolves("www", "192.0.2.1"));  // It is kept yet.
    zone.stage.pass(61);
    CHECK_FALSE(zone.resolves("www", "192.0.2.1"));
    CHECK(at(zone.answers("www"), 0)["error"].text().find("SERVFAIL") != std::string::npos);
}

TEST_CASE("a_lost_answer_is_repeated_to_the_same_result") {
    SimulatedZoneRig zone;
    zone.rig.fault(SimulatedFault::Kind::after, "upsert");
    const Value wanted = record("www", "A", {"192.0.2.1"}, 60, "ttl");
    CHECK_FALSE(zone.calls.call("upsert", wanted).ok());
    CHECK(zone.calls.last().outcome.kind == Outcome::Kind::unknown);
    CHECK(zone.rig.see()["records"]["www"]["A"]["values"] == Value(List{"192.0.2.1"}));
    const double serial = zone.rig.see()["serial"].number();
    const auto again = zone.calls.act_again();
    REQUIRE(again.ok());
    CHECK((*again)["changed"].boolean());
    CHECK(zone.rig.see()["serial"].number() == serial);
    REQUIRE(zone.calls.undo().ok());
    CHECK_FALSE(zone.rig.see()["records"].has("www"));
}

TEST_CASE("a_plan_of_a_simulated_zone_shows_what_would_change_and_what_is_so_already") {
    SimulatedZoneRig zone;
    zone.put("www", "A", "192.0.2.1", 60);
    const auto same =
        zone.calls.look_before("upsert", record("www", "A", {"192.0.2.1"}, 60, "ttl"));
    REQUIRE(same.ok());
    CHECK(same->already_so);
    const auto other =
        zone.calls.look_before("upsert", record("www", "A", {"192.0.2.2"}, 60, "ttl"));
    CHECK_FALSE(other->already_so);
    CHECK(other->plan == "www A: 192.0.2.1 (60 s) → 192.0.2.2 (60 s)");
}

TEST_CASE("undo_asks_where_somebody_else_has_changed_the_zone") {
    SimulatedZoneRig zone;
    must(zone.calls, "upsert", record("www", "A", {"192.0.2.1"}, 60, "ttl"));
    zone.put("www", "A", "192.0.2.66", 60);
    const auto undone = zone.calls.undo();
    REQUIRE_FALSE(undone.ok());
    CHECK(undone.error().code == "conflict");
}

TEST_CASE("looking_at_a_simulated_zone_changes_no_cache") {
    SimulatedZoneRig zone;
    zone.put("www", "A", "192.0.2.1", 300);
    const Value seen = zone.rig.see();
    CHECK(seen["zone"].text() == "example.com");
    CHECK(seen["records"]["www"]["A"]["ttl_s"].number() == 300);
    CHECK(seen["records"]["@"].has("SOA"));
    CHECK(seen["resolvers"]["resolver-1"]["www"]["A"]["values"] == Value(List{"192.0.2.1"}));
    CHECK(zone.rig.see() == seen);
    zone.put("www", "A", "192.0.2.2", 300);
    CHECK(zone.resolves("www", "192.0.2.2"));
    zone.rig.control("delete", key("www", "A"));
    // What a resolver keeps of a name is seen after the name has gone.
    CHECK(zone.rig.see()["resolvers"]["resolver-1"]["www"]["A"]["values"] ==
          Value(List{"192.0.2.2"}));
}

TEST_CASE("the_text_of_a_simulated_zone_reads_back_the_same") {
    SimulatedZoneRig zone;
    zone.put("www", "TXT", "a; \"b\"", 60);
    zone.put("@", "MX", "10 mail.example.net", 60);
    const std::string text = must(zone.calls, "export").text();
    const Value before = must(zone.calls, "list");
    zone.rig.control("delete", key("www", "TXT"));
    zone.rig.control("import", fields("text", text));
    CHECK(must(zone.calls, "list") == before);
    const double serial = must(zone.calls, "serial")["serial"].number();
    zone.put("new", "A", "192.0.2.1", 60);
    CHECK(must(zone.calls, "serial")["serial"].number() == serial + 1);
}

TEST_CASE("a_proxy_and_an_alias_of_the_zone_itself_are_for_providers_that_offer_them") {
    SimulatedZoneRig zone;
    const Value alias = record("@", "CNAME", {"app.example.net"}, 60, "ttl");
    const Value hidden = record("www", "A", {"192.0.2.1"}, 60, "ttl").set("proxied", true);
    must_fail(zone.calls, "upsert", alias, "cname_conflict");
    must_fail(zone.calls, "upsert", hidden, "unsupported");
    must_fail(zone.calls, "delete", key("@", "NS"), "unsupported");
    zone.rig.control("offer", fields("proxied", true, "apex_cname", true));
    zone.rig.control("outside",
                     fields("name", "app.example.net", "type", "A", "value", "203.0.113.5"));
    must(zone.calls, "upsert", alias);
    must(zone.calls, "upsert", hidden);
    // Both hide what is behind them: the alias is answered as its addresses, the proxy as its own.
    CHECK(zone.resolves("@", "203.0.113.5"));
    CHECK_FALSE(zone.resolves("@", "app.example.net"));
    CHECK_FALSE(zone.resolves("www", "192.0.2.1"));
    CHECK(must(zone.calls, "get", key("www", "A"))["proxied"].boolean());
}

TEST_CASE("a_simulated_zone_outlives_the_hosts_that_act_on_it") {
    SimulatedZoneRig zone;
    must(zone.calls, "upsert", record("www", "A", {"192.0.2.1"}, 60, "ttl"));
    zone.rig.restart();
    CHECK((*zone.rig.observe("get", key("www", "A")))["ttl_s"].number() == 60);
    CHECK_FALSE(zone.rig.world.find("dns/site")->control("put", fields("name", "x")).ok());
    CHECK(zone.rig.world.find("dns/site")->control("puts", Map{}).error().code ==
          "unknown_control");
}

}  // namespace perilune::test
