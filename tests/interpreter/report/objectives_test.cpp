// Objectives are measured by what a run took; parameters are shown in their units.
#include "interpreter/report/facts.h"

#include <doctest/doctest.h>

#include "tests/interpreter/report/stories.h"

using namespace perilune;
using namespace perilune::report;
using namespace perilune::report_test;

namespace {

Journal run_of(const char* outcome, double took_s, Fields objectives, Fields fields = {}) {
    Journal journal;
    journal.begin({{"objectives", table(objectives)}}, fields);
    if (*outcome) journal.at(took_s).end(outcome, 0);
    return journal;
}

const Objective& only(const Timeline& timeline) {
    REQUIRE(timeline.objectives.size() == 1);
    return timeline.objectives[0];
}

}  // namespace

TEST_CASE("a_run_that_is_done_in_time_meets_its_objective") {
    const auto timeline = build_timeline(run_of("done", 90, {{"rto", "2m"}}).records);
    CHECK(only(timeline).state == Objective::State::met);
    CHECK(objective_text(only(timeline)) == "met: took 90 s of 2 min, 30 s to spare");
}

TEST_CASE("the_clock_starts_with_the_outage_where_it_is_known") {
    const auto timeline = build_timeline(
        run_of("done", 90, {{"rto", 120}}, {{"outage_began_at", Journal::first_s - 60}}).records);
    CHECK(only(timeline).taken_s == 150);
    CHECK(only(timeline).state == Objective::State::missed);
    CHECK(objective_text(only(timeline)) == "missed: took 2 min 30 s, 30 s more than 2 min");
}

TEST_CASE("what_failed_quickly_has_not_met_its_objective") {
    const auto timeline = build_timeline(run_of("failed", 5, {{"rto", "2m"}}).records);
    CHECK(only(timeline).state == Objective::State::missed);
    CHECK(objective_text(only(timeline)) == "missed: not reached, after 5 s of 2 min");
}

TEST_CASE("an_open_run_shows_what_is_left_or_that_it_is_over") {
    const auto journal = run_of("", 0, {{"rto", "2m"}});
    const auto going = build_timeline(journal.records, Journal::first_s + 30);
    CHECK(objective_text(only(going)) == "30 s of 2 min used, 90 s left");
    const auto over = build_timeline(journal.records, Journal::first_s + 130);
    CHECK(only(over).state == Objective::State::over);
}

TEST_CASE("a_run_measures_no_recovery_point") {
    const auto timeline = build_timeline(
        run_of("done", 5, {{"rpo", table({{"database", "15m"}, {"uploads", "1h"}})}}).records);
    REQUIRE(timeline.objectives.size() == 2);
    CHECK(timeline.objectives[0].label() == "RPO of database");
    CHECK(timeline.objectives[1].limit_s == 3600);
    CHECK(timeline.objectives[0].state == Objective::State::unmeasured);
}

TEST_CASE("an_undo_is_measured_from_its_beginning") {
    Journal journal;
    journal.begin({{"objectives", table({{"undo", "1m"}})}});
    journal.at(100).note({{"kind", "stop"}, {"why", "undo"}});
    journal.at(140).end("undone", 7);
    const auto timeline = build_timeline(journal.records);
    CHECK(only(timeline).taken_s == 40);
    CHECK(only(timeline).state == Objective::State::met);
}

TEST_CASE("an_undo_long_after_a_good_end_does_not_spoil_the_recovery_time") {
    Journal journal = run_of("done", 60, {{"rto", "2m"}});
    journal.at(9000).note({{"kind", "undo"}, {"index", 0}, {"settled", true},
                           {"who", "ada@bastion"}});
    journal.at(9010).end("undone", 7);
    const auto timeline = build_timeline(journal.records);
    CHECK(only(timeline).taken_s == 60);
    CHECK(only(timeline).state == Objective::State::met);
}

TEST_CASE("parameters_are_shown_in_their_units_and_secrets_as_handles") {
    Journal journal;
    const Value declared = table({{"since", table({{"type", "time"}})},
                                  {"wait", table({{"type", "duration"}})},
                                  {"part", table({{"type", "size"}})}});
    journal.begin({{"parameters", declared}},
                  {{"params", table({{"since", Journal::first_s}, {"wait", 90}, {"part", 1048576},
                                     {"token", make_secret("TOKEN")}, {"name", "a\x1b[2J"}})}});
    const auto facts = parameters_of(build_timeline(journal.records));
    REQUIRE(facts.size() == 5);
    CHECK(facts[0].text == "a\\x1b[2J");
    CHECK(facts[1].text == "1 MiB");
    CHECK(facts[2].text == "2026-03-01 02:00:00 UTC");
    CHECK(facts[3].text == "[secret TOKEN]");
    CHECK(facts[4].text == "90 s");
}
