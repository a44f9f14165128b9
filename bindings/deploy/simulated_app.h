// A simulated application: slots, releases and instances as they are at a moment. What changes with
// time is carried out when it is looked at.
#pragma once

#include <limits>
#include <map>

#include "bindings/deploy/local_target.h"
#include "bindings/deploy/local_variables.h"
#include "interpreter/base/simulation.h"

namespace perilune {

inline constexpr double never_s = std::numeric_limits<double>::infinity();

struct SimulatedInstance {
    double started_at = 0;
    double healthy_at = never_s;  // When its health first answers well.
    bool dead = false;
    int generation = 0;
};

// One copy of the application: its releases, and the instances that run.
struct SimulatedSlot {
    std::string name;  // Empty where the target has no slots.
    TargetState state;
    std::vector<SimulatedInstance> running;  // Of the release that serves.
    std::vector<SimulatedInstance> next;  // Of one on its way, beside them until all are healthy.
    double next_since = 0;
    std::size_t restarting = 0;  // So many of `running` still wait to be started anew.
    double settled_at = 0;
    bool down = false;       // Nothing that is started here lives.
    bool unhealthy = false;  // What runs answers that it is not well.
    std::string lands_on;    // Where the next rollback ends, in place of what it asked for.
    bool rolling_back = false;
    double percent = 0;       // Its share of the requests.
    double drained_from = 0;  // Connections it had when its last share was taken away,
    double shifted_at = 0;    // and when that was.
};

struct SimulatedArtifact {
    std::string digest;
    double size_bytes = 0;
    double built_at = 0;
    bool broken = false;  // What is started of it never becomes healthy.
};

// What a place has as the application is scaled by itself, and how large an instance is.
struct SimulatedScaling {
    bool on = false;
    int instances_min = 1;
    int instances_max = 1;
    double memory_bytes = 512 << 20;
    double cpus = 1;
};

struct SimulatedLine {
    double at = 0;
    std::string text;
    std::string source;
    std::string slot;
};

class SimulatedApp {
public:
    explicit SimulatedApp(const Settings& settings);

    // Carries out all that has come to pass until now, in every slot.
    void settle();
    // Fails where the slot is not there, or where one must be named.
    Result<SimulatedSlot*> slot_of(const Call& call);
    Result<SimulatedSlot*> slot_named(const std::string& name);
    SimulatedSlot* slot_of_release(std::string_view release_id);

    // Makes a release of the slot the wanted one. Settle first.
    void want(SimulatedSlot& slot, ReleaseRecord& release, const std::string& key, bool back);
    ReleaseRecord& add_release(SimulatedSlot& slot, ReleaseRecord release, Variables variables);
    void cancel(SimulatedSlot& slot, ReleaseRecord& release);
    // At once and healthy: what a test begins with.
    void serve_at_once(SimulatedSlot& slot, const std::string& version);
    void start(SimulatedSlot& slot);
    void stop(SimulatedSlot& slot);
    void restart(SimulatedSlot& slot, std::size_t at_once);
    void scale(SimulatedSlot& slot, int instances);
    void set_capacity(int instances);
    // Kills so many instances; all of them, and what is started later, with a negative number.
    void fail(SimulatedSlot& slot, int instances);
    void recover(SimulatedSlot& slot);

    std::vector<InstanceSight> sights(const SimulatedSlot& slot) const;
    Value app(const SimulatedSlot& slot) const;
    Value release(const SimulatedSlot& slot, const ReleaseRecord& release) const;
    // What `before` and `after` hold of what moves releases, starts or stops.
    Value serving(const SimulatedSlot& slot) const;
    // Connections that a slot still has: those of clients leave it bit by bit.
    double connections(const SimulatedSlot& slot) const;
    // The slot whose share of the requests holds the point 0 ≤ `chance` < 1.
    const SimulatedSlot& slot_at(double chance) const;
    bool has_slots() const { return !slots.front().name.empty(); }
    void log(const SimulatedSlot& slot, double at, std::string text,
             std::string source = "platform");

    std::string target;  // "deploy/web"
    std::string endpoint;
    std::vector<SimulatedSlot> slots;
    std::map<std::string, SimulatedArtifact> artifacts;
    Variables variables;
    std::map<std::string, Variables> environments;  // By release.
    TargetState maintenance;                        // Its two fields of maintenance.
    List rules;                                     // Ranges that reach it.
    SimulatedScaling scaling;
    double healthy_after_s = 5;
    double starts_within_s = 60;
    double drains_within_s = 10;
    std::vector<SimulatedLine> lines;

private:
    SimulatedInstance make_instance(const SimulatedSlot& slot, const std::string& version,
                                    double at) const;
    std::string version_of(const SimulatedSlot& slot, const std::string& release_id) const;
    // Starts what is missing of `instances` and takes away what is too much.
    void fill(SimulatedSlot& slot, std::vector<SimulatedInstance>& instances,
              const std::string& release_id, double at);
    double healthy_at(const SimulatedSlot& slot,
                      const std::vector<SimulatedInstance>& instances) const;
    double next_healthy_at(const SimulatedSlot& slot) const;
    double next_event(const SimulatedSlot& slot) const;
    void carry_out(SimulatedSlot& slot, double at);
    void become_serving(SimulatedSlot& slot, double at);
    void give_up(SimulatedSlot& slot, double at);
    void restart_some(SimulatedSlot& slot, double at);

    int capacity_ = std::numeric_limits<int>::max();
    int sequence_ = 0;
};

// The ranges of an application that everybody reaches.
List everybody();

}  // namespace perilune
