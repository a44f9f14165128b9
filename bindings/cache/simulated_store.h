// A simulated store: keys that expire, memory that ends, a role, snapshots, and a network's edge.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "bindings/cache/cache_changes.h"
#include "interpreter/base/simulation.h"

namespace perilune {

class SimulatedStore final : public SimulatedTarget {
public:
    SimulatedStore(const Settings& settings, SimulatedWorld& world);

    Driver make_driver(Services& services) override;
    Value look() override;
    Result<Value> control(std::string_view name, const Value& arguments) override;
    std::vector<std::string_view> controls() const override;

private:
    struct Entry {
        std::string value;
        std::optional<double> expires_at_ms;  // On the wall clock.
        bool plain = true;                    // Text; a list or a hash is of another type.
        bool secret = false;                  // Shown by its digest only.
        std::uint64_t used = 0;               // When it was last read or set, in the order of uses.
    };
    using Entries = std::map<std::string, Entry>;
    struct Snapshot {
        double at = 0;
        Entries entries;
        bool complete = false;
    };
    // What the provider does for some time, whatever becomes of the host that asked for it.
    struct Job {
        std::string operation;
        Value arguments;
        double begins_s = 0, ends_s = 0;  // On the boot clock.
        bool ended = false;
        Value result;
        Entries entries;  // Of a restore: what there will be.
    };

    // Keys.
    Result<Value> status(Call& call);
    Result<Value> get(Call& call);
    Result<Value> count(Call& call);
    Result<Before> before_set(Call& call);
    Outcome act_set(Call& call);
    Result<Before> before_delete(Call& call);
    Outcome act_delete(Call& call, const Value& before);
    Result<Before> before_sweep(Call& call);
    static Awaitable<Outcome> act_sweep(SimulatedStore* store, Loop* loop, Call* call);
    Result<Value> state_of(const std::string& key, bool secret) const;
    std::vector<std::string> matching(const std::string& pattern) const;
    Status put(const std::string& key, Entry entry);
    std::optional<Error> refuses_changes(const Call& call) const;

    // Jobs.
    void add_jobs(Driver& driver, Loop& loop);
    Result<Value> list_snapshots(Call& call);
    Result<Before> before_job(Call& call);
    static Awaitable<Outcome> act_job(SimulatedStore* store, Loop* loop, Call* call,
                                      const Value* before);
    Sighting look_job(Call& call, const Value& before);
    Sighting look_promote(const Value& before);
    Job& begin_job(const Call& call);
    void end_job(Job& job);
    Value role_state() const;
    Value backup_value(const std::string& id) const;

    // What time has brought since it was last looked at.
    void settle();
    double bytes() const;

    using Control = Result<Value> (SimulatedStore::*)(const Value& arguments);
    static const std::vector<std::pair<std::string_view, Control>>& control_table();
    Result<Value> put_outside(const Value& arguments);
    Result<Value> delete_outside(const Value& arguments);
    Result<Value> stop(const Value& arguments);
    Result<Value> recover(const Value& arguments);
    Result<Value> restart(const Value& arguments);
    Result<Value> follow(const Value& arguments);
    Result<Value> limit(const Value& arguments);
    Result<Value> takes(const Value& arguments);
    Result<Value> lose_snapshot(const Value& arguments);
    Result<Value> serve(const Value& arguments);

    std::string target_;
    SimulatedWorld& world_;
    std::string sessions_;  // The pattern of session keys; empty: not known.
    Entries entries_;
    std::uint64_t uses_ = 0;
    double evicted_ = 0;
    std::string primary_;  // Whom it follows; empty: it is the primary.
    bool reachable_ = true;
    double bytes_max_ = 0;  // 0: no limit.
    bool evicts_ = false;   // Else a full store refuses.
    std::map<std::string, Snapshot> snapshots_;
    std::map<std::string, Job> jobs_;                    // By the key of the call that began them.
    std::map<std::string, double> takes_s_;              // By operation.
    std::map<std::string, std::set<std::string>> edge_;  // URLs that the network keeps; their tags.
    List purges_;
};

}  // namespace perilune
