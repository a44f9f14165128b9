// One driver as the host would use it: settings and arguments checked against their tables first.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/support/loop_rig.h"
#include "tests/support/simulated_stage.h"

namespace perilune::test {

// What a change came to.
struct Changed {
    Before before;
    bool acted = false;  // False where the world was so already.
    Outcome outcome;
    std::optional<Error> refused;  // By the arguments' check or by `before`.

    bool done() const { return !refused && outcome.kind == Outcome::Kind::done; }
    std::string kind() const;  // "done", "failed", "unknown", "not_sent" or "refused CODE".
    const Error& error() const { return refused ? *refused : outcome.error; }
};

class DriverRig : public LoopRig {
public:
    DriverRig(const Family& family, const DriverKind& kind, std::string target);

    // A target of a simulated world, as a new host would act on it.
    DriverRig(const Family& family, SimulatedStage& stage, std::string target);

    // Makes the driver; its settings are converted and completed by its table.
    Status make(const Value& settings);

    Result<Value> observe(const std::string& operation, Value arguments);
    // What a doctor is told: one line for each finding, "problem the token is none".
    // `changes`: those that runbooks make; nil: any.
    std::vector<std::string> examine(const Value& changes = Value());
    Changed change(const std::string& operation, Value arguments, std::string key = "");
    // Acts again with what was found before the change, as a run does after a lost answer.
    Outcome act_again(const std::string& operation, Value arguments, const std::string& key,
                      const Value& before);
    // Asks the driver whether a change happened, which found `before` as it was.
    Sighting look(const std::string& operation, Value arguments, const std::string& key,
                  const Value& before = Value());
    // The call that takes a change back, made; its outcome.
    Changed undo(const std::string& operation, Value arguments, const Changed& made);

    // Drivers made from now on find no console.
    void break_console() { services_.print = nullptr; }

    bool has(const std::string& operation) const { return driver_.operations.contains(operation); }
    Driver& driver() { return driver_; }

    std::map<std::string, std::string> secrets;  // What handles open to.
    std::vector<std::string> printed;
    std::string folder = "/nowhere";  // Where relative paths of settings start.
    double timeout_s = 20;
    std::shared_ptr<Cancel> cancel;  // For the next calls; null: one for each.
    // What the parts of a change have given; handed to its later tries, which name its key.
    Map parts;

private:
    Services make_services(HttpClient* client);
    Result<Value> complete(const Value& settings) const;
    Result<Call> call(const std::string& operation, Value arguments, const std::string& key);

    const Family& family_;
    const DriverKind* kind_;
    std::string target_;
    Services services_;
    Driver driver_;
    int calls_ = 0;
};

// A map in one line: fields("path", "/", "expect", 200).
template <class... Rest>
Value fields(Rest&&... rest) {
    Value made{Map{}};
    const std::vector<Value> all = {Value(std::forward<Rest>(rest))...};
    for (std::size_t i = 0; i + 1 < all.size(); i += 2) made.set(all[i].text(), all[i + 1]);
    return made;
}

}  // namespace perilune::test
