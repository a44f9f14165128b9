// The people of a drill: answers what the drilled run asks, kills its host, and stops what goes on
// for too long. It knows the run by its journal alone, as anybody would.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "interpreter/drill/drill.h"
#include "interpreter/journal/store.h"
#include "interpreter/run/run_state.h"

namespace perilune {

class Steersman {
public:
    Steersman(Store& store, const DrillPlan& plan, std::function<void(const std::string&)> tell)
        : store_(store), plan_(plan), tell_(std::move(tell)) {}

    // Looks at the run and those below it, and says what is due to be said.
    void look(const std::string& run);
    // Ends the run; once.
    void cancel(const std::string& run, const std::string& why);

    // How many steps the run and those below it have begun.
    std::size_t steps_begun() const { return steps_begun_; }
    // The newest step of the run, as a path.
    const std::string& newest_step() const { return newest_step_; }
    // What nobody had foreseen: questions without an answer, decisions, doubts.
    const std::vector<std::string>& surprises() const { return surprises_; }
    // Each answer given: { name, answer, by, at, asked_at }.
    const List& given() const { return given_; }

private:
    struct Known {
        std::int64_t seq = -1;
        RunState state;
        std::size_t steps = 0;
    };
    void read(const RunRow& row, Known& known);
    void answer(const RunRow& row, const RunState& state);
    void send(const std::string& run, const std::string& kind, Value body, const std::string& who);

    Store& store_;
    const DrillPlan& plan_;
    std::function<void(const std::string&)> tell_;
    std::map<std::string, Known> known_;
    std::map<std::string, double> asked_at_;  // By run, event and how many have answered.
    std::set<std::string> said_;
    std::vector<std::string> surprises_;
    List given_;
    std::size_t steps_begun_ = 0;
    std::string newest_step_;
    double stuck_since_ = 0;
    bool cancelled_ = false;
};

}  // namespace perilune
