// The driver for Route 53 against moto, read back with boto3.
#include <doctest/doctest.h>

#include "bindings/dns/dns.h"
#include "interpreter/base/json.h"
#include "tests/bindings/dns/dns_conformance.h"
#include "tests/interpreter/driver/lua_rig.h"
#include "tests/services/aws.h"

namespace perilune::test {

namespace {

struct Zone {
    explicit Zone(Value more = Value(Map{})) {
        zone_id =
            aws.boto("route53", "create_hosted_zone",
                     fields("Name", "example.org", "CallerReference", "test"))["HostedZone"]["Id"]
                .text();
        make(std::move(more));
    }
    void make(Value more) {
        Services services{.loop = loop.loop()};
        services.http = &loop.http();
        more.set("zone", "Example.org").set("url", aws->url());
        more.set("credentials", Aws::credentials());
        auto made = make_driver(builtin_kind("dns", "route53"),
                                {.target = "dns/site", .values = more, .folder = "/"}, services);
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
        rig = std::make_unique<CallRig>(loop, dns_family, std::move(*made), "dns/site");
        rig->secrets = {{"ID", Aws::key_id}, {"KEY", Aws::key}, {"TOKEN", Aws::token}};
    }
    // Makes a set that the driver could not, or would not.
    void boto_upsert(const Value& set) const {
        aws.boto(
            "route53", "change_resource_record_sets",
            fields("HostedZoneId", zone_id, "ChangeBatch",
                   fields("Changes", List{fields("Action", "UPSERT", "ResourceRecordSet", set)})));
    }
    // What boto3 sees of one set; nil where there is none.
    Value boto_set(const std::string& name, const std::string& type) const {
        const Value told =
            aws.boto("route53", "list_resource_record_sets", fields("HostedZoneId", zone_id));
        for (const auto& set : told["ResourceRecordSets"].list())
            if (set["Name"].text() == name && set["Type"].text() == type) return set;
        return {};
    }
    Outcome::Kind outcome() const { return rig->last().outcome.kind; }

    Aws aws;
    std::string zone_id;
    LoopRig loop;
    std::unique_ptr<CallRig> rig;
};

const std::string change_path = "ChangeResourceRecordSets";

Value alias(const std::string& name) {
    return fields("Name", name, "Type", "A", "AliasTarget",
                  fields("HostedZoneId", "Z35SXDOTRQ7X7K", "DNSName", "lb.example.net.",
                         "EvaluateTargetHealth", false));
}

}  // namespace

TEST_CASE("route53_conforms_to_the_dns_family") {
    if (!has_aws()) return;
    Zone zone;
    SUBCASE("sets") { check_dns_sets(*zone.rig); }
    SUBCASE("undo") { check_dns_undo(*zone.rig); }
    SUBCASE("batches") { check_dns_batches(*zone.rig); }
}

TEST_CASE("boto3_reads_what_the_route53_driver_has_written") {
    if (!has_aws()) return;
    Zone zone;
    must(*zone.rig, "upsert", record("www", "A", {"192.0.2.7", "192.0.2.8"}, 60, "ttl"));
    Value set = zone.boto_set("www.example.org.", "A");
    CHECK(set["TTL"].number() == 60);
    REQUIRE(set["ResourceRecords"].list().size() == 2);
    CHECK(set["ResourceRecords"].list()[0]["Value"].text() == "192.0.2.7");
    must(*zone.rig, "upsert", record("@", "MX", {"10 mail.example.net"}, 300, "ttl"));
    set = zone.boto_set("example.org.", "MX");
    CHECK(set["ResourceRecords"].list()[0]["Value"].text() == "10 mail.example.net.");
    must(*zone.rig, "upsert", record("@", "TXT", {"v=\"quoted\" \xC3\xA9 \\5"}, 60, "ttl"));
    set = zone.boto_set("example.org.", "TXT");
    CHECK(set["ResourceRecords"].list()[0]["Value"].text() ==
          "\"v=\\\"quoted\\\" \\303\\251 \\\\5\"");
    CHECK(must(*zone.rig, "get", key("@", "TXT"))["values"].list()[0].text() ==
          "v=\"quoted\" \xC3\xA9 \\5");
    must(*zone.rig, "delete", key("www", "A"));
    CHECK(zone.boto_set("www.example.org.", "A").is_nil());
}

TEST_CASE("a_wildcard_is_one_name_however_route53_writes_it") {
    if (!has_aws()) return;
    Zone zone;
    must(*zone.rig, "upsert", record("*", "A", {"192.0.2.1"}, 60, "ttl"));
    CHECK(zone.boto_set("\\052.example.org.", "A")["TTL"].number() == 60);
    CHECK(must(*zone.rig, "get", key("*", "A"))["name"].text() == "*");
    CHECK_FALSE(
        must(*zone.rig, "upsert", record("*", "A", {"192.0.2.1"}, 60, "ttl"))["changed"].boolean());
    must(*zone.rig, "delete", key("*", "A"));
    CHECK(zone.boto_set("\\052.example.org.", "A").is_nil());
}

TEST_CASE("route53_reads_every_page_of_a_zone") {
    if (!has_aws()) return;
    Zone zone;
    List changes;
    for (int i = 0; i < 310; ++i)
        changes.push_back(
            fields("Action", "CREATE", "ResourceRecordSet",
                   fields("Name", "h" + std::to_string(1000 + i) + ".example.org", "Type", "A",
                          "TTL", 60, "ResourceRecords", List{fields("Value", "192.0.2.1")})));
    zone.aws.boto("route53", "change_resource_record_sets",
                  fields("HostedZoneId", zone.zone_id, "ChangeBatch", fields("Changes", changes)));
    const std::size_t before = zone.aws->count("GET", "ListResourceRecordSets");
    CHECK(must(*zone.rig, "list").list().size() == 312);  // And the zone's SOA and NS.
    CHECK(zone.aws->count("GET", "ListResourceRecordSets") == before + 2);
}

TEST_CASE("route53_waits_until_all_servers_have_the_change") {
    if (!has_aws()) return;
    Zone zone;
    const std::string pending =
        "<GetChangeResponse><ChangeInfo><Id>/change/C1</Id>"
        "<Status>PENDING</Status></ChangeInfo></GetChangeResponse>";
    zone.aws->fault({.kind = Fault::Kind::answer,
                     .path = "GetChange",
                     .status = 200,
                     .body = pending,
                     .times = 2});
    const double began_s = boot_now_s();
    must(*zone.rig, "upsert", record("www", "A", {"192.0.2.7"}, 60, "ttl"));
    CHECK(boot_now_s() - began_s > 1);
    CHECK(zone.aws->count("GET", "GetChange") == 3);
    zone.aws->fault({.kind = Fault::Kind::answer,
                     .path = "GetChange",
                     .status = 200,
                     .body = pending,
                     .times = 1000});
    zone.rig->timeout_s = 2;
    const auto late = zone.rig->call("upsert", record("www", "A", {"192.0.2.8"}, 60, "ttl"));
    REQUIRE_FALSE(late.ok());
    CHECK(late.error().code == "timed_out");
    // It was taken: it is not said that nothing happened.
    CHECK(zone.outcome() == Outcome::Kind::unknown);
}

TEST_CASE("aliases_and_weighted_sets_are_shown_and_never_destroyed") {
    if (!has_aws()) return;
    Zone zone;
    zone.boto_upsert(alias("www.example.org."));
    for (const auto* id : {"blue", "green"})
        zone.boto_upsert(fields("Name", "api.example.org.", "Type", "A", "TTL", 60, "SetIdentifier",
                                id, "Weight", 50, "ResourceRecords",
                                List{fields("Value", "192.0.2.1")}));
    const Value shown = must(*zone.rig, "get", key("www", "A"));
    CHECK(shown["values"].list().empty());
    CHECK(shown["comment"].text().find("an alias of lb.example.net.") != std::string::npos);
    const Value several = must(*zone.rig, "get", key("api", "A"));
    CHECK(several["comment"].text().find("\"blue\", one of several sets, \"green\"") !=
          std::string::npos);
    for (const auto* name : {"www", "api"}) {
        must_fail(*zone.rig, "upsert", record(name, "A", {"192.0.2.9"}, 60, "ttl"), "unsupported");
        must_fail(*zone.rig, "delete", key(name, "A"), "unsupported");
    }
    // Nothing of a batch with such a set is done.
    must_fail(*zone.rig, "batch",
              fields("upserts", List{record("new", "A", {"192.0.2.9"}, 60),
                                     record("www", "A", {"192.0.2.9"}, 60)}),
              "unsupported");
    CHECK(zone.boto_set("new.example.org.", "A").is_nil());
    CHECK(zone.boto_set("www.example.org.", "A")["AliasTarget"]["DNSName"].text() ==
          "lb.example.net.");
    CHECK(zone.aws->count("POST", change_path) == 0);
}

TEST_CASE("a_lost_answer_of_route53_is_settled_by_doing_it_again") {
    if (!has_aws()) return;
    Zone zone;
    zone.aws->fault({.kind = Fault::Kind::lose, .path = change_path});
    const auto lost = zone.rig->call("upsert", record("www", "A", {"192.0.2.7"}, 60, "ttl"));
    REQUIRE_FALSE(lost.ok());
    CHECK(zone.outcome() == Outcome::Kind::unknown);
    CHECK(zone.boto_set("www.example.org.", "A")["TTL"].number() == 60);
    const auto again = zone.rig->act_again();
    REQUIRE_MESSAGE(again.ok(), (again.ok() ? "" : again.error().message));
    CHECK((*again)["changed"].boolean());
    CHECK((*again)["before"].is_nil());
    CHECK(zone.aws->changes() == 1);
}

TEST_CASE("what_route53_puts_off_was_not_executed") {
    if (!has_aws()) return;
    Zone zone;
    const Value wanted = record("www", "A", {"192.0.2.7"}, 60, "ttl");
    for (const std::string code : {"PriorRequestNotComplete", "Throttling"}) {
        zone.aws->fault({.kind = Fault::Kind::answer,
                         .path = change_path,
                         .status = 400,
                         .body = "<ErrorResponse xmlns=\"https://route53.amazonaws.com/doc/"
                                 "2013-04-01/\"><Error><Type>Sender</Type><Code>" +
                                 code + "</Code><Message>Wait</Message></Error></ErrorResponse>"});
        CHECK_FALSE(zone.rig->call("upsert", wanted).ok());
        CHECK(zone.outcome() == Outcome::Kind::not_sent);
    }
    must(*zone.rig, "upsert", wanted);
    CHECK(zone.aws->changes() == 1);
}

TEST_CASE("route53_tells_what_is_wrong_with_a_change") {
    if (!has_aws()) return;
    Zone zone;
    zone.aws->fault({.kind = Fault::Kind::answer,
                     .path = change_path,
                     .status = 400,
                     .body = "<?xml version=\"1.0\"?><InvalidChangeBatch xmlns=\"https://route53."
                             "amazonaws.com/doc/2013-04-01/\"><Messages><Message>RRSet of type A "
                             "conflicts &amp; fails</Message></Messages></InvalidChangeBatch>"});
    const auto refused = zone.rig->call("upsert", record("www", "A", {"192.0.2.7"}, 60, "ttl"));
    REQUIRE_FALSE(refused.ok());
    CHECK(zone.outcome() == Outcome::Kind::failed);
    CHECK(refused.error().message ==
          "dns/site: AWS answered ChangeResourceRecordSets of route53 with 400, "
          "InvalidChangeBatch: RRSet of type A conflicts & fails.");
    must_fail(*zone.rig, "upsert",
              record("www", "A", {"192.0.2.7"}, 60, "ttl").set("comment", "a note"), "unsupported");
}

TEST_CASE("a_zone_of_route53_is_found_by_its_whole_name_or_by_its_id") {
    if (!has_aws()) return;
    Zone zone;
    zone.aws.boto("route53", "create_hosted_zone",
                  fields("Name", "example.org.uk", "CallerReference", "other"));
    must(*zone.rig, "upsert", record("www", "A", {"192.0.2.7"}, 60, "ttl"));
    zone.aws.boto("route53", "create_hosted_zone",
                  fields("Name", "example.org", "CallerReference", "twin"));
    zone.make(Value(Map{}));
    const auto two = zone.rig->call("list");
    REQUIRE_FALSE(two.ok());
    CHECK(two.error().message.find("see 2 hosted zones named example.org") != std::string::npos);
    zone.make(fields("zone_id", zone.zone_id));
    CHECK(must(*zone.rig, "list", key("www", "A")).list().size() == 1);
}

TEST_CASE("wrong_credentials_of_aws_are_named_and_shown_nowhere") {
    if (!has_aws()) return;
    Zone zone;
    zone.rig->secrets["KEY"] = "canary-of-the-key";
    const auto read = zone.rig->call("list");
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == "credentials_refused");
    CHECK(read.error().retry == Retry::never);
    CHECK(to_json(read.error().to_value()).find("canary") == std::string::npos);
    CHECK(to_json(read.error().to_value()).find(Aws::token) == std::string::npos);
}

}  // namespace perilune::test
