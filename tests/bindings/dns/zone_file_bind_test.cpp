// The zone_file driver with a real BIND that serves the file.
#include <doctest/doctest.h>

#include "tests/bindings/dns/name_servers.h"
#include "tests/bindings/dns/zone_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

// The driver on a zone file that a real BIND serves.
struct ServedZone {
    ServedZone() : bind((files.write("zone", small_zone), files.path("zone"))) {
        Value values;
        values.set("path", "zone").set("zone", "example.com");
        values.set("servers", List{bind.text()}).set("reload", bind.reload());
        Services services{.loop = loop.loop()};
        auto driver = zone_file_kind.make({"dns/site", values, files.path()}, services);
        if (!driver) throw std::runtime_error(driver.error().message);
        calls = std::make_unique<CallRig>(loop, dns_family, std::move(*driver), "dns/site");
    }

    TemporaryFolder files;
    Bind bind;
    LoopRig loop;
    std::unique_ptr<CallRig> calls;
};

bool skipped() {
    if (Bind::installed()) return false;
    MESSAGE("named and rndc (bind9) are not installed; nothing was tried against BIND");
    return true;
}

}  // namespace

TEST_CASE("conforms_with_a_real_bind_behind_the_file") {
    if (skipped()) return;
    ServedZone zone;
    check_dns_conformance(*zone.calls);
}

TEST_CASE("a_change_returns_when_bind_answers_with_it") {
    if (skipped()) return;
    ServedZone zone;
    const NameServer server = *find_server(zone.bind.text());
    for (int i = 1; i <= 5; ++i) {
        const std::string value = "192.0.2." + std::to_string(i);
        must(*zone.calls, "upsert", record("app", "A", {value}, 60, "ttl"));
        const auto reply = ask(server, "app.example.com", "A", boot_now_s() + 5);
        REQUIRE(reply.ok());
        REQUIRE(reply->answers.size() == 1);
        CHECK(reply->answers[0].value == value);
        CHECK(reply->authoritative);
    }
    const Value serial = must(*zone.calls, "serial");
    CHECK(serial["servers"][zone.bind.text()] == serial["serial"]);
}

TEST_CASE("bind_gives_long_answers_over_tcp") {
    if (skipped()) return;
    ServedZone zone;
    std::vector<std::string> texts;
    for (int i = 0; i < 12; ++i) texts.push_back(std::string(240, 'x') + std::to_string(10 + i));
    must(*zone.calls, "upsert", record("long", "TXT", texts, 60, "ttl"));
    const Value answers = must(*zone.calls, "lookup", key("long", "TXT"));
    CHECK(answers.list().at(0)["values"].list().size() == 12);
}

TEST_CASE("resolves_follows_the_cnames_bind_gives") {
    if (skipped()) return;
    ServedZone zone;
    Value asked;
    asked.set("name", "shop").set("servers", "authoritative").set("to", "192.0.2.1");
    CHECK(must(*zone.calls, "resolves", asked).boolean());
    CHECK(must(*zone.calls, "resolves", Value(asked).set("to", "www.example.com")).boolean());
    CHECK_FALSE(must(*zone.calls, "resolves", Value(asked).set("to", "192.0.2.2")).boolean());
    Value outside = Value(asked).set("name", "x.apps").set("to", "web.example.net");
    CHECK(must(*zone.calls, "resolves", outside).boolean());
}

TEST_CASE("a_file_that_bind_has_not_loaded_yet_is_not_already_so") {
    if (skipped()) return;
    ServedZone zone;
    // Somebody edited the file by hand and forgot to reload.
    std::string text = zone.files.read("zone");
    text.replace(text.find("2026010107"), 10, "2026010108");
    zone.files.write("zone", text + "hand 60 IN A 192.0.2.50\n");
    const Value made = must(*zone.calls, "upsert", record("hand", "A", {"192.0.2.50"}, 60, "ttl"));
    CHECK_FALSE(made["changed"].boolean());
    const auto reply =
        ask(*find_server(zone.bind.text()), "hand.example.com", "A", boot_now_s() + 5);
    REQUIRE(reply.ok());
    CHECK(reply->answers.size() == 1);
}
