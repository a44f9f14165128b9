// One host's time with a run in a simulated world: it starts or resumes it, answers what it asks,
// and ends when the run rests, or the host dies or is overtaken by another.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "interpreter/run/watcher.h"
#include "interpreter/simulator/rehearsal.h"

namespace perilune {

class Rehearsal::Visit final : public Watcher {
public:
    // A second host of the same world shares the loop of the first.
    Visit(Rehearsal& rehearsal, const RunOptions& options, VirtualLoop* shared = nullptr);
    ~Visit() override;

    Status start(const Library& library, const std::string& environment, const std::string& runbook,
                 const std::string& id);
    // Takes `first` (a person's command) before anything else, where there is one.
    Status resume(const std::string& run, const InboxRow* first);

    const std::string& run() const { return run_; }
    bool died() const { return died_; }

    void on_record(const std::string& run, const RunState& state, const Value& record) override;
    void on_progress(const std::string&, const EventId&, const std::string&) override {}
    void on_rest(const std::string& run, Rest rest, const std::string& reason) override;
    void on_trouble(const std::string&) override {}

private:
    // Another host takes the run, where it is there to be taken; this one lives on.
    void overtake();
    bool take(const std::string& run);
    // Nothing is answered here any more.
    bool left() const { return over_ || parking_ || other_; }
    void prepared(Result<Prepared> made, const std::string& id);
    Status work();
    void give_up(Error error);
    void look_at_rest();
    bool gives_time() const;
    void park(const std::string& state, const std::string& reason);
    // Answers one thing that is asked; false where the options have no answer to it.
    bool answer();
    bool answer_question(LiveRun& run, const Value& record, const std::string& key);
    void note_verification(std::string_view line);
    // The answer to a question this time; nothing where the test has none left.
    std::optional<Value> next_answer(const Value& answers, const std::string& name);
    bool decide(LiveRun& run, const Value& failure);
    bool give(LiveRun& run, const std::string& kind, Value body, const std::string& who,
              double after_s);

    Rehearsal& rehearsal_;
    const RunOptions& options_;
    VirtualLoop* loop_ = nullptr;
    std::unique_ptr<Host> host_;
    std::string run_;
    std::optional<Error> error_;
    std::map<std::string, int> answered_;  // How often, by name.
    std::set<std::string> not_verified_;   // Questions with an answer that did not verify.
    int commands_ = 0;
    int unsent_ = 0;  // Answers that are about to be given.
    bool over_ = false;
    bool parking_ = false;
    bool died_ = false;
    const bool first_;
    RunOptions other_options_;
    std::unique_ptr<Visit> other_;  // Of the host that took the run over.
};

// One operation of a target, called as a run would, with no host. It meets no faults, is not
// counted, and takes no time unless it waits.
Result<Value> call_once(SimulatedWorld& world, VirtualClock& clock, const std::string& target,
                        const std::string& operation, const Value& arguments);

}  // namespace perilune
