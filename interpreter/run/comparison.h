// What another version of a runbook would have done in a run, beside what was done in it.
#pragma once

#include <string>
#include <vector>

#include "interpreter/base/value.h"

namespace perilune {

// Something that was asked in the run, would be asked by the code that is compared, or both.
struct ComparedEffect {
    enum class Kind { change, observe, child, question, sleep, failure };

    char sign = '=';  // = the same, + would be done, - was done and would not be, ~ otherwise
    Kind kind = Kind::change;
    std::string path;
    std::string target;      // Of an operation.
    std::string name;        // The operation, the child run's runbook, the question, the step.
    std::string what;        // Of a question: approve, ask…
    Value arguments;         // Of what would be done, or of what was, where it would not be.
    Value was;               // Of `~`: the arguments that it had in the run.
    std::string detail;      // Why it differs, or what became of it.
    std::string at;          // The line that would do it.
    std::int64_t seq = 0;    // Of the run's record; 0: there is none.
    std::int64_t after = 0;  // Of `+`: the newest record met before it.
    std::string strand;      // Of the code that is compared, or of the run.

    Value to_value() const;
};

struct ComparisonNote {
    std::string path;
    std::string text;
    std::string at;
};

struct Comparison {
    std::string run;
    std::string runbook;
    bool current = false;  // It was compared with the code on disk, not with the run's own.
    std::vector<ComparedEffect> effects;
    std::vector<ComparedEffect> not_compared;  // Done after the first thing that is not known.
    std::vector<ComparisonNote> not_known;     // Where the comparison of a strand ends.
    std::vector<ComparisonNote> assumed;
    std::vector<ComparisonNote> problems;  // The worker ended; nothing more is known.
    bool other_value = false;
    Value value_was;
    Value value;

    bool differs() const;
    // Observes that are the same are only in it where they are wanted.
    Value to_value(bool observes) const;
    std::string to_text(bool observes) const;
};

}  // namespace perilune
