// What a run's records tell, put in order for people: facts, steps, changes, questions, undo.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "interpreter/run/records.h"
#include "interpreter/run/run_state.h"

namespace perilune::report {

// One attempt of a step.
struct Attempt {
    std::string key;      // Its scope: "/#3".
    std::string outcome;  // done failed timeout skipped not_needed stopped; empty while open.
    std::string problem;  // The error it was closed with.
    double began = 0;
    double ended = 0;
};

// A step, a branch, or another scope with a beginning and an end.
struct Step {
    std::string what;  // step parallel each branch meanwhile wait hold undo ended
    std::string name;
    std::string path;
    std::string at;       // "runbooks/a.lua:12", or empty.
    std::string outcome;  // Of the last attempt.
    std::vector<Attempt> attempts;
    Value value;             // A preview of what it returned.
    bool kept = false;       // `undo = false`: meant to stay.
    std::string skipped_by;  // Of a skipped one: who, and why.
    std::string skip_reason;
    double began = 0;
    double ended = 0;  // 0 while open.
};

// Something that happened to a change between its intent and its result.
struct Happening {
    double at = 0;
    std::string what;  // not_done try part doubt settled_by
    std::string text;
    std::string who;
};

// A change of the world, or a child run.
struct ChangeEntry {
    std::string key;
    std::string scope;
    std::string path;  // Of the step around it.
    std::string target;
    std::string operation;
    std::string child;  // A child run's id.
    std::string at;
    Value arguments;
    Value before;
    Value after;
    Value value;
    std::string sign;  // + ~ -
    std::string plan;  // The driver's line that says what would change.
    std::string recovery;
    std::string outcome;  // done failed unknown; empty while open.
    std::string by;       // Who settled it: driver repeat look "already so" "person: …" …
    std::string problem;
    bool changed = false;
    bool left_some = false;
    bool in_doubt = false;  // Now.
    bool kept = false;
    bool undoing = false;  // Made by an undo.
    int tries = 1;
    std::vector<Happening> happenings;
    std::string undone;  // done nothing conflict failed impossible; empty where nothing tried.
    double undone_at = 0;
    double began = 0;
    double ended = 0;

    bool was_in_doubt() const;
};

// An observe; equal ones of one polling are one entry.
struct ReadEntry {
    std::string target;
    std::string operation;
    std::string at;
    Value arguments;
    Value value;
    std::string problem;  // Why the last one failed.
    std::string code;
    int times = 1;
    double first_at = 0;
    double last_at = 0;
};

struct AnswerEntry {
    double at = 0;
    std::string who;
    std::string key;       // The fingerprint of the key that signed it, or empty.
    std::string how;       // How the person is known.
    std::string decision;  // approve reject answer otherwise
    Value value;
    std::string reason;
    std::string problem;   // Nobody answered in time.
    std::string signal;    // The name of the signal that answered.
    bool partial = false;  // One approval of several.
    bool by_time = false;
};

struct QuestionEntry {
    std::string key;
    std::string what;  // approve confirm ask manual signal
    std::string name;
    std::string path;
    std::string role;
    std::string detail;
    std::string evidence;
    Value choices;
    Value names;  // Of the signals waited for.
    std::int64_t count = 1;
    bool not_starter = false;
    bool open = true;
    bool stopped = false;  // The scope around it was stopped before an answer came.
    std::vector<AnswerEntry> answers;
    double asked = 0;
    double ended = 0;
    double due = 0;  // When its time runs out, or 0.
};

struct WaitEntry {
    std::string why;  // sleep backoff poll meanwhile
    std::string name;
    double seconds = 0;
    int times = 1;
    double began = 0;
    double ended = 0;
};

// A line that has no duration: log, caught, fault, claim, code, keep, signal, stop, undo.
struct NoteEntry {
    std::string kind;
    std::string level;  // Of a log line: info warning …
    std::string text;
    std::string who;
    Value data;
    std::vector<std::pair<std::string, std::string>> told;  // Of undo: cannot or kept, and what.
    double at = 0;
};

struct FailureEntry {
    std::string key;
    std::string what;  // step operation question wait hold child body undo ended
    std::string name;
    std::string path;
    std::string message;
    std::string code;
    std::string retry;
    std::string at;
    std::string decision;    // again raise skip undo stop; empty while it waits.
    std::string decided_by;  // A person; empty where the run decided by itself.
    std::string reason;
    Value twice;  // What a further attempt would do twice.
    double pause = 0;
    double time = 0;
    double decided_at = 0;
};

struct UndoEntryView {
    std::int64_t index = 0;
    std::string name;
    bool function = false;
    bool within = false;  // Of one step, while the run goes on.
    std::string outcome;  // done nothing conflict failed impossible; empty while under way.
    std::string problem;
    double began = 0;
    double ended = 0;
};

enum class EntryKind { run, step, change, read, question, wait, note, failure, undo };

// A place in the tree of what happened; `index` points into the vector of its kind.
struct Entry {
    EntryKind kind = EntryKind::run;
    std::size_t index = 0;
    std::size_t parent = 0;
    int attempt = 1;  // Of the step around it.
    double at = 0;
    std::vector<std::size_t> inside;
};

// How a limit that the runbook declares compares with the time taken.
struct Objective {
    enum class State { met, missed, going, over, unmeasured };
    std::string kind;  // rto rpo undo
    std::string name;  // "database", where there are several of the kind.
    double limit_s = 0;
    double taken_s = 0;
    State state = State::unmeasured;

    std::string label() const;  // "RTO", "RPO of database"
};

struct RunEnd {
    double at = 0;
    std::string outcome;
    std::int64_t exit = 0;
    std::string reason;
};

struct RunFacts {
    std::string id;
    std::string runbook;
    std::string environment;
    std::string summary;
    std::string who;
    std::string parent;
    std::string key;          // The fingerprint of the key that signed its start, or empty.
    std::string break_glass;  // Its reasons; empty where policy was kept to.
    int broke_glass = 0;      // How often policy was passed over.
    Value params;
    Value targets;
    Value locks;
    std::string plan;    // Digest.
    std::string bundle;  // Digest.
    std::string seed;
    std::string program;  // "perilune 0.1.0"
    double began = 0;
    double outage_began = 0;   // 0: the clock starts with the run.
    double ended = 0;          // 0 while it has not.
    double now = 0;            // What "so far" is counted to.
    std::vector<RunEnd> ends;  // An undo of an ended run gives a further one.

    bool open() const { return ended <= 0; }
    double took_s() const { return (open() ? now : ended) - began; }
    double clock_began() const { return outage_began > 0 ? outage_began : began; }
};

struct Timeline {
    RunFacts run;
    std::vector<Objective> objectives;
    std::vector<Entry> entries;  // The first is the run.
    std::vector<Step> steps;
    std::vector<ChangeEntry> changes;
    std::vector<ReadEntry> reads;
    std::vector<QuestionEntry> questions;
    std::vector<WaitEntry> waits;
    std::vector<NoteEntry> notes;
    std::vector<FailureEntry> failures;
    std::vector<UndoEntryView> undos;
    double waited_for_people_s = 0;  // With a question, failure or doubt open.
    // Who started it and decided anything in it, with the key that proves it; an empty one: nothing
    // but the operating system's word does.
    std::map<std::string, std::string> people;
    RunState state;
};

// Reads one run's records in order. `now` (Unix seconds) is what an open run is measured to; 0: the
// time of its last record.
enum class Depth {
    whole,
    brief
};  // `brief` leaves out what changes and reads were given and gave.
Timeline build_timeline(const Records& records, double now = 0, Depth depth = Depth::whole);

}  // namespace perilune::report
