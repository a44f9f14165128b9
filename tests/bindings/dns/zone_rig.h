// A zone file in a temporary folder and the zone_file driver on it.
#pragma once

#include "bindings/dns/dns.h"
#include "tests/bindings/dns/dns_conformance.h"
#include "tests/support/temporary_folder.h"

namespace perilune::test {

constexpr std::string_view small_zone =
    "; the zone of the tests\n"
    "$TTL 1h\n"
    "@       IN SOA ns1 hostmaster ( 2026010107 1h 15m 1w 5m )\n"
    "        IN NS  ns1\n"
    "ns1     IN A   127.0.0.1\n"
    "\n"
    "; what people visit\n"
    "www 300 IN A   192.0.2.1 ; the front\n"
    "shop    IN CNAME www\n"
    "*.apps  IN CNAME web.example.net.\n";

class ZoneRig {
public:
    explicit ZoneRig(Value more = Map{}, std::string_view zone = small_zone)
        : calls(loop, dns_family, make(std::move(more), zone), "dns/site") {}

    std::string text() const { return folder.read("zone"); }

    TemporaryFolder folder;
    LoopRig loop;
    CallRig calls;

private:
    Driver make(Value values, std::string_view zone) {
        folder.write("zone", zone);
        values.set("path", "zone").set("zone", "Example.COM.");
        Services services{.loop = loop.loop()};
        auto driver = zone_file_kind.make({"dns/site", values, folder.path()}, services);
        if (!driver) throw std::runtime_error(driver.error().message);
        return std::move(*driver);
    }
};

}  // namespace perilune::test
