// How long a runbook and its steps usually take.
#include "interpreter/report/usual.h"

#include <doctest/doctest.h>

#include "tests/interpreter/report/journal.h"

using namespace perilune;
using namespace perilune::report;
using namespace perilune::report_test;

namespace {

std::vector<Value> run_with(double step_s, const char* step_outcome, const char* outcome) {
    Journal journal;
    journal.begin();
    journal.open("step", "Restore");
    journal.at(step_s).close(step_outcome);
    journal.at(step_s + 10).end(outcome, 0);
    return journal.records;
}

}  // namespace

TEST_CASE("the_usual_duration_is_the_median_of_what_was_done") {
    const Usual usual = usual_durations(
        {run_with(20, "done", "done"), run_with(500, "done", "failed"),
         run_with(40, "done", "done"), run_with(1, "failed", "failed")}, "region-outage");
    CHECK(usual.step("Restore").runs == 3);
    CHECK(usual.step("Restore").median_s == 40);
    CHECK(usual.step("Restore").longest_s == 500);
    CHECK(usual.run.runs == 2);
    CHECK(usual.run.median_s == 40);  // Of 30 and 50.
}

TEST_CASE("other_runbooks_and_unknown_steps_tell_nothing") {
    const Usual usual = usual_durations({run_with(20, "done", "done"), {}}, "another");
    CHECK(usual.step("Restore").runs == 0);
    CHECK(usual.run.runs == 0);
    CHECK(usual_durations({}, "another").step("x").median_s == 0);
}

TEST_CASE("a_later_undo_does_not_lengthen_what_a_run_usually_takes") {
    auto records = run_with(20, "done", "done");
    Value undo = table({{"kind", "undo"}, {"index", 0}, {"settled", true}, {"seq", 90},
                        {"time", Journal::first_s + 5000}});
    Value end = table({{"kind", "end"}, {"outcome", "undone"}, {"exit", 7}, {"seq", 91},
                       {"time", Journal::first_s + 5050}});
    records.push_back(undo);
    records.push_back(end);
    CHECK(usual_durations({records}, "region-outage").run.median_s == 30);
}
