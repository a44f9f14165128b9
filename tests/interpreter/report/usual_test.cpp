// How long a runbook and its steps usually take.
#include "interpreter/report/usual.h"

#include <doctest/doctest.h>

#include "tests/interpreter/report/journal.h"

using namespace perilune;
using namespace perilune::report;
using namespace perilune::report_test;

namespace {

PastRun run_with(double step_s, const char* step_outcome, const char* outcome) {
    Journal journal;
    journal.begin();
    journal.open("step", "Restore");
    journal.at(step_s).close(step_outcome);
    journal.at(step_s + 10).end(outcome, 0);
    return past_run(Records(journal.records));
}

}  // namespace

TEST_CASE("the_usual_duration_is_the_median_of_what_was_done") {
    const Usual usual =
        usual_durations({run_with(20, "done", "done"), run_with(500, "done", "failed"),
                         run_with(40, "done", "done"), run_with(1, "failed", "failed")});
    CHECK(usual.step("Restore").runs == 3);
    CHECK(usual.step("Restore").median_s == 40);
    CHECK(usual.step("Restore").longest_s == 500);
    CHECK(usual.run.runs == 2);
    CHECK(usual.run.median_s == 40);  // Of 30 and 50.
    CHECK(usual.order == std::vector<std::string>{"Restore"});
}

TEST_CASE("nine_of_ten_took_at_most_the_ninetieth_percentile") {
    std::vector<PastRun> runs;
    for (int i = 1; i <= 20; ++i) runs.push_back(run_with(i, "done", "done"));
    CHECK(usual_durations(runs).step("Restore").ninetieth_s == 18);
    runs.resize(9);
    CHECK(usual_durations(runs).step("Restore").ninetieth_s == 9);
}

TEST_CASE("unknown_steps_tell_nothing") {
    CHECK(usual_durations({run_with(20, "done", "done")}).step("x").runs == 0);
    CHECK(usual_durations({}).run.runs == 0);
    CHECK(expected_text(usual_durations({}), 60).empty());
    CHECK(expected_value(usual_durations({})).is_nil());
}

TEST_CASE("a_plan_says_how_long_it_took_before_and_what_that_leaves_of_the_objective") {
    const Usual usual =
        usual_durations({run_with(20, "done", "done"), run_with(40, "done", "done")});
    const std::string text = expected_text(usual, 60);
    CHECK(text.find("Restore") != std::string::npos);
    CHECK(text.find("RTO is 60 s: 10 s to spare") != std::string::npos);
    CHECK(expected_text(usual, 45).find("which it has missed.") != std::string::npos);
    CHECK(expected_value(usual)["run"]["ninetieth_s"].number() == 50);
}
