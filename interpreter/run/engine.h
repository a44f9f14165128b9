// The run engine: a state machine between a worker's events, drivers' answers, time and people.
// It appends records and asks its port for effects; rules by number are in docs/semantics.md.
#pragma once

#include <deque>
#include <set>
#include <unordered_map>

#include "interpreter/base/operation.h"
#include "interpreter/run/engine_port.h"
#include "interpreter/run/plan_guide.h"
#include "interpreter/run/records.h"
#include "interpreter/run/run_state.h"
#include "interpreter/run/stand_ins.h"
#include "interpreter/run/steering.h"
#include "interpreter/run/unanswered.h"

namespace perilune {

using FindFamily = std::function<const Family*(std::string_view name)>;

class Engine {
public:
    Engine(EnginePort& port, FindFamily find_family);

    // A new run whose `begin` is durable already.
    void start_recorded(const Value& begin);
    // A run that exists: its records in order. Where its code is being replaced, the replay finds
    // out whether the new one agrees with them; record_code then makes it the run's own.
    void load(const Records& records, Code code = Code::recorded);
    void record_code(const std::string& bundle, const Value& facts, const std::string& who);
    // Streams `records` to a fresh worker; what it asks is compared until it is quiet.
    void replay(const Records& records);

    void on_message(const List& message);
    void on_answer(CallAnswer answer);
    // A part of a change that takes several requests was done; see Call::keep_part.
    void on_part(const EventId& id, const std::string& name, const Value& value);
    void on_timer(const std::string& timer);
    void on_child_end(const std::string& run, const Value& outcome);
    void on_child_undone(const std::string& run, const std::string& problem);
    void on_worker_death(const std::string& reason);
    void replace_worker();  // By a fresh one, which replays; what is in flight goes on.
    void on_script_lost(const std::string& why);  // The code cannot even be loaded.
    // Empty where it was taken; else why not, and what to do instead.
    std::string on_command(const Command& command);
    std::string refuse(const Command& command, const std::string& why);
    // Whether a command ends the run: those are taken of a run that is parked or has diverged too.
    static bool ends(const Command& command);

    // Stops starting anything; rests as `paused` when what is in flight has settled.
    void pause();
    // Another host has taken the run over: nothing more is started or written.
    void lose();
    // A child run stands still or goes on again: rests where nothing goes on by itself.
    void look_again() { check_rest(); }
    // Whether a child run is to be stopped, since what it belongs to was.
    bool stops_child(const std::string& run) const;
    // Says whether something goes on by itself (a call, a timer, a child).
    bool busy() const;
    bool replaying() const { return !live_; }
    // True once a replay has met every recorded event of this run.
    bool replayed() const { return replayed_ || state_.begin.is_nil(); }
    // After the whole tree has been replayed: recovers what was open, and goes on.
    void go_live() { go_live(nullptr); }
    const RunState& state() const { return state_; }
    // Called when a replay has met every recorded event; go_live comes from outside then, unless
    // it is empty.
    std::function<void()> on_replayed;
    // What `undo` (`--to step`) would take back: { takes_back, cannot, kept }, lists of { what,
    // step, why }.
    Result<Value> undo_outlook(const std::string& step) const;
    // What each strand waits for now, for `where` and the screen: list of { strand, path, what }.
    Value waiting() const;

private:
    // An operation asked for and not settled.
    struct Active {
        Event event;
        const Operation* row = nullptr;
        Phase phase = Phase::observe;
        bool called = false;     // A driver call is under way; `number` tells which.
        bool dropped = false;    // Its scope was stopped while it only read.
        bool queued = false;     // Waits for its resource.
        bool host = false;       // Of a derived undo: no script waits for it.
        bool wants_try = false;  // Waits to be sent again.
        bool last_look = false;  // The next look's answer counts.
        std::uint64_t number = 0;
        double deadline = 0;   // Boot clock.
        double pause_s = 0.2;  // Before the next try of an observe or look.
        double sent_boot_at = 0;
        Value before;
        std::string resource;
        std::function<void(Result<Before>)> then_before;  // Of a derived undo: the look first.
        std::function<void(const Value& result)> then;    // Of a derived undo: its end.
    };

    // engine.cpp: records and replay
    Value append(Value record);
    void on_event(Event event);
    void on_log(const List& message);
    bool met_before(const Event& event, const std::string& fingerprint);
    void diverge(const std::string& recorded, const std::string& found, const std::string& at);
    void finish_replay();
    void handle(Event event);
    void start_unread();
    void check_rest();
    bool waits_for_child() const;
    void crash(const std::string& reason);
    std::string go_live(const Command* first);
    void note_recorded(const Value& record);
    void take_held();

    // engine_code.cpp: code that was replaced
    void forget_bodies();

    // engine_without_script.cpp: a run whose script cannot be executed any more
    void park(Rest how, const std::string& reason);
    void lose_script(const std::string& reason);
    void tell_script_lost();
    bool function_lost(const Value& undo) const;
    void leave_by_hand(const Value& undo);
    void leave_function_by_hand();
    std::string end_without_script(const Command& command);

    // engine_operations.cpp: operations from their asking to the intent
    void ask_operation(Event event);
    std::string refusal(const Event& event, const Operation* row, Map& arguments);
    void refuse_operation(const Event& event, const Error& error);
    void begin_observe(Active& active);
    void begin_change(Active& active);
    void take_resource(Active& active);
    void release_resource(const Active& active, bool maybe_late);
    void start_queued(const std::string& resource);
    void call(Active& active, Phase phase);
    bool pause_and_retry(Active& active);
    void took_observe(Active& active, Result<Value> answer);
    void took_before(Active& active, Result<Before> answer);
    void write_intent(Active& active, const Before& found);
    double deadline_of(const Event& event, const Operation& row) const;

    // engine_plan.cpp: doing only what a plan shows
    bool follows_plan(const Event& event) const;
    std::int64_t plan_entry(const Event& event) const;
    bool within_plan(const Event& event);
    void wait_for_plan(const Event& event, const std::string& why);
    bool shown_as_done(const Event& event) const;
    void no_longer_as_planned(Active& active);
    std::string take_plan(const Command& command);

    // engine_recovery.cpp: acting, lost answers, doubt
    void act(const EventId& id);
    void took_act(Active& active, Outcome outcome);
    void recover(Active& active, const Error& error);
    void wait_to_try(Active& active);
    void retry_call(const EventId& id);
    void took_look(Active& active, Sighting seen);
    void not_done(Active& active, const Error& error, double retry_after_s, const char* evidence);
    void try_again(const EventId& id, const std::string& by);
    void give_up(Active& active, const Error& error, const char* evidence);
    void doubt(Active& active, const std::string& evidence);
    void settle(Active& active, std::string_view outcome, Value value, const Error* error,
                std::string_view by, Value after, bool left_some);
    void recover_open();
    bool stopped(const Active& active) const;
    double settles_within_s(const Active& active) const;

    // engine_steps.cpp: scopes, failures, timers, children
    double boot_deadline(const Value& record) const;
    Value with_deadline(Value& record, double length_s);
    void opened(const Event& event);
    void closed(const Event& event);
    void failed(const Event& event);
    void decide(const EventId& id, Value decision, const Command* command);
    bool would_retry(const Scope& scope, const Value& error) const;
    bool only_repeatable(const std::string& scope) const;
    bool guarded(const Event& event) const;
    void start_timer(const Event& event);
    void fire(const EventId& id);
    void settle_event(const Event& event);
    void stop_scope(const std::string& scope);
    void stop_waiting_try(Active& active);
    void check_settling();
    void ask_child(const Event& event);

    // engine_people.cpp: questions, signals, commands
    void ask_question(const Event& event);
    bool take_signal(const EventId& id);
    void question_timed_out(const EventId& id);
    std::string answer_question(const Command& command);
    std::string fit_answer(const Value& args, Value& value) const;
    std::string take_settle(const Command& command);
    std::string take_retry(const Command& command);
    std::string take_skip(const Command& command);
    std::string take_signal_command(const Command& command);
    std::string take_undo(const Command& command);
    std::string take(const Command& command);
    std::string skip_open_step(const Scope& step, const Command& command);
    std::string no_failure() const;
    std::string no_such_step(const std::string& name) const;

    // engine_end.cpp: stopping and the end
    void stop_run(const std::string& why, const Command* command);
    void stopped_run();
    std::string last_failure() const;
    void ended_by_script(const Value& value);
    bool leaves_something(const Change& change) const;
    List left_in_world() const;
    void end_run(std::string_view outcome, const std::string& reason);
    void begin_ended();
    void go_on_after_end();

    // engine_undo.cpp: taking changes back
    void start_undo(const std::string& why, const std::string& within, const EventId& failure,
                    Value note = {});
    void start_step_undo(const EventId& failure);
    void step_undo_failed();
    void next_undo();
    void choose_undo();
    void finish_function(const UndoEntry& entry);
    void note_undone(std::int64_t index, std::string_view outcome, const std::string& problem);
    void note_left(std::int64_t index, std::string_view outcome, const std::string& problem);
    void derive_undo(const Value& record);
    void undo_checked(std::int64_t index, const Change& change, const Restore& restore,
                      Result<Before> now);
    void finish_with_undone(Active& active, std::int64_t index);
    void undo_conflict(std::int64_t index, const Change& change, const Value& now);
    void resume_undo();
    std::string restart_undo(const Command& command);
    void finish_undo();

    // engine_undo_list.cpp: what an undo takes back
    std::int64_t undo_from(bool by_failure, const std::string& to) const;
    std::vector<Value> plan_undo(const std::string& within, bool by_failure) const;
    void fill_undo_plan(const std::string& within, const std::string& to);
    bool settled_after(const Value& entry, const std::string& to) const;
    List kept_changes(bool by_failure, const std::string& to) const;
    std::string cannot_undo(const Value& entry) const;
    std::optional<Restore> restore_of(const Change& change) const;
    Value undo_outlook(const std::deque<Value>& entries, bool by_failure,
                       const std::string& to) const;

    struct Recorded {
        std::size_t fingerprint = 0;
        std::int64_t seq = 0;
        bool met = false;
    };
    struct HeldLog {
        std::size_t events = 0;  // How many new events were met before it.
        Value record;
    };

    EnginePort& port_;
    FindFamily find_family_;
    RunState state_;
    std::map<EventId, Active> active_;
    std::map<EventId, Recorded> recorded_;
    StandIns stand_ins_;
    Unanswered unanswered_;
    std::deque<Event> unread_;       // Asked while too many answers were unread.
    std::deque<Event> stash_;        // New events met while replaying.
    std::vector<HeldLog> logs_;      // Likewise log lines.
    std::set<EventId> asked_again_;  // Under way while replaying, and asked for by the replay.
    std::vector<Value> unstreamed_;  // Appended while there was no worker to tell.
    std::vector<std::string> missed_timers_;  // Due while replaying.
    std::deque<EventId> step_undos_;    // Failures whose step is undone after the one under way.
    std::deque<Event> held_;            // Events met while pausing.
    std::optional<Value> ended_value_;  // The script's end, met while replaying.
    Value result_value_;
    std::map<std::string, std::deque<EventId>> resources_;
    std::set<std::string> late_resources_;
    std::optional<PlanGuide> guide_;               // Of the plan in force, made when needed.
    std::map<std::string, std::int64_t> planned_;  // Changes met of a plan, by scope.
    std::map<EventId, Event> beyond_;              // What waits for a plan that shows it.
    std::deque<Value> undo_plan_;
    std::string undo_problem_;
    std::string undo_by_hand_;  // What of an undo only a person can do.
    std::string script_lost_;   // Why the script cannot be executed any more; empty: it can.
    std::string parked_;        // Why the run is parked or has diverged.
    std::string undo_why_;
    EventId undo_for_;
    bool undo_force_ = false;
    bool choosing_undo_ = false;
    bool choose_again_ = false;
    std::uint64_t last_number_ = 0;
    std::int64_t told_ = 0;  // Messages the worker answers with `quiet`.
    std::int64_t quiet_ = 0;
    int deaths_ = 0;
    std::int64_t seq_at_death_ = -1;
    bool replaying_ = false;
    bool replayed_ = false;
    bool restarting_ = false;  // The worker has died, and its successor is not streamed to yet.
    bool recovered_ = false;   // What was open when the run was loaded has been gone on with.
    bool live_ = false;
    bool pausing_ = false;
    bool resting_ = false;
    bool stop_done_ = false;
};

}  // namespace perilune
