// What a run's records add up to: scopes, changes, open questions and timers. Applying records is
// the only way it changes, so a resumed run has the state of the one that was killed.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "interpreter/run/change.h"

namespace perilune {

struct Scope {
    std::string id;  // "/#3"; the run's own is "".
    std::string parent;
    std::string strand;  // The strand that opened it.
    std::string what;    // run step parallel each branch meanwhile wait hold undo ended
    std::string name;
    std::string path;  // "Promote › Wait[2]", for people and commands.
    Value options;
    int attempt = 1;
    bool open = true;
    bool stopped = false;  // Nothing in it starts any more.
    std::string outcome;
    std::int64_t opened_seq = 0;
    double opened_at = 0;
    double closed_at = 0;
    std::map<std::string, int> child_names;
};

// A change whose intent is durable and whose outcome is not known yet.
struct OpenIntent {
    Value record;           // The intent.
    bool not_done = false;  // Last proved not executed: it may be tried again.
    double retry_at = 0;    // Wall clock.
    int tries = 1;
    bool maybe_sent = false;  // An earlier try than the last may have happened.
    bool in_doubt = false;
    double last_sent_at = 0;  // Wall clock of the intent or the last try.
    std::map<std::string, Value> parts;
};

struct OpenTimer {
    Value record;
    EventId of;       // The event it answers or limits.
    std::string why;  // sleep backoff poll meanwhile | timeout (a scope) question deadline
};

struct OpenQuestion {
    Value record;
    std::vector<Value> approvals;  // Answers so far, where several people must approve.
};

struct UndoEntry {
    std::int64_t index = 0;
    bool function = false;
    bool settled = false;
    Value record;
};

class RunState {
public:
    RunState();

    // Takes one record in, in order.
    void apply(const Value& record);

    Value begin;              // The begin record.
    Value end;                // The end record, or nil.
    Value stop;               // The record that stopped the whole run, or nil.
    Value ended;              // The record that began `ended`, or nil.
    bool ended_over = false;  // `ended` has come to its end.
    bool undoing = false;     // An undo has begun: the run can only be undone further.
    Value plan;               // The plan in force: `plan` and `plan_changes`; nil for none.
    Value undo_request;       // The record that asked for the undo: who, to, force.
    std::int64_t seq = 0;
    double time = 0;
    std::map<std::string, Scope, std::less<>> scopes;
    std::map<EventId, OpenIntent> intents;
    std::map<EventId, OpenTimer> timers;
    std::map<EventId, OpenQuestion> questions;
    std::map<EventId, Value> failures;             // Unguarded failures that wait for a decision.
    std::map<EventId, Value> settling;             // `stop` records of scopes not settled yet.
    std::map<EventId, Value> children;             // Child runs not ended yet.
    std::map<EventId, Value> beyond;               // Changes that wait for a plan that shows them.
    std::vector<Change> changes;                   // In the order in which they settled.
    std::map<EventId, std::size_t> change_places;  // Where each is among them.
    std::vector<UndoEntry> undo_entries;
    std::set<std::string> undone;  // Keys of changes and scopes that an undo has dealt with.
    std::vector<Value> signals;    // Sent and not awaited yet.
    std::set<std::string> signal_ids;
    std::vector<Value> keeps;
    std::set<std::string> used_targets;
    std::set<std::string> logged;          // Keys of log lines.
    Value last_failure;                    // The newest failure record.
    std::int64_t broke_glass = 0;          // How often policy was passed over.
    std::set<std::string> broke_glass_by;  // Who did.
    Value review;  // The record of somebody else's look at that; nil while it is to be had.
    std::set<std::string> signed_commands;  // Those that were taken, by id.

    const Scope& scope(const std::string& id) const;
    // True where `inner` is `outer` or lies within it.
    bool within(const std::string& inner, const std::string& outer) const;
    bool stopped(const std::string& scope) const;
    // The innermost open step, wait or branch around a scope, as a path of names.
    std::string path(const std::string& scope) const;
    bool in_doubt(const EventId& id) const;
    int doubts() const;
    // True where a person is asked anything: a question, a decision, a doubt, a further plan.
    bool asks() const;
    // True where policy was passed over and nobody else has looked at that since.
    bool wants_review() const { return broke_glass > 0 && review.is_nil(); }
    // True where a step around the scope says `undo = false`.
    bool kept(const std::string& scope) const;
    // The outermost step around a scope, up to the one of `limit` and with it, that has an undo
    // function: the key of its newest attempt; empty where there is none.
    std::string undo_step(const std::string& scope, const std::string& limit) const;
    // All attempts of the step whose one attempt is given.
    std::vector<std::string> attempts(const std::string& scope) const;
    // A step's or keep mark's key by name or path; empty where there is none.
    std::string find_step(const std::string& name) const;
    std::int64_t opened_seq(const std::string& scope_or_mark) const;
    std::int64_t settled_seq(const std::string& change) const;
    std::int64_t next_undo_index() const;
    const Change* change(const EventId& id) const;
    // Changes of an attempt or any other scope.
    std::vector<const Change*> changes_within(const std::string& scope) const;
    // Changes left in the world: neither undone nor without effect.
    std::vector<const Change*> changes_left() const;

private:
    void open_scope(const Value& record);
    void close_scope(const Value& record);
    void take_intent(const Value& record);
    void take_result(const Value& record);
    void take_answer(const Value& record);
    void take_broken_glass(const Value& record);
    void take_stop(const Value& record);
    void take_plan(const Value& record);
    void take_code(const Value& record);
    void take_undo(const Value& record);
    void take_undone(const Value& record);
    void take_claim(const Value& record);
    void take_progress(const Value& record);
};

}  // namespace perilune
