// A test of a library, written from the journal of a run: what happened there must happen again.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "interpreter/journal/store.h"
#include "interpreter/run/records.h"

namespace perilune::report {

struct RunToTest {
    RunRow row;
    std::vector<Records> runs;  // Its own records first, then those of the runs below it.
    std::function<bool(const std::string& target, const std::string& operation)> is_change;
    // Who answers in a test where this role is asked; the journal's people are not named in it.
    std::function<std::string(const std::string& role)> person_of;
};

struct RecordedTest {
    std::string text;
    std::vector<std::string> doubts;  // What such a test cannot do again.
};

RecordedTest recorded_test(const RunToTest& run);

// Of the file in the library: "tests/from_run_ID_test.lua".
std::string recorded_test_path(const std::string& run);

}  // namespace perilune::report
