// How long a runbook and its steps usually take, by the runs there have been.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "interpreter/run/records.h"

namespace perilune::report {

struct UsualDuration {
    double median_s = 0;
    double longest_s = 0;
    std::size_t runs = 0;  // How often it was measured.
};

struct Usual {
    UsualDuration run;                                        // Of runs that ended `done`.
    std::map<std::string, UsualDuration, std::less<>> steps;  // By path.

    // Nothing known: a median of 0 of 0 runs.
    UsualDuration step(std::string_view path) const;
};

// Of the given runs (the records of each) those of `runbook`. A step counts where it ended `done`:
// from its first attempt's beginning to its last one's end, waiting for people included.
Usual usual_durations(const std::vector<Records>& runs, const std::string& runbook);

}  // namespace perilune::report
