// One instance of a target: the keeper that holds it, its health, and when it may start again.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "bindings/deploy/health_probe.h"
#include "bindings/deploy/target_state.h"
#include "interpreter/base/kept.h"

namespace perilune {

// Where an instance's files are and how its program is made.
struct InstancePlan {
    std::string release_id;
    std::string version;
    std::string folder;  // The release's files.
    int generation = 0;
    Variables variables;
    bool maintenance = false;
};

class Instance {
public:
    Instance(std::string root, int number);

    // Looks at the keeper's files and goes on with the health probe.
    void refresh(const LocalSettings& settings, double now_s);
    // Starts the program under a keeper of its own; a failure counts as a crash.
    void start(const LocalSettings& settings, const InstancePlan& plan, double now_s);
    void stop(double grace_s);
    void signal(int number) const;

    bool alive() const { return alive_; }
    bool healthy() const { return alive_ && healthy_; }
    bool stopping() const { return stopping_; }
    bool may_start(double now_s) const { return !alive_ && now_s >= next_start_at_s_; }
    // What the living instance was started with.
    std::string release_id() const;
    int generation() const;
    // Crashes since the last one that lived a while in health; not those that were told to stop.
    int crashes() const { return crashes_; }
    std::string last_words() const;
    // Forgets crashes: another release is to be tried.
    void forgive();
    bool overdue(const LocalSettings& settings, double now_s) const;
    const HealthProbe& probe() const { return probe_; }

private:
    void note_end(double now_s);
    void ask_health(const LocalSettings& settings, double now_s);

    std::string root_;
    int number_;
    std::string folder_;
    std::optional<KeptStatus> status_;
    bool alive_ = false;
    bool stopping_ = false;
    bool healthy_ = false;
    double healthy_since_s_ = 0;
    double alive_since_s_ = 0;
    double next_start_at_s_ = 0;
    double next_probe_at_s_ = 0;
    int crashes_ = 0;
    HealthProbe probe_;
};

}  // namespace perilune
