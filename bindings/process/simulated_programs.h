// Simulated programs: what each does when it is run, and what became of every one that was. They go
// on and end whether a host lives or not; how they end is worked out when it is looked at.
#pragma once

#include <deque>
#include <limits>
#include <map>

#include "bindings/process/local_programs.h"
#include "interpreter/base/simulation.h"

namespace perilune {

// What a program does: for the next times that it is started, or from now on.
struct SimulatedProgram {
    std::string name;
    int exit_code = 0;
    // With {arguments} (in one line, a blank between two) and {input} filled in.
    std::string output;
    std::string errors;
    double takes_s = 0.1;
    bool hangs = false;     // It ends when it is stopped.
    bool stubborn = false;  // SIGTERM does not end it; SIGKILL does, after the grace.
    bool refused = false;   // It cannot be started.
    int times = -1;         // Negative: all from now on.
};

// One that was started.
struct SimulatedExecution {
    KeptStatus status;  // As it began; `at` gives it as it is.
    double ends_at = std::numeric_limits<double>::infinity();
    double stopped_at = std::numeric_limits<double>::infinity();
    int stopped_with = 0;  // Its exit code where it is stopped before it ends.
    bool stubborn = false;
    bool lost = false;  // The machine went down under it: nobody knows how it ended.

    KeptStatus at(double now) const;
};

class SimulatedPrograms {
public:
    explicit SimulatedPrograms(const Settings& settings);

    // Starts the program of a permitted call: the execution of `key` (an intent's) or of a
    // runbook's key.
    Result<SimulatedExecution> start(const DeclaredProgram& program, const Call& call);
    // Ends it as a stop does, `grace_s` later where it does not obey.
    void stop(SimulatedExecution& execution, double grace_s) const;
    Status set_program(const Value& arguments);
    Status declare(const Value& arguments);
    // The machine goes down and comes up again.
    void reboot();
    Value look() const;

    std::string target;
    DeclaredPrograms declared;
    std::string folder;
    std::map<std::string, SimulatedExecution> runs;     // By intent.
    std::map<std::string, SimulatedExecution> started;  // By the runbook's key.

private:
    SimulatedProgram take_script(const std::string& name);

    std::deque<SimulatedProgram> scripts_;
    std::map<std::string, double> counts_;  // How often each was started.
    int last_pid_ = 100;
};

// The handlers of run and inspect, and of what goes on by itself.
void add_simulated_runs(std::map<std::string, Handler, std::less<>>& handlers,
                        SimulatedPrograms& programs, Loop& loop);
void add_simulated_started(std::map<std::string, Handler, std::less<>>& handlers,
                           SimulatedPrograms& programs, Loop& loop);

}  // namespace perilune
