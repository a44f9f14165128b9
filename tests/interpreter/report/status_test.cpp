// The few lines of status, show and runs.
#include "interpreter/report/status.h"

#include <doctest/doctest.h>

#include "interpreter/report/runs.h"
#include "tests/interpreter/report/lines.h"
#include "tests/interpreter/report/stories.h"

using namespace perilune;
using namespace perilune::report;
using namespace perilune::report_test;

TEST_CASE("status_says_what_runs_since_when_what_it_waits_for_and_what_to_do") {
    const Journal journal = failover_waiting();
    const auto timeline = build_timeline(journal.records, Journal::first_s + 200);
    const std::string text = joined(status_lines(timeline, journal.row("waits")));
    CHECK(has(text, "region-outage in production, run 20260301-0200-7f3a"));
    CHECK(has(text, "3 min 20 s ago, by ada@bastion"));
    CHECK(has(text, "since 02:02:17 UTC (63 s)"));
    CHECK(has(text, "asked of role incident-commander"));
    CHECK(has(text, "RTO      7 min 20 s of 30 min used, 22 min 40 s left"));
    CHECK(has(text, "perilune approve 20260301-0200-7f3a \"Promote the standby?\""));
    CHECK(widest(text) <= 80);
}

TEST_CASE("status_tells_how_many_approvals_there_are_so_far") {
    Journal journal;
    journal.begin();
    const auto asked = journal.question("approve", "Go?", {{"count", 2}});
    journal.about("answer", asked, {{"who", "grace"}, {"decision", "approve"}, {"partial", true}});
    const auto timeline = build_timeline(journal.records);
    CHECK(has(joined(status_lines(timeline, journal.row("waits"))), "1 approval so far, of 2"));
}

TEST_CASE("status_compares_a_running_step_with_how_long_it_usually_takes") {
    Journal journal;
    journal.begin();
    journal.open("step", "Restore");
    Usual usual;
    usual.steps["Restore"] = {.median_s = 60, .longest_s = 80, .runs = 3};
    usual.run = {.median_s = 300, .longest_s = 400, .runs = 3};
    const auto early = build_timeline(journal.records, Journal::first_s + 50);
    const std::string text = joined(status_lines(early, journal.row("running"), {}, usual));
    CHECK(has(text, "Restore, 50 s; usually 60 s\n"));
    CHECK(has(text, "usually takes 5 min"));
    const auto late = build_timeline(journal.records, Journal::first_s + 90);
    CHECK(has(joined(status_lines(late, journal.row("running"), {}, usual)),
              "never so long before"));
}

TEST_CASE("status_value_lists_what_is_waited_for") {
    const Journal journal = failover_in_doubt();
    const Value value = status_value(build_timeline(journal.records), journal.row("waits"));
    CHECK(value["word"].text() == "in doubt");
    REQUIRE(value["waiting"].list().size() == 1);
    CHECK(value["waiting"].list()[0]["path"].text() == "Point the site at the standby");
    CHECK(value["facts"]["break_glass"].text() == "nobody of the role answers");
    REQUIRE(value["running"].list().size() == 1);
}

TEST_CASE("show_lists_parameters_targets_locks_and_digests") {
    const Journal journal = failover_done();
    const auto timeline = build_timeline(journal.records);
    const std::string text = joined(show_lines(timeline, journal.row("ended", "done")));
    CHECK(has(text, "token         [secret FAILOVER_TOKEN]"));
    CHECK(has(text, "outage_began  2026-03-01 01:56:00 UTC"));
    CHECK(has(text, "database/primary  fence"));
    CHECK(has(text, "traffic/site"));
    CHECK(has(text, "9f2c61"));
    CHECK(widest(text) <= 80);
    const Value value = show_value(timeline, journal.row("ended", "done"));
    CHECK(value["params"]["region"].text() == "us-west-2");
    CHECK(value["targets"]["dns/site"].list().size() == 1);
}

TEST_CASE("runs_keep_ids_whole_and_mark_doubt_and_break_glass") {
    std::vector<RunLine> runs;
    runs.push_back(make_run_line(failover_done().row("ended", "done"), failover_done().records));
    runs.push_back(make_run_line(failover_in_doubt().row("waits"), failover_in_doubt().records));
    const double now = Journal::first_s + 1000;
    const std::string text = joined(runs_lines(runs, now));
    CHECK(count(text, "20260301-0200-7f3a") == 2);
    CHECK(has(text, "9 min 16 s"));
    CHECK(has(text, "in doubt !"));
    CHECK(has(text, "! break glass"));
    CHECK(widest(text) <= 80);
    const std::string wide = joined(runs_lines(runs, now, {.colour = false, .columns = 140}));
    CHECK(has(wide, "2026-03-01 02:00"));
    CHECK(has(wide, "ada"));
    const Value value = runs_value(runs, now);
    REQUIRE(value.list().size() == 2);
    CHECK(value.list()[0]["took_s"].number() == 556);
    CHECK(value.list()[1]["in_doubt"].boolean());
}

TEST_CASE("a_run_of_which_only_the_row_is_known_claims_no_duration") {
    const RunLine line = make_run_line(failover_done().row("ended", "done"), {});
    CHECK_FALSE(runs_value({line}, Journal::first_s + 1000).list()[0].has("took_s"));
    CHECK(has(joined(runs_lines({}, 0)), "There are no runs yet."));
}
