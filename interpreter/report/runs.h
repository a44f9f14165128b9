// The table of runs: which, where, how they stand, since when, how long, by whom.
#pragma once

#include <string>
#include <vector>

#include "interpreter/journal/store.h"
#include "interpreter/report/layout.h"

namespace perilune::report {

// One run of the table: its row, and what only its records tell.
struct RunLine {
    RunRow row;
    std::string who;
    double started = 0;
    double ended = 0;  // 0 while it has not.
    bool in_doubt = false;
    bool by_key = false;           // Its start is signed.
    std::int64_t broke_glass = 0;  // How often policy was passed over, as far as it is known.
    bool reviewed = false;         // Somebody else has looked at that since.
};

// `records` are the run's first one and its newest ones, or none: then only the row is known. That
// it is in doubt is seen where the doubt is among them.
RunLine make_run_line(const RunRow& row, const std::vector<Value>& records);

std::vector<std::string> runs_lines(const std::vector<RunLine>& runs, double now,
                                    const Style& style = {});
Value runs_value(const std::vector<RunLine>& runs, double now);

}  // namespace perilune::report
