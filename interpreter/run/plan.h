// A plan: what a run would do, in the order of its script, as far as that can be known.
#pragma once

#include <string>
#include <vector>

#include "interpreter/base/value.h"

namespace perilune {

// Where something stands in the script: numbers of events, from the run's own strand inwards.
using PlanPlace = std::vector<std::int64_t>;

// One change that would be made.
struct PlanEntry {
    PlanPlace place;
    std::string path;          // The step.
    std::int64_t ordinal = 1;  // Among the changes of its step attempt.
    std::string target;        // Of a child run: its runbook.
    std::string operation;     // Of a child run: run_runbook.
    Value arguments;           // With unknowns where only the run will know.
    char sign = '~';           // + create, ~ change, - delete, ! cannot be undone, = already so
    std::string detail;        // What the driver says of it: "300 s → 60 s".
    bool done = false;     // Made before the rest was planned; a further attempt may make it again.
    bool repeats = false;  // Told again and again.
    std::vector<PlanEntry> inside;  // Of a child run: its changes.

    Value to_value() const;
};

// Anything else a plan says of a place.
struct PlanNote {
    PlanPlace place;
    std::string path;
    Value value;  // See Plan.

    Value to_value() const;
};

struct Plan {
    std::string run;     // Of the rest of a run: its id.
    std::string bundle;  // Digest of the code that was planned.
    std::vector<PlanEntry> entries;
    std::vector<PlanNote> approvals;  // { kind, name, role }
    std::vector<PlanNote> assumed;    // { what }: conditions taken as true.
    std::vector<PlanNote>
        not_planned;                   // { why, at }: where a strand's plan ends before its script.
    std::vector<PlanNote> unanswered;  // { what }: targets that did not answer.
    std::vector<PlanNote> problems;    // { message, at }: what fails already while planning.
    Value objectives;                  // As the runbook declares them.
    std::string runbook;
    std::string digest;  // 32 raw bytes: what an approval of the plan covers.

    // Puts everything into the order of the script.
    void sort();
    // Takes over what the plan of a child run says, as part of the entry at `place`.
    void add_inside(PlanEntry& entry, Plan child);
    // Rule 10.3: what the digest covers: changes, horizons, what is asked and assumed, and not what
    // was observed on the way.
    Value covered() const;

    Value to_value() const;
    std::string to_text() const;
};

}  // namespace perilune
