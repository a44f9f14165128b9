// Plans a run: the script with real observes and predicted changes, as far as it can be known.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "interpreter/run/live_run.h"
#include "interpreter/run/plan.h"

namespace perilune {

// What is planned: a run from its beginning, or the rest of one from where its records end.
struct PlanSubject {
    Value begin;           // A `begin` record, or what one of this run would hold.
    Records records = {};  // Empty for a run that has not begun.
    int depth = 0;         // How many runs are around this one.
};

// What predicted changes may have altered so far. A run and its child runs share it.
struct Predictions {
    double now = 0;
    std::set<std::string> observes;   // "dns/site list", "dns/site *"
    std::set<std::string> resources;  // See resource_key.
    std::set<std::string> unnamed;    // Targets of which only the run knows what it changes.
};

// Rules 10.1 to 10.4. The run must have been loaded for planning; `done` is called once. Whatever
// the timing of drivers, the same world gives the same plan: what strands ask is answered in the
// order in which they asked, and only what cannot influence each other is asked at the same time.
class Planner {
public:
    Planner(Host& host, std::shared_ptr<LiveRun> run, PlanSubject subject,
            std::function<void(Plan)> done, std::shared_ptr<Predictions> predicted = nullptr);
    ~Planner();
    void start();

private:
    // An event that has not been answered yet.
    struct Asked {
        Event event;
        const Operation* row = nullptr;
        Map arguments;
        bool begun = false;
        bool over = false;  // `how` and `value` are its answer.
        std::string how = "ok";
        Value value;
        std::unique_ptr<Planner> child;
    };
    using AskedPtr = std::shared_ptr<Asked>;

    // planner.cpp: the order of things
    void on_message(const List& message);
    void on_worker_death(const std::string& why);
    void on_event(Event event);
    void take(Event event);
    void begin_calls();
    void answer_in_order();
    void handle(const Event& event);
    void question(const Event& event);
    void settled(const AskedPtr& asked, std::string how, Value value);
    void deliver(const Event& event, std::string_view how, Value value);
    void note_scope(const Value& record);
    PlanPlace place_of(const Event& event) const;
    void note(std::vector<PlanNote>& notes, const Event& event, Value value);
    void finish_when_quiet();
    bool at_rest() const;

    // planner_replay.cpp: what a journal holds already
    void take_records();
    void note_done(const Value& record, std::map<std::string, PlanEntry>& done);
    void end_replay();

    // planner_operations.cpp: what operations and child runs would do
    void begin_operation(const AskedPtr& asked);
    void observe(const AskedPtr& asked);
    void change(const AskedPtr& asked);
    Value predicted_result(const Asked& asked);
    void begin_child(const AskedPtr& asked);
    PlanEntry entry_of(const Event& event);
    void add_change(const Asked& asked, const Before* found);
    void call(const AskedPtr& asked, Phase phase, std::function<void(CallAnswer)> then);
    bool touched(const Asked& asked) const;
    bool tells_again(const Event& event) const;

    Host& host_;
    std::shared_ptr<LiveRun> run_;
    PlanSubject subject_;
    std::function<void(Plan)> done_;
    std::shared_ptr<Predictions> predicted_;
    Plan plan_;
    std::set<std::string> assumed_channels_;  // That deliver.
    RunState state_;  // Of the records, then of the scopes that would be opened.
    std::map<std::string, PlanPlace> places_;       // Of strands.
    std::map<std::string, std::int64_t> branches_;  // How many each join has opened.
    std::map<std::string, std::int64_t> ordinals_;  // Changes met, by scope.
    std::set<EventId> recorded_;
    std::deque<Event> stash_;  // Events beyond the records, met while those are streamed.
    std::deque<AskedPtr> queue_;
    std::int64_t told_ = 0;
    std::int64_t quiet_ = 0;
    std::int64_t seq_ = 0;
    bool replaying_ = false;
    bool dead_ = false;  // Its worker has died; only calls that are under way are awaited.
    bool finished_ = false;
};

}  // namespace perilune
