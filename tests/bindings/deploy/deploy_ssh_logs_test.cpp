// What units wrote to the journals of their hosts, as the deploy driver for ssh shows it.
#include "interpreter/base/json.h"
#include "tests/bindings/deploy/ssh_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

// Writes to the journal as a unit of this name.
void write_as(const Journal& journal, const std::string& unit, const std::string& text) {
    const auto wrote =
        run_to_end({"/usr/bin/python3", sources() + "/tests/bindings/deploy/into_journal.py",
                    journal.socket(), unit, "/usr/bin/printf", "%b", text});
    REQUIRE_MESSAGE(wrote.code == 0, wrote.output);
}

}  // namespace

TEST_CASE("shows_what_the_units_of_all_hosts_wrote_with_time_and_host") {
    if (!has_fleet() || !has_journal()) return;
    const Journal journal;
    FleetWorld world(2, 2, &journal);
    DriverRig rig = world.make_rig();
    const double began_at = wall_now_s();
    release_and_wait(rig, "v1");
    REQUIRE(eventually([&] { return lines_of(rig, with("since", began_at)).size() == 2; }));
    const List lines = lines_of(rig, with("since", began_at));
    for (const auto& line : lines) {
        CHECK(line["text"].text() == "instance " + line["source"].text() + " serves v1");
        CHECK(line["at"].number() >= began_at);
        CHECK(line["at"].number() <= wall_now_s());
    }
    CHECK(lines[0]["source"] != lines[1]["source"]);
    // What lines hold comes as it was written: quotes, bytes, and no other unit's.
    write_as(journal, "shop-127.0.0.1.service", R"x(it's "$(id)" \\Q and \\E\n\xff\xfe raw\n)x");
    write_as(journal, "other.service", "not ours\\n");
    const std::string odd = R"x(it's "$(id)" \Q and \E)x";
    const auto contains = [&](const std::string& text) {
        return lines_of(rig, with("since", began_at, with("contains", text)));
    };
    REQUIRE(eventually([&] { return contains(odd).size() == 1; }));
    CHECK(contains(odd).front()["text"].text() == odd);
    CHECK(contains("\xff\xfe raw").size() == 1);
    CHECK(contains("INSTANCE").empty());
    CHECK(contains("instance.*serves").empty());
    CHECK(contains("not ours").empty());
    CHECK(contains("serves v1").size() == 2);
    // One host is away: what the other one wrote is shown, and that it is not all.
    world.servers[1]->cut_off();
    const auto rest = rig.observe("logs", with("since", began_at, with("contains", "serves")));
    REQUIRE_MESSAGE(rest.ok(), rest.error().message);
    CHECK((*rest)["lines"].list().size() == 1);
    CHECK((*rest)["truncated"].boolean());
}

TEST_CASE("of_many_lines_in_a_journal_the_newest_are_shown") {
    if (!has_fleet() || !has_journal()) return;
    const Journal journal;
    FleetWorld world(1, 1, &journal);
    DriverRig rig = world.make_rig();
    const double began_at = wall_now_s();
    std::string text;
    for (int i = 1000; i < 4000; ++i)
        text += "line " + std::to_string(i) + (i % 2 ? " odd" : " even") + "\\n";
    write_as(journal, "shop-127.0.0.1.service", text);
    const Value odd = with("since", began_at, with("contains", "odd", with("lines_max", 5)));
    REQUIRE(eventually([&] {
        const List lines = lines_of(rig, odd);
        return !lines.empty() && lines.back()["text"].text() == "line 3999 odd";
    }));
    const auto log = rig.observe("logs", odd);
    CHECK((*log)["lines"].list().size() == 5);
    CHECK((*log)["lines"].list().front()["text"].text() == "line 3991 odd");
    CHECK((*log)["truncated"].boolean());
    const auto all = rig.observe("logs", with("since", began_at, with("lines_max", 3000)));
    CHECK((*all)["lines"].list().size() == 3000);
    CHECK_FALSE((*all)["truncated"].boolean());
    CHECK((*all)["lines"].list().front()["text"].text() == "line 1000 even");
}

TEST_CASE("a_journal_shows_no_secret_that_a_unit_was_given_and_prints") {
    if (!has_fleet() || !has_journal()) return;
    const Journal journal;
    FleetWorld world(1, 1, &journal);
    DriverRig rig = world.make_rig();
    REQUIRE(rig.change("set_env", with("values", with("TOKEN", make_secret("canary")))).ok());
    release_and_wait(rig, "v1");
    REQUIRE(eventually([&] {
        return lines_of(rig, with("since", 0, with("contains", "with the token"))).size() == 1;
    }));
    const auto log = rig.observe("logs", with("since", 0));
    CHECK(to_canonical_json(*log).find("CANARY") == std::string::npos);
}

TEST_CASE("a_journal_that_cannot_be_read_is_an_error_that_says_what_to_do") {
    if (!has_fleet()) return;
    FleetWorld world(1, 1);
    world.settings.set("journalctl", list_of({"/bin/sh", "-c", "echo No access. >&2; exit 1"}));
    DriverRig rig = world.make_rig();
    const auto log = rig.observe("logs", with("since", 0));
    REQUIRE_FALSE(log.ok());
    CHECK(log.error().code == "no_journal");
    CHECK(log.error().message.find("No access.") != std::string::npos);
    CHECK(log.error().message.find("systemd-journal") != std::string::npos);
}
