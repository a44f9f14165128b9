// What the run engine asks of whoever drives it: the host with real time and drivers, or an
// explorer with virtual ones. The engine itself does no I/O.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "interpreter/base/driver.h"
#include "interpreter/run/record.h"
#include "interpreter/run/steering.h"

namespace perilune {

enum class Phase { observe, before, act, look };

struct CallRequest {
    EventId id;
    std::uint64_t number = 0;  // Told back with the answer; an answer to an old number is dropped.
    Phase phase = Phase::observe;
    Call call;
    Value before;  // Of act and look.
};

// The answer of the phase that was asked for; the others are empty.
struct CallAnswer {
    EventId id;
    std::uint64_t number = 0;
    std::optional<Result<Value>> observed;
    std::optional<Result<Before>> before;
    std::optional<Outcome> outcome;
    std::optional<Sighting> sighting;
};

// Where a run stands when nothing goes on by itself.
enum class Rest { ended, waits, paused, diverged, crashed, lost };

class EnginePort {
public:
    virtual ~EnginePort() = default;

    virtual double wall_now() = 0;
    virtual double boot_now() = 0;
    virtual std::string boot_id() = 0;

    // Stamps seq, time and epoch, and queues the record for the journal.
    virtual Value append(Value record) = 0;
    // Calls back once everything appended so far is durable.
    virtual void after_commit(std::function<void()> effect) = 0;
    // As that, but before people are shown what has become durable.
    virtual void act_after_commit(std::function<void()> act) { after_commit(std::move(act)); }
    // False once the lease may be lost or a stop has been asked for: no effect may start.
    virtual bool may_act() = 0;

    // Returns how many messages this worker has been told that it answers with `quiet`.
    virtual std::int64_t tell_worker(Value message) = 0;
    // How much of what the worker was told it has not read yet.
    virtual std::size_t unread_bytes() = 0;
    // A record of this run by its number, for messages about divergence.
    virtual Value record_at(std::int64_t seq) = 0;
    // Starts the worker anew; every record so far is streamed to Engine::replay again.
    virtual void restart_worker() = 0;

    virtual void start_call(CallRequest request) = 0;
    virtual void cancel_call(const EventId& id) = 0;
    // What takes a change back; nothing where there is nothing to take back.
    virtual std::optional<Restore> restore_of(const Call& call, const Value& before,
                                              const Value& result) = 0;
    // Empty where the target's driver has the operation; else why not.
    virtual std::string lacks(const std::string& target, const std::string& operation) = 0;

    // True where the target's changes are made within the host's own process.
    virtual bool acts_in_host(const std::string& target) = 0;

    virtual void arm(const std::string& timer, double boot_at_s) = 0;
    virtual void disarm(const std::string& timer) = 0;

    virtual void start_child(const EventId& id, const std::string& run, const std::string& runbook,
                             const Value& params) = 0;
    virtual void stop_child(const std::string& run, const std::string& why) = 0;
    virtual void undo_child(const std::string& run) = 0;
    // False where the child run stands still: it waits for people, is paused, or is parked.
    virtual bool child_busy(const std::string& run) = 0;
    // Calls back when the commands people have sent so far have been taken.
    virtual void after_inbox(std::function<void()> done) = 0;
    virtual std::string child_id(const EventId& id) = 0;

    // Empty where the person who gives this command may answer the question; else why not.
    virtual std::string may_answer(const Value& question, const std::vector<Value>& approvals,
                                   const Command& command) = 0;
    virtual std::int64_t approvals_needed(const Value& question) = 0;
    // Empty where policy lets a person pass it over; else why not.
    virtual std::string may_break_glass() { return {}; }

    // The run rests: it ended, or it waits with nothing in flight.
    virtual void rested(Rest rest, const std::string& reason) = 0;
    // Something people watching may want to see now, such as a driver's progress.
    virtual void notice(const EventId& id, const std::string& text) = 0;
};

}  // namespace perilune
