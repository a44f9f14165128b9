// Group commit: the records of all runs of this host, appended in one order and made durable in as
// few flushes as there are moments at which something waits for them.
#pragma once

#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "interpreter/base/loop.h"
#include "interpreter/journal/chain.h"

namespace perilune {

class JournalWriter {
public:
    JournalWriter(Loop& loop, Store& store);

    // A run this host owns from now on, with where its journal stands.
    void own(const std::string& run, std::int64_t epoch, std::int64_t seq, const std::string& head,
             double time);
    bool owns(const std::string& run) const { return runs_.contains(run); }
    // Another host owns it: what is queued of it is dropped, and nothing more is taken.
    void disown(const std::string& run);
    std::uint64_t epoch(const std::string& run) const;
    // The newest record of the run that is durable.
    std::int64_t durable_seq(const std::string& run) const;

    // Stamps seq, time and epoch, chains the hash, queues it. Returns the stamped record. Of a run
    // that is not owned nothing is written.
    Value append(const std::string& run, Value record, bool flush);
    // Keeps the code a run goes on with; in one transaction with what is appended in this turn.
    void keep_bundle(const std::string& digest, const Files& files);
    // Changes the run's row with the next commit.
    void set_state(const std::string& run, const std::string& state, const std::string& outcome,
                   const std::string& reason);
    // Gives the run up with the next commit; its locks are freed where asked for.
    void release(const std::string& run, bool free_locks);
    void reply(const std::string& inbox_id, const std::string& text);
    // Calls back (on the loop) once everything queued so far is durable.
    void after_commit(std::function<void()> effect);
    // As that, but before `on_durable`: what people are shown costs an act no time.
    void act_after_commit(std::function<void()> act);
    // Makes a run with its first record, in a transaction of its own, after what is queued.
    void create(Batch::NewRun run, Value begin, std::function<void(Status, Value begin)> done);
    bool idle() const { return !committing_ && pending_.empty() && creations_.empty(); }

    std::function<void(const std::string& run)> on_lost;
    std::function<void()> on_durable;  // After each commit.
    // The store cannot be written now: why; empty once it can again.
    std::function<void(const std::string& problem)> on_trouble;

private:
    struct Owned {
        std::int64_t epoch = 0;
        std::int64_t seq = 0;
        std::string head;
        double time = 0;
        std::int64_t durable = 0;
    };
    struct Creation {
        Batch batch;
        std::string run;
        Owned owned;
        Value begin;
        std::function<void(Status, Value)> done;
    };

    // What waits for a commit, in the order in which it came.
    struct Waiting {
        std::vector<std::function<void()>> acts;
        std::vector<std::function<void()>> effects;

        bool empty() const { return acts.empty() && effects.empty(); }
    };

    Batch::Update& update(const std::string& run);
    void wait_for_commit(std::vector<std::function<void()>> Waiting::*list,
                         std::function<void()> effect);
    void want_flush();
    void wait_until_due();
    void commit();
    void write_off_loop();
    Result<std::vector<std::string>> write();  // What is in flight.
    void committed(Result<std::vector<std::string>> outcome);
    void create_next();

    Loop& loop_;
    Store& store_;
    std::map<std::string, Owned> runs_;
    Batch pending_;
    Batch in_flight_;
    Waiting waiting_;
    Waiting in_flight_waiting_;
    std::vector<Creation> creations_;
    bool committing_ = false;
    bool wanted_ = false;
    static constexpr double never = HUGE_VAL;
    double due_s_ = never;    // When what is queued is to be flushed; boot clock.
    double timer_s_ = never;  // When the earliest timer for that fires.
    double pause_s_ = 0.1;
    double commits_take_s_ = never;  // Lately, on the average.
};

}  // namespace perilune
