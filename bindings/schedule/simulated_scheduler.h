// A simulated scheduler: its jobs begin by the clock, take their time, and may fail.
#pragma once

#include "bindings/schedule/job_change.h"
#include "interpreter/base/simulation.h"

namespace perilune {

class SimulatedScheduler final : public SimulatedTarget {
public:
    SimulatedScheduler(const Settings& settings, SimulatedWorld& world);

    Driver make_driver(Services& services) override;
    Value look() override;
    Result<Value> control(std::string_view name, const Value& arguments) override;
    std::vector<std::string_view> controls() const override;

private:
    // How a job fares when it runs.
    struct Conduct {
        double takes_s = 1;
        double fails_ratio = 0;  // 0 never, 1 always.
    };
    // A run with the end it will have.
    struct Run {
        JobRun begun;
        double ends_at = 0;
        bool fails = false;
    };

    // Begins what has fallen due since it was last looked at.
    void settle();
    void begin(const std::string& job, double for_at, double at, const std::string& key);
    // Runs as the log of a scheduler shows them now, in the order of their beginnings.
    std::vector<JobRun> runs() const;
    Conduct& conduct_of(const std::string& job);

    Result<Value> list(Call& call);
    Result<Value> get(Call& call);
    Result<Value> list_runs(Call& call);
    Result<Value> missed(Call& call);
    static Awaitable<Result<Value>> wait_idle(SimulatedScheduler* scheduler, Loop* loop,
                                              Call* call);
    Result<Before> before(Call& call);
    Outcome act(Call& call, const Value& before);
    void take(const Call& call, const JobChange& change);
    Result<Before> before_run_now(Call& call);
    static Awaitable<Outcome> run_now(SimulatedScheduler* scheduler, Loop* loop, Call* call);
    Sighting look_run(Call& call);

    using Control = Result<Value> (SimulatedScheduler::*)(const Value& arguments);
    static const std::vector<std::pair<std::string_view, Control>>& control_table();
    Result<Value> change_outside(const std::string& operation, const Value& arguments);
    Result<Value> put(const Value& arguments);
    Result<Value> remove(const Value& arguments);
    Result<Value> pause(const Value& arguments);
    Result<Value> resume(const Value& arguments);
    Result<Value> takes(const Value& arguments);
    Result<Value> fails(const Value& arguments);
    Result<Value> stop(const Value& arguments);
    Result<Value> start(const Value& arguments);
    Result<Value> stop_api(const Value& arguments);
    Result<Value> recover(const Value& arguments);

    std::string target_;
    SimulatedWorld& world_;
    std::string time_zone_;  // Of jobs that somebody puts without one.
    CronJobs jobs_;
    std::map<std::string, std::string> reasons_;  // Of pauses, by job.
    std::map<std::string, Conduct> conducts_;
    std::vector<Run> runs_;
    double settled_at_;      // The wall clock up to which jobs have begun.
    bool stopped_ = false;   // No job begins by itself.
    bool reachable_ = true;  // Its API answers.
};

}  // namespace perilune
