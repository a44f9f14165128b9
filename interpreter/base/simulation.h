// What a simulated world is made of: targets in memory that behave as their family's real ones do,
// one clock and one source of chance. Tests, explorations and conformance suites act on it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "interpreter/base/driver.h"
#include "interpreter/base/recorded_answers.h"

namespace perilune {

// One target of a world. It outlives every host that acts on it: a host's death takes nothing away.
// What changes with time (an instance that becomes healthy, a cache that expires) is computed from
// the clock when it is looked at; nothing here has timers of its own.
class SimulatedTarget {
public:
    virtual ~SimulatedTarget() = default;

    // The family's operations, as its conformance suite wants them. Handlers wait with `services`'
    // loop alone, touch no file and no socket, and use this object until the world ends.
    virtual Driver make_driver(Services& services) = 0;

    // What a test sees: a map of plain data, the same for the same history.
    virtual Value look() = 0;

    // What a test does to it from outside ("fail", "recover", "put"…). Error `unknown_control`
    // names those there are.
    virtual Result<Value> control(std::string_view name, const Value& arguments) = 0;
    virtual std::vector<std::string_view> controls() const = 0;
};

class SimulatedWorld;

// A family's simulated target, as the table of bindings knows it. `settings` are those of the real
// driver it stands in for: what means the same here (a zone's name) is taken, the rest ignored.
struct SimulatedKind {
    std::string_view family;
    std::unique_ptr<SimulatedTarget> (*make)(const Settings& settings, SimulatedWorld& world);
};

// How the next calls of one operation go wrong, or slowly.
struct SimulatedFault {
    enum class Kind {
        before,     // Proved not to have happened: the connection was refused.
        dropped,    // It was lost on its way: it did not happen, and nobody can tell.
        after,      // It happened, and its answer was lost.
        failed,     // It was refused for good: `error`.
        throttled,  // 429: not executed, with a time to wait.
        late,       // It is done and answered `late_s` later.
        meanwhile,  // It goes well, but somebody else comes first: SimulatedWorld::on_meanwhile.
    };
    Kind kind = Kind::before;
    std::string target;     // "dns/site"
    std::string operation;  // "upsert"; empty: any.
    int skip = 0;           // How many such calls go well first.
    int times = 1;          // How many then do not; negative: all.
    double late_s = 0;      // Of `late`; of `throttled`, when it may be tried again.
    Error error = {};       // Of `failed`.
    int body = 0;           // Of `meanwhile`: what is done, for on_meanwhile.
};

// One act that reached a target, in order, whoever made it; for tests and invariants.
struct SimulatedAct {
    double at = 0;  // The wall clock.
    std::string target;
    std::string operation;
    Value arguments;  // With secrets as handles.
    std::string key;
    std::uint64_t epoch = 0;
    std::string outcome;  // "done", "failed", "not_sent" or "unknown" (its answer was lost).
    bool happened = false;
};

// One observe, or one act of a change, that a run asked a target for.
struct SimulatedCall {
    std::string target;
    std::string operation;
    bool change = false;
};

class SimulatedWorld {
public:
    explicit SimulatedWorld(std::uint64_t seed) : chance_(seed) {}
    SimulatedWorld(const SimulatedWorld&) = delete;
    SimulatedWorld& operator=(const SimulatedWorld&) = delete;

    // Adds a target; `family` is for looking it up with its kind.
    void add(const std::string& target, std::unique_ptr<SimulatedTarget> made);
    // Another name of a target that is there: the same thing.
    void add_name(const std::string& name, const std::string& target) { names_[name] = target; }
    // The target's own name, whichever it is called by.
    const std::string& own_name(const std::string& target) const;
    SimulatedTarget* find(const std::string& target) const;
    // A target of a known type, such as the storage that a database is backed up into; or null.
    template <class T>
    T* find_as(const std::string& target) const {
        return dynamic_cast<T*>(find(target));
    }
    const std::map<std::string, std::unique_ptr<SimulatedTarget>>& targets() const {
        return targets_;
    }
    const std::map<std::string, std::string>& other_names() const { return names_; }

    // The target's driver, with faults and latency in front of it and every act noted.
    Result<Driver> driver_of(const std::string& target, Services& services);

    void add_fault(SimulatedFault fault) { faults_.push_back(std::move(fault)); }
    const std::vector<SimulatedAct>& acts() const { return acts_; }
    void note(SimulatedAct made);
    // Called after each act, with the world as it left it.
    std::function<void(const SimulatedAct& made)> on_act;
    // Called where a call meets `meanwhile`, just before it is executed.
    std::function<void(int body, const Call& call)> on_meanwhile;
    const std::vector<SimulatedCall>& calls() const { return calls_; }
    // What was called so far belonged to preparing the world.
    void forget_calls() { calls_.clear(); }
    // Notes the call and gives the fault that meets it, if any, which is used up by that.
    std::optional<SimulatedFault> meet(const SimulatedCall& call);

    // The next random number, 0 ≤ x < 1: the same for the same seed and history.
    double chance();

    // What targets may read of the library's folder, by absolute path: no simulator opens a file.
    std::shared_ptr<const std::map<std::string, std::string>> files;

    double observe_takes_s = 0.02;
    double change_takes_s = 0.2;

    // From here on targets answer as they did in a run, as far as that is known; see there. What
    // takes time is known from that too.
    void answer_as_recorded(const Value& given, double starts_at);

private:
    std::map<std::string, std::unique_ptr<SimulatedTarget>> targets_;
    std::map<std::string, std::string> names_;  // Other names, with the target's own.
    std::vector<SimulatedFault> faults_;
    std::vector<SimulatedAct> acts_;
    std::vector<SimulatedCall> calls_;
    std::uint64_t chance_;
    std::unique_ptr<RecordedAnswers> recorded_;
};

// A target's own handler, not reached where `refusal` gives an error, as a server that is down is
// not: a change is proved not to have been sent.
Handler refuse_where(Handler base, std::function<std::optional<Error>()> refusal);

// For SimulatedTarget::control: the error that names the controls there are.
Error unknown_control(std::string_view name, const std::vector<std::string_view>& known);

}  // namespace perilune
