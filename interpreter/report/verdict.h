// How a run stands, in words: outcome, why, what is left behind, and what to do next.
#pragma once

#include <string>
#include <vector>

#include "interpreter/journal/store.h"
#include "interpreter/report/layout.h"
#include "interpreter/run/run_state.h"

namespace perilune::report {

// A command a person may copy, and what it is for.
struct NextCommand {
    std::string command;
    std::string purpose;
};

// A change that is still there.
struct Left {
    std::string what;
    std::string step;
};

struct Verdict {
    Tone tone = Tone::plain;
    std::string word;       // done, failed, cancelled, undone, partly undone, in doubt, waits, …
    std::string sentence;   // "Waits for approval of "Promote the standby?"."
    std::int64_t exit = 0;  // The exit code that says the same; -1 while it runs.
    double since = 0;       // Since when it waits, where it does.
    std::string step;       // The path of the step that failed, where one did.
    std::string reason;
    std::string at;           // "runbooks/a.lua:12", or empty.
    bool left_known = false;  // True where the run's end says what is left.
    std::vector<Left> left;
    std::vector<Left> kept;  // By an undo, on purpose.
    std::vector<NextCommand> next;
    bool ended = false;
};

// `row` may be empty; what it says (paused, parked, lost) is then not known.
Verdict verdict_of(const RunState& state, const RunRow& row);

// What the run waits for, one line each: doubts, questions, failures, timers, changes in flight.
struct Waiting {
    Tone tone = Tone::waits;
    std::string what;
    std::string path;
    double since = 0;
};
std::vector<Waiting> waiting_for(const RunState& state);

// "approval of "Promote?"", "an answer to …", "the signal …"
std::string question_text(const Value& question);

}  // namespace perilune::report
