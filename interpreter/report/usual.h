// How long a runbook and its steps usually take, by the runs there have been.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "interpreter/run/records.h"

namespace perilune::report {

struct UsualDuration {
    double median_s = 0;
    double ninetieth_s = 0;  // Nine of ten took at most so long.
    double longest_s = 0;
    std::size_t runs = 0;  // How often it was measured.
};

// What one run that has ended took.
struct PastRun {
    double took_s = -1;                                 // Of a run that ended `done`; else -1.
    std::vector<std::pair<std::string, double>> steps;  // Of each step that did: its path, seconds.
};

struct Usual {
    UsualDuration run;                                        // Of runs that ended `done`.
    std::map<std::string, UsualDuration, std::less<>> steps;  // By path.
    std::vector<std::string> order;  // Of the steps, as the newest run had them.

    // Nothing known: a median of 0 of 0 runs.
    UsualDuration step(std::string_view path) const;
};

// A step counts where it ended `done`: from its first attempt's beginning to its last one's end,
// waiting for people included.
PastRun past_run(const Records& records);
// The newest run first.
Usual usual_durations(const std::vector<PastRun>& runs);

// What a plan says of time: each step's median and ninetieth percentile, and all of it together
// against the recovery time that the runbook allows (`rto_s`; 0: none). Empty where nothing is
// known.
std::string expected_text(const Usual& usual, double rto_s);
// { run, steps = list of { path, … } }, each with median_s, ninetieth_s, runs; nil where nothing
// is.
Value expected_value(const Usual& usual);

}  // namespace perilune::report
