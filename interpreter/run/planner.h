// Plans a run: the script with real observes and predicted changes, as far as it can be known.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "interpreter/run/live_run.h"

namespace perilune {

// One change that would be made, in the order of its strand.
struct PlanEntry {
    std::string strand;
    std::string path;  // The step.
    std::string target;
    std::string operation;
    Value arguments;     // With unknowns where only the run will know.
    char sign = '~';     // + create, ~ change, - delete, ! cannot be undone, = already so
    std::string detail;  // What the driver says of it: "300 s → 60 s".

    Value to_value() const;
};

struct Plan {
    std::vector<PlanEntry> entries;
    List approvals;      // { path, kind, name, role }
    List assumed;        // { path, what }: conditions taken as true.
    List not_planned;    // { path, why }: where a strand's plan ends before its script does.
    List problems;       // { path, message }: what fails already while planning.
    std::string digest;  // 32 raw bytes: what an approval of the plan covers.

    Value to_value() const;
    std::string to_text() const;
};

// Rules 10.1 to 10.3. The run must have been loaded for planning; `done` is called once.
class Planner {
public:
    Planner(Host& host, std::shared_ptr<LiveRun> run, Value params, std::function<void(Plan)> done);
    void start();

private:
    void on_message(const List& message);
    void on_event(const Event& event);
    void operation(const Event& event);
    void observe(const Event& event, const Operation& row, Map arguments);
    void change(const Event& event, const Operation& row, Map arguments);
    void add_change(const Event& event, const Operation& row, const Map& arguments,
                    const Before* found);
    void question(const Event& event);
    void call(const Event& event, Phase phase, const Map& arguments,
              std::function<void(CallAnswer)> then);
    void deliver(const Event& event, std::string_view how, Value value);
    bool touched(const Event& event) const;
    void finish_when_quiet();
    std::string place(const Event& event) const;

    Host& host_;
    std::shared_ptr<LiveRun> run_;
    Value params_;
    std::function<void(Plan)> done_;
    Plan plan_;
    RunState state_;  // Scopes and their paths only.
    std::set<std::string>
        changed_;  // "dns/site list": observes a predicted change may have altered.
    std::set<std::string> resources_;  // What predicted changes touch.
    double now_ = 0;
    int calls_ = 0;
    std::int64_t told_ = 0;
    std::int64_t quiet_ = 0;
    std::int64_t seq_ = 0;
    bool finished_ = false;
};

}  // namespace perilune
