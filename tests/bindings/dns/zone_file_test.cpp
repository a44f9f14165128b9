// The zone_file driver: the family's conformance, and what is its own.
#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/bindings/dns/zone_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("zone_file_conforms_to_the_dns_family") {
    ZoneRig rig;
    check_dns_conformance(rig.calls);
}

TEST_CASE("zone_file_has_every_operation_it_says") {
    ZoneRig rig;
    for (const auto name : zone_file_kind.operations) CHECK_MESSAGE(rig.calls.has(name), name);
    CHECK(rig.calls.driver().operations.size() == zone_file_kind.operations.size());
}

TEST_CASE("keeps_every_other_byte_when_a_record_changes") {
    ZoneRig rig;
    must(rig.calls, "upsert", record("www", "A", {"192.0.2.7"}, 60, "ttl"));
    const std::string text = rig.text();
    const std::string serial = text.substr(text.find("( ") + 2, 10);
    CHECK(serial > "2026010107");
    std::string expected(small_zone);
    expected.replace(expected.find("2026010107"), 10, serial);
    expected.replace(expected.find("www 300 IN A   192.0.2.1"), 24, "www 60 IN A   192.0.2.7");
    CHECK(text == expected);
}

TEST_CASE("undo_gives_back_values_ttl_and_comment") {
    ZoneRig rig;
    const Value before = must(rig.calls, "get", key("www", "A"));
    CHECK(before["comment"].text() == "the front");
    Value wanted = record("www", "A", {"192.0.2.7", "192.0.2.8"}, 60, "ttl");
    must(rig.calls, "upsert", wanted.set("comment", "the standby"));
    REQUIRE(rig.calls.undo().ok());
    CHECK(must(rig.calls, "get", key("www", "A")) == before);
    must(rig.calls, "upsert", record("ns1", "A", {"127.0.0.1"}, 3600, "ttl").set("comment", "x"));
    REQUIRE(rig.calls.undo().ok());
    CHECK_FALSE(must(rig.calls, "get", key("ns1", "A")).has("comment"));
}

TEST_CASE("undo_of_a_batch_gives_back_comments_too") {
    ZoneRig rig;
    const Value before = must(rig.calls, "list");
    Value wanted;
    wanted.set("deletes", List{key("www", "A"), key("shop", "CNAME")});
    wanted.set("upserts", List{record("new", "A", {"192.0.2.9"}, 60)});
    must(rig.calls, "batch", wanted);
    REQUIRE(rig.calls.undo().ok());
    List left = must(rig.calls, "list").list();
    List old = before.list();
    REQUIRE(left.size() == old.size());
    for (std::size_t i = 0; i < old.size(); ++i)
        if (old[i]["type"].text() != "SOA") CHECK(left[i] == old[i]);
}

TEST_CASE("a_change_that_is_already_so_touches_no_byte") {
    ZoneRig rig;
    must(rig.calls, "upsert", record("www", "A", {"192.0.2.1"}, 300, "ttl"));
    CHECK(rig.text() == small_zone);
}

TEST_CASE("refuses_what_a_zone_file_cannot_hold") {
    ZoneRig rig;
    must_fail(rig.calls, "upsert", record("w", "A", {"192.0.2.1"}, 60, "ttl").set("proxied", true),
              "unsupported");
    must_fail(rig.calls, "upsert", record("w", "A", {"192.0.2.1"}, 60, "ttl").set("weight", 5),
              "unsupported");
    must_fail(rig.calls, "delete", key("@", "SOA"), "unsupported");
    must_fail(rig.calls, "delete", key("@", "NS"), "unsupported");
    must_fail(rig.calls, "upsert", record("@", "CNAME", {"a.example.net"}, 60, "ttl"),
              "cname_conflict");
    must_fail(rig.calls, "upsert", record("w.example.org.", "A", {"192.0.2.1"}, 60, "ttl"),
              "bad_argument");
    CHECK(rig.text() == small_zone);
}

TEST_CASE("the_file_answers_where_no_server_is_configured") {
    ZoneRig rig;
    const Value answers = must(rig.calls, "lookup", key("www", "A"));
    CHECK(answers.list()[0]["server"].text() == "zone file");
    CHECK(answers.list()[0]["ttl_s"].number() == 300);
    Value asked = key("shop", "A");
    CHECK(must(rig.calls, "lookup", asked).list()[0]["values"] == Value(List{"192.0.2.1"}));
    Value to;
    to.set("name", "shop").set("to", "WWW.example.com.");
    CHECK(must(rig.calls, "resolves", to).boolean());
    CHECK(must(rig.calls, "resolves", Value(to).set("to", "192.0.2.1")).boolean());
    CHECK_FALSE(must(rig.calls, "resolves", Value(to).set("to", "web.example.net")).boolean());
    CHECK(must(rig.calls, "resolves", Value(to).set("name", "x.apps").set("to", "web.example.net"))
              .boolean());
}

TEST_CASE("finds_what_differs_from_the_wanted_records") {
    ZoneRig rig;
    Value wanted;
    wanted.set("records",
               List{record("ns1", "A", {"127.0.0.1"}, 3600), record("www", "A", {"192.0.2.2"}, 300),
                    record("mail", "A", {"192.0.2.3"}, 300),
                    key("shop", "CNAME").set("value", "www.example.com")});
    const Value drift = must(rig.calls, "drift", wanted);
    REQUIRE(drift["missing"].list().size() == 1);
    CHECK(drift["missing"].list()[0]["name"].text() == "mail");
    REQUIRE(drift["different"].list().size() == 1);
    CHECK(drift["different"].list()[0]["found"]["values"] == Value(List{"192.0.2.1"}));
    REQUIRE(drift["extra"].list().size() == 1);
    CHECK(drift["extra"].list()[0]["name"].text() == "*.apps");
}

TEST_CASE("gives_its_serial_and_its_text") {
    ZoneRig rig;
    CHECK(must(rig.calls, "serial")["serial"].number() == 2026010107);
    CHECK(must(rig.calls, "serial")["servers"]["zone file"].number() == 2026010107);
    CHECK(must(rig.calls, "export").text() == small_zone);
}

TEST_CASE("a_plan_shows_what_would_change") {
    ZoneRig rig;
    const auto created =
        rig.calls.look_before("upsert", record("new", "A", {"192.0.2.1"}, 60, "ttl"));
    REQUIRE(created.ok());
    CHECK(created->sign == '+');
    CHECK(created->plan == "new A: none → 192.0.2.1 (60 s)");
    const auto changed =
        rig.calls.look_before("upsert", record("www", "A", {"192.0.2.1"}, 60, "ttl"));
    CHECK(changed->sign == '~');
    CHECK(changed->plan == "www A: 192.0.2.1 (300 s) → 192.0.2.1 (60 s)");
    CHECK(rig.calls.look_before("delete", key("www", "A"))->sign == '-');
    CHECK(rig.text() == small_zone);
}

TEST_CASE("keeps_the_mode_and_a_symbolic_link_of_the_file") {
    ZoneRig rig;
    REQUIRE(::rename(rig.folder.path("zone").c_str(), rig.folder.path("real").c_str()) == 0);
    REQUIRE(::symlink("real", rig.folder.path("zone").c_str()) == 0);
    REQUIRE(::chmod(rig.folder.path("real").c_str(), 0640) == 0);
    must(rig.calls, "upsert", record("new", "A", {"192.0.2.1"}, 60, "ttl"));
    struct stat info {};
    REQUIRE(::lstat(rig.folder.path("zone").c_str(), &info) == 0);
    CHECK(S_ISLNK(info.st_mode));
    REQUIRE(::lstat(rig.folder.path("real").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0640);
    CHECK(contains(rig.folder.read("real"), "new\t60\tIN\tA\t192.0.2.1"));
}

TEST_CASE("a_file_it_cannot_read_is_named_with_the_line") {
    ZoneRig rig({}, "$TTL 5\n@ SOA a b 1 2 3 4 5\n$INCLUDE more\n");
    const auto listed = rig.calls.call("list");
    REQUIRE_FALSE(listed.ok());
    CHECK(listed.error().code == "bad_zone_file");
    CHECK(contains(listed.error().message, "zone:3: $INCLUDE"));
}

TEST_CASE("a_file_whose_soa_hides_its_fields_in_bytes_is_named_with_the_line") {
    for (const char* bytes : {"\\# 22 00", "\\#"}) {
        ZoneRig rig({}, std::string("$TTL 5\n@ SOA ") + bytes + "\nwww A 192.0.2.1\n");
        const auto listed = rig.calls.call("list");
        REQUIRE_FALSE(listed.ok());
        CHECK(contains(listed.error().message, "zone:2: the SOA is not understood as bytes"));
    }
}

TEST_CASE("executes_the_reload_program_after_a_change") {
    TemporaryFolder out;
    const std::string mark = out.path("reloaded");
    Value settings;
    settings.set("reload", List{"/usr/bin/touch", mark});
    ZoneRig rig(settings);
    must(rig.calls, "upsert", record("new", "A", {"192.0.2.1"}, 60, "ttl"));
    CHECK(::access(mark.c_str(), F_OK) == 0);
}

TEST_CASE("a_failed_reload_says_that_the_file_is_changed") {
    Value settings;
    settings.set("reload", List{"/bin/sh", "-c", "echo no server >&2; exit 3"});
    ZoneRig rig(settings);
    const auto made = rig.calls.call("upsert", record("new", "A", {"192.0.2.1"}, 60, "ttl"));
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().code == "reload_failed");
    CHECK(contains(made.error().message, "exit code 3: no server"));
    CHECK(rig.calls.last().outcome.left_some);
    CHECK(contains(rig.text(), "new\t60\tIN\tA\t192.0.2.1"));
}

TEST_CASE("a_server_that_does_not_follow_fails_the_change_by_its_name") {
    Value settings;
    settings.set("servers", List{"127.0.0.1:9"});  // Nobody serves names on the discard port.
    ZoneRig rig(settings);
    rig.calls.timeout_s = 1;
    const auto made = rig.calls.call("upsert", record("new", "A", {"192.0.2.1"}, 60, "ttl"));
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().code == "not_served");
    CHECK(made.error().retry == Retry::safe);
    CHECK(contains(made.error().message, "127.0.0.1:9"));
    CHECK(rig.calls.last().outcome.left_some);
}

TEST_CASE("refuses_settings_it_could_not_use") {
    LoopRig loop;
    Services services{.loop = loop.loop()};
    Value values;
    values.set("path", "zone").set("zone", "..");
    CHECK_FALSE(zone_file_kind.make({"dns/site", values, "/"}, services).ok());
    values.set("zone", "example.com").set("reload", List{"rndc", "reload"});
    CHECK_FALSE(zone_file_kind.make({"dns/site", values, "/"}, services).ok());
}
