// Executes a run's script in a worker, answers it from the run's journal, and says where it asks
// for anything else. No target is touched.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "interpreter/run/comparison.h"
#include "interpreter/run/comparison_order.h"
#include "interpreter/run/live_run.h"
#include "interpreter/run/recollection.h"

namespace perilune {

// Answers come in the order in which the journal has them, so that code which asks the same is told
// the same. What the journal does not hold is an unknown, and ends a strand that branches on it.
class Comparer {
public:
    // `run` was loaded for planning, with the run's own code (`recorded`) or with another;
    // `begin` is the run's, with parameters that the code takes.
    Comparer(Host& host, std::shared_ptr<LiveRun> run, Value begin, const Records& records,
             Code code, std::function<void(Comparison)> done);
    void start();

private:
    // What has its answer in the journal.
    struct Due {
        EventId id;
        std::string scope;  // Of an interruption: the scope that it ends.
    };

    void on_message(const List& message);
    void on_worker_death(const std::string& why);
    void on_event(Event event);
    void on_scope(const Event& event);
    void on_ask(const Event& event);
    void met(const Event& event, RecordedAsk& ask);
    void met_otherwise(const Event& event, RecordedAsk& ask, ComparedEffect& effect);
    void unmet(const Event& event, const std::string& refusal);
    void supposed(const Event& event, const std::string& refusal);
    bool breaks_off(const Event& event) const;
    void stop_strand(const Event& event, std::string why);
    void deliver(const EventId& id, std::string_view how, Value value);
    void deliver_recorded(std::int64_t seq, const EventId& id);
    bool deliver_unasked(std::int64_t seq);
    void go_on();
    void finish();
    ComparedEffect effect_of(const Event& event, const std::string& path) const;

    Host& host_;
    std::shared_ptr<LiveRun> run_;
    Value begin_;
    Recollection recorded_;
    StandIns stand_ins_;
    std::function<void(Comparison)> done_;
    Comparison found_;
    RunState state_;                              // Of the scopes that this telling opens.
    std::map<std::int64_t, Due> due_;             // By the record that answers.
    std::map<std::string, std::string> scopes_;   // Recorded ones, by those of this telling.
    std::map<std::string, std::string> told_as_;  // Scopes of this telling, by recorded ones.
    ComparedStrands strands_;
    std::map<EventId, Event> open_;  // Without an answer.
    std::size_t unasked_ = 0;
    double now_ = 0;
    std::int64_t told_ = 0;
    std::int64_t quiet_ = 0;
    std::int64_t seq_ = 0;
    bool ended_ = false;    // The script has come to its end.
    bool went_on_ = false;  // It did not stop where the run was stopped.
    bool finished_ = false;
    Value value_;
};

}  // namespace perilune
