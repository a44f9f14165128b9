// What happened, line by line and in order, in words; every report draws these same lines.
#pragma once

#include <string>
#include <vector>

#include "interpreter/report/layout.h"
#include "interpreter/report/timeline.h"

namespace perilune::report {

// Something that belongs under a line: "error", "detail", "asked", "doubt"…
struct Detail {
    std::string label;  // May be empty.
    std::string text;   // May have several lines; not yet made harmless.
    Tone tone = Tone::muted;
};

struct HistoryLine {
    int depth = 0;
    double at = 0;
    Tone tone = Tone::plain;
    std::string mark;   // One character that says the same as the tone, for those without colours.
    std::string kind;   // step, change, read, question, wait, log …
    std::string text;   // Not yet made harmless.
    std::string where;  // "runbooks/a.lua:12", or empty.
    std::vector<Detail> details;
    double took_s = -1;  // -1: no duration.
};

std::vector<HistoryLine> history_of(const Timeline& timeline);

// The parts of it that have tables of their own.
HistoryLine line_of(const ChangeEntry& change, const RunFacts& run);
HistoryLine line_of(const QuestionEntry& question, const RunFacts& run);
HistoryLine line_of(const FailureEntry& failure, const RunFacts& run);

// What it made of what was there, in short: the driver's own line where that says so, else the
// fields that differ.
std::string effect_text(const ChangeEntry& change, int width);
// "done", "already so", "in doubt", "maybe done", "failed", "undone", …
std::string outcome_text(const ChangeEntry& change);
Tone tone_of(const ChangeEntry& change);
// What of it was taken back: "undone", "conflict" …; empty where nothing was tried.
std::string undone_text(const ChangeEntry& change);
// "approved by ada", "rejected by …", "yes by …", "waits"
std::string answer_text(const QuestionEntry& question);
std::string answer_text(const AnswerEntry& answer, const std::string& what);

}  // namespace perilune::report
