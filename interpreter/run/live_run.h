// One run being executed by this host: its engine, its worker, and the calls it has in flight.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "interpreter/run/engine.h"
#include "interpreter/run/host.h"

namespace perilune {

class LiveRun final : public EnginePort {
public:
    LiveRun(Host& host, Prepared prepared);
    ~LiveRun() override;

    // Starts the worker and loads the runbook; calls back with its declaration.
    void load(std::function<void(Result<Value>)> done);
    // Asks the runbook's `refuse`; calls back with the reason, empty for none.
    void ask_refusal(const Value& params, std::function<void(std::string)> done);
    // Takes the id of the run it will be; its worker may be loaded afterwards.
    void adopt(const std::string& id) { id_ = id; }
    // Goes on as run `id`; the engine takes over the loaded worker.
    void become(const std::string& id);

    // Messages go to `listener` and no longer to the engine (plans), and why the worker ended to
    // `on_death`.
    void listen(std::function<void(const List&)> listener,
                std::function<void(const std::string& why)> on_death) {
        listener_ = std::move(listener);
        on_death_ = std::move(on_death);
    }
    bool planning = false;  // Loads the plan's rewritten copy.

    Engine& engine() { return engine_; }
    const Engine& engine() const { return engine_; }
    const std::string& id() const { return id_; }
    Prepared& prepared() { return prepared_; }
    // Shows the records that are durable by now.
    void show_durable();
    void stop_worker();
    // Asks the worker where each strand stands; list of { strand, at, name }.
    void where(std::function<void(Value)> done);

    std::string parent;  // A run's id, or empty.
    bool undoing_child = false;
    bool end_told = false;  // Its parent knows of its end.
    bool ended = false;     // Nothing more of it is taken: it ended, was lost, or is given up.
    Rest rest = Rest::waits;
    std::string rest_reason;
    // It diverged or its script cannot be executed: it can only be ended.
    bool parked() const { return rest == Rest::diverged || rest == Rest::crashed; }
    // It stands still until somebody lets it go on, or ends it.
    bool at_rest() const { return parked() || rest == Rest::paused; }
    // Something of it goes on by itself, or its end is about to be told.
    bool busy() const;
    // Why it rests, for those who look at the whole tree.
    std::string told_reason() const;
    // A command of a person or of its parent; empty where taken.
    std::string command(const Command& given);
    void stop(const std::string& why);

    double wall_now() override;
    double boot_now() override;
    std::string boot_id() override;
    Value append(Value record) override;
    void after_commit(std::function<void()> effect) override;
    void act_after_commit(std::function<void()> act) override;
    bool may_act() override;
    std::int64_t tell_worker(Value message) override;
    std::size_t unread_bytes() override;
    Value record_at(std::int64_t seq) override;
    void restart_worker() override;
    void start_call(CallRequest request) override;
    void cancel_call(const EventId& call) override;
    std::optional<Restore> restore_of(const Call& call, const Value& before,
                                      const Value& result) override;
    std::string lacks(const std::string& target, const std::string& operation) override;
    bool acts_in_host(const std::string& target) override;
    void arm(const std::string& timer, double boot_at_s) override;
    void disarm(const std::string& timer) override;
    void start_child(const EventId& event, const std::string& run, const std::string& runbook,
                     const Value& params) override;
    void stop_child(const std::string& run, const std::string& why) override;
    void undo_child(const std::string& run) override;
    bool child_busy(const std::string& run) override;
    void after_inbox(std::function<void()> done) override;
    std::string child_id(const EventId& event) override;
    std::string may_answer(const Value& question, const std::vector<Value>& approvals,
                           const Command& command) override;
    std::int64_t approvals_needed(const Value& question) override;
    std::string may_break_glass() override;
    void rested(Rest how, const std::string& reason) override;
    void notice(const EventId& event, const std::string& text) override;

private:
    void on_message(List message);
    void may_suspend();
    void on_worker_end(const WorkerEnd& end);
    void fail_loading(const std::string& why);
    Result<std::unique_ptr<Worker>> start_worker();

    Host& host_;
    Prepared prepared_;
    Engine engine_;
    std::string id_;
    std::unique_ptr<Worker> worker_;
    std::function<void(Result<Value>)> loaded_;
    std::function<void(std::string)> refused_;
    std::function<void(Value)> stack_;
    std::function<void(const List&)> listener_;
    std::function<void(const std::string&)> on_death_;
    std::int64_t told_ = 0;
    std::int64_t waits_ = 0;      // How often the worker has waited for something new.
    std::int64_t waited_at_ = 0;  // The newest record then.
    bool engine_owns_worker_ = false;
    std::map<std::string, Loop::Id> timers_;
    std::map<EventId, std::shared_ptr<Cancel>> calls_;
    std::deque<Value> unshown_;
};

// The operations tables as the worker needs them: { family = { operation = effect } }.
Value families_for_worker(const std::vector<const Family*>& families);

}  // namespace perilune
