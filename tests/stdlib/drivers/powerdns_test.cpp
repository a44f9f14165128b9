// The driver for PowerDNS against a real server, read back with dig.
#include <doctest/doctest.h>

#include "bindings/dns/dns.h"
#include "tests/bindings/dns/dns_conformance.h"
#include "tests/interpreter/driver/lua_rig.h"
#include "tests/services/powerdns.h"

namespace perilune::test {

namespace {

struct Zone {
    Zone() {
        Services services{.loop = loop.loop()};
        services.http = &loop.http();
        const Settings settings = {
            .target = "dns/site",
            .values = fields("zone", "example.org", "url", server.api(), "key", make_secret("KEY"),
                             "server", "localhost", "name_servers", List{server.server()}),
            .folder = "/"};
        auto made = make_driver(builtin_kind("dns", "powerdns"), settings, services);
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
        rig = std::make_unique<CallRig>(loop, dns_family, std::move(*made), "dns/site");
        rig->secrets["KEY"] = PowerDns::key;
    }
    std::string dig(const std::string& name, const std::string& type) const {
        return run_to_end(
                   {"dig", "@127.0.0.1", "-p", std::to_string(server.port()), "+short", name, type})
            .output;
    }
    PowerDns server;
    LoopRig loop;
    std::unique_ptr<CallRig> rig;
};

bool skipped() { return !has_program("pdns_server") || !has_program("dig"); }

}  // namespace

TEST_CASE("powerdns_conforms_to_the_dns_family") {
    if (skipped()) return;
    Zone zone;
    check_dns_conformance(*zone.rig);
}

TEST_CASE("dig_reads_what_the_powerdns_driver_has_written") {
    if (skipped()) return;
    Zone zone;
    must(*zone.rig, "upsert", record("www", "A", {"192.0.2.7", "192.0.2.8"}, 60, "ttl"));
    const std::string both = zone.dig("www.example.org", "A");
    CHECK(both.find("192.0.2.7\n") != std::string::npos);
    CHECK(both.find("192.0.2.8\n") != std::string::npos);
    must(*zone.rig, "upsert", record("@", "MX", {"10 mail.example.net"}, 60, "ttl"));
    CHECK(zone.dig("example.org", "MX") == "10 mail.example.net.\n");
    must(*zone.rig, "upsert", record("@", "TXT", {"v=spf1 \"quoted\" -all"}, 60, "ttl"));
    CHECK(zone.dig("example.org", "TXT") == "\"v=spf1 \\\"quoted\\\" -all\"\n");
    must(*zone.rig, "delete", key("www", "A"));
    CHECK(zone.dig("www.example.org", "A").empty());
}

TEST_CASE("a_wrong_key_is_named_as_refused_credentials") {
    if (skipped()) return;
    Zone zone;
    zone.rig->secrets["KEY"] = "some-other-key";
    const auto read = zone.rig->call("list");
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == "credentials_refused");
}

}  // namespace perilune::test
