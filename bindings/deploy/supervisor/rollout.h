// Brings the instances of one target to the wanted release, number and generation, a few at a
// time, and back where the release does not become healthy.
#pragma once

#include <map>
#include <string>

#include "bindings/deploy/supervisor/instance.h"
#include "bindings/deploy/target_state.h"
#include "interpreter/base/kept_log.h"

namespace perilune {

class Rollout {
public:
    Rollout(std::string root, TargetState state);

    // One look at everything, and the next steps. Called often.
    void tick(double now_s);
    // The state changes only by `change`: it is stored before anybody hears of it. The change is
    // dropped where it cannot be stored.
    Status change(TargetState changed);

    const std::string& root() const { return root_; }
    const TargetState& state() const { return state_; }
    const std::map<int, Instance>& instances() const { return instances_; }
    void signal_all(int number) const;
    // Nothing runs and nothing is to run.
    bool idle() const { return !state_.running && instances_.empty(); }
    void note(const std::string& event) { log_.add('s', event + "\n"); }

private:
    bool current_with_wanted(const Instance& instance) const;
    void gather();
    void remove_extra();
    void replace_outdated();
    void start_missing(double now_s);
    void judge(double now_s);
    void settle();
    void give_up(const std::string& reason);
    const InstancePlan* plan();

    std::string root_;
    TargetState state_;
    std::map<int, Instance> instances_;
    std::optional<InstancePlan> plan_;  // Of the wanted release; made anew when the state changes.
    LogWriter log_;
};

}  // namespace perilune
