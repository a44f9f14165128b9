// What stands at the head of every report: facts, objectives, parameters, what people decided.
#pragma once

#include <string>
#include <vector>

#include "interpreter/report/timeline.h"
#include "interpreter/report/verdict.h"

namespace perilune::report {

struct Fact {
    std::string label;
    std::string text;  // Not yet made harmless.
    Tone tone = Tone::plain;
};

// Run, started, ended, took, by whom, exit code; of an open run what is known so far.
std::vector<Fact> facts_of(const Timeline& timeline, const Verdict& verdict);
// Digests, seed, epoch, records: what binds the report to the journal.
std::vector<Fact> proof_of(const Timeline& timeline, const RunRow& row);
std::vector<Fact> parameters_of(const Timeline& timeline);
// Each target with the changes the runbook may make on it.
std::vector<Fact> targets_of(const Timeline& timeline);
// "policy was passed over", and how often where that was more than once.
std::string passed_over_text(const RunFacts& run);
// Of a run in which policy was passed over: who has looked at that since, or what is to be done.
std::string review_text(const Timeline& timeline);
std::string locks_text(const Timeline& timeline);

// "took 4 min 12 s of 30 min: met, 25 min 48 s to spare"
std::string objective_text(const Objective& objective);
Tone tone_of(const Objective& objective);

// "Done, after 4 min 12 s; RTO of 30 min met."
std::string outcome_sentence(const Timeline& timeline, const Verdict& verdict);

// The same facts for programs.
Value facts_value(const Timeline& timeline);

}  // namespace perilune::report
