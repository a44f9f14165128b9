// A simulated world and the runs executed in it: the real host, engine and journal, on a virtual
// clock, with a state store in memory and simulated targets.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "interpreter/base/simulation.h"
#include "interpreter/base/virtual_loop.h"
#include "interpreter/journal/store_memory.h"
#include "interpreter/run/host.h"
#include "interpreter/simulator/lua_program.h"

namespace perilune {

// What a runbook is rehearsed with.
struct RehearsalSetup {
    Library library;  // Read from its texts: no file is opened any more.
    KnownDrivers known_drivers;
    // What targets may read, by absolute path.
    std::shared_ptr<const std::map<std::string, std::string>> files = {};
    std::uint64_t seed = 1;
    double starts_at = 1767261600;  // The wall clock: 2026-01-01T10:00:00Z.
    std::size_t script_memory_bytes = std::size_t{64} << 20;
    ProbeHits* hits = nullptr;  // Where what its scripts execute is counted.
    Value recorded = {};        // What targets answered in a run, by call; see RecordedAnswers.
};

// How one run is answered and disturbed.
struct RunOptions {
    Map answers;   // By the question's name: "approve", "reject", { decision, by, reason, after },
                   // or a value. Of a failed step, by its name: "retry", "skip", "undo" or "pause".
    Value params;  // As values.
    std::string who = "starter@simulation";
    std::string id = {};  // Of the run; empty: made.
    double outage_began_at = 0;
    // The host dies where it is about to commit for the n-th time, counted from 1; 0: never.
    int dies_at_commit = 0;
    // Another host takes the run just before its n-th commit and goes on; the first lives, and what
    // it had sent still happens. 0: never.
    int overtaken_at_commit = 0;
    double within_s = 30 * 86400.0;  // The clock's time after which a run that goes on is given up.
};

class Rehearsal final {
public:
    // Makes the environment's targets. The clock is the process's own from here on.
    static Result<std::unique_ptr<Rehearsal>> make(RehearsalSetup setup,
                                                   const std::string& environment);
    ~Rehearsal();
    Rehearsal(const Rehearsal&) = delete;
    Rehearsal& operator=(const Rehearsal&) = delete;

    // Executes a runbook until it rests; what became of it: see outcome_of.
    Result<Value> run(const std::string& runbook, const RunOptions& options);
    // Goes on with a run that rests or whose host died, as another host.
    Result<Value> resume(const std::string& run, const RunOptions& options);
    // A person's command to a run that rests: it is resumed, and the command is taken first.
    Result<Value> steer(const std::string& run, const std::string& kind, const Value& body,
                        const RunOptions& options);
    // One operation of a target, called by the test itself: see call_once.
    Result<Value> call(const std::string& target, const std::string& operation,
                       const Value& arguments);
    // Lets time pass.
    void advance(double seconds);

    // { id, runbook, outcome, state, exit, reason, sentence, value, took_s, asks, log, steps,
    // left, next }.
    Value outcome_of(const std::string& run);
    // What happened in its runs that have no parent, since it was prepared.
    std::string stories();
    // What was done so far prepared the world: it is no part of what is told of it.
    void prepared();
    // The names of all questions that its runs have asked, each once, in order.
    List questions_asked() const;
    // The targets that the runbooks of its runs name as theirs, each once.
    List usable_targets() const;
    double passed_s() const { return clock_.wall_s - setup_.starts_at; }
    // Its clock is the process's from here on: a process may have several worlds, one at a time.
    void use() { use_clock(&clock_); }

    SimulatedWorld& world() { return world_; }
    const Environment& environment() const { return environment_; }
    MemoryState& state() { return *state_; }
    double now() const { return clock_.wall_s; }

private:
    class Visit;
    explicit Rehearsal(RehearsalSetup setup);
    Status add_targets();
    // On `loop` where there is one, else on one of its own, which `loop` is then.
    HostSetup host_setup(VirtualLoop*& loop);
    Result<Value> tell(Visit& visit);

    RehearsalSetup setup_;
    std::string environment_name_;
    Environment environment_;
    VirtualClock clock_;
    SimulatedWorld world_;
    std::shared_ptr<MemoryState> state_ = std::make_shared<MemoryState>();
    int hosts_ = 0;
    int runs_ = 0;
    std::size_t first_run_ = 0;  // After those that prepared the world.
};

}  // namespace perilune
