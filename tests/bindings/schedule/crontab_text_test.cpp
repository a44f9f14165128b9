// Crontab files: reading jobs, and edits that leave every other line as it is.
#include <doctest/doctest.h>

#include "bindings/schedule/crontab_text.h"

using namespace perilune;

namespace {

const std::string small =
    "# the jobs of this host\n"
    "MAILTO=ops@example.com\n"
    "\n"
    "# job: backup\n"
    "# keeps seven days\n"
    "0 2 * * *\t/usr/local/bin/backup --all\n"
    "*/5 * * * * /usr/local/bin/tick\n"
    "CRON_TZ = \"Europe/Paris\"\n"
    "# job: reports\n"
    "# pause reason: outage\n"
    "# paused by perilune: @daily /usr/local/bin/reports % today\n"
    "# 0 4 * * * /usr/local/bin/left-out\n";

CrontabText parsed(const std::string& text) {
    auto made = CrontabText::parse(text, "UTC", "crontab");
    REQUIRE_MESSAGE(made.ok(), made.error().message);
    return *made;
}

std::string changed(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("reads_names_schedules_zones_and_pauses") {
    const auto text = parsed(small);
    REQUIRE(text.jobs().size() == 3);
    CHECK(text.text() == small);
    CHECK(*text.find("backup") ==
          CronJob{"backup", "0 2 * * *", "UTC", "/usr/local/bin/backup --all", false});
    CHECK(*text.find("reports") ==
          CronJob{"reports", "@daily", "Europe/Paris", "/usr/local/bin/reports % today", true});
    CHECK(text.jobs()[1].name.starts_with("unnamed-"));
    CHECK(text.jobs()[1].destination == "/usr/local/bin/tick");
}

TEST_CASE("refuses_lines_it_does_not_understand") {
    const auto refused = [](const std::string& text) {
        const auto made = CrontabText::parse(text, "UTC", "crontab");
        return made ? "" : made.error().message;
    };
    CHECK(refused("# fine\nrun this daily\n").find("crontab:2: ") == 0);
    CHECK(refused("0 2 * * *\n").find("crontab:1: ") == 0);
    CHECK(refused("0 25 * * * x\n").find("crontab:1: The hour") == 0);
    CHECK(refused("# job: a\n@daily x\n# job: a\n@daily y\n").find("crontab:4: a second job") == 0);
    CHECK(refused("# paused by perilune: nonsense\n").find("crontab:1: ") == 0);
}

TEST_CASE("pauses_and_resumes_to_the_same_bytes") {
    const auto text = parsed(small);
    const std::string paused = text.paused({"backup"}, "");
    CHECK(paused == changed(small, "0 2 * * *\t", "# paused by perilune: 0 2 * * *\t"));
    CHECK(parsed(paused).find("backup")->paused);
    CHECK(parsed(paused).resumed({"backup"}) == small);
    const std::string with_reason = text.paused({"backup"}, "region outage");
    CHECK(with_reason.find("# pause reason: region outage\n# paused by perilune: 0 2") !=
          std::string::npos);
    CHECK(parsed(with_reason).resumed({"backup"}) == small);
}

TEST_CASE("a_job_without_a_name_is_paused_and_resumed_too") {
    const auto text = parsed(small);
    const std::string name = text.jobs()[1].name;
    const auto paused = parsed(text.paused({name}, ""));
    REQUIRE(paused.find(name) != nullptr);
    CHECK(paused.find(name)->paused);
    CHECK(paused.resumed({name}) == small);
}

TEST_CASE("removes_a_job_with_its_own_lines_only") {
    const auto text = parsed(small);
    CHECK(text.without("backup") == changed(changed(small, "# job: backup\n", ""),
                                            "0 2 * * *\t/usr/local/bin/backup --all\n", ""));
    const std::string left = text.without("reports");
    CHECK(left.find("reports") == std::string::npos);
    CHECK(left.find("pause reason") == std::string::npos);
    CHECK(left.find("left-out") != std::string::npos);
}

TEST_CASE("changes_a_job_where_it_stands") {
    const auto text = parsed(small);
    CHECK(text.with({"backup", "0 3 * * *", "UTC", "/usr/local/bin/backup", false}) ==
          changed(small, "0 2 * * *\t/usr/local/bin/backup --all",
                  "0 3 * * * /usr/local/bin/backup"));
    const auto resumed =
        parsed(text.with({"reports", "@daily", "Europe/Paris", "/usr/local/bin/reports", false}));
    CHECK_FALSE(resumed.find("reports")->paused);
    CHECK(resumed.text().find("pause reason") == std::string::npos);
}

TEST_CASE("adds_a_job_at_the_end_with_the_zone_it_needs") {
    const auto text = parsed(small);
    CHECK(text.with({"new", "@hourly", "Europe/Paris", "x", false}) ==
          small + "# job: new\n@hourly x\n");
    const std::string elsewhere = text.with({"new", "@hourly", "UTC", "x", true});
    CHECK(elsewhere == small + "CRON_TZ=UTC\n# job: new\n# paused by perilune: @hourly x\n");
    CHECK(parsed(elsewhere).find("reports")->time_zone == "Europe/Paris");
    CHECK(parsed("").with({"new", "@hourly", "UTC", "x", false}) == "# job: new\n@hourly x\n");
    CHECK(parsed("A=b").with({"new", "@hourly", "UTC", "x", false}) ==
          "A=b\n# job: new\n@hourly x\n");
}

TEST_CASE("a_job_that_changes_its_zone_moves_to_the_end") {
    const auto text = parsed(small);
    const auto moved =
        parsed(text.with({"backup", "0 2 * * *", "Asia/Tokyo", "/usr/local/bin/backup", false}));
    CHECK(moved.find("backup")->time_zone == "Asia/Tokyo");
    CHECK(moved.find("reports")->time_zone == "Europe/Paris");
    CHECK(moved.jobs().size() == 3);
}
