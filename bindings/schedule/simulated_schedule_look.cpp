// What a test sees of a simulated scheduler, and does to it from outside.
#include <algorithm>

#include "bindings/schedule/schedule.h"
#include "bindings/schedule/simulated_scheduler.h"

namespace perilune {

Value SimulatedScheduler::look() {
    settle();
    const auto known = runs();
    Value jobs{Map{}};
    for (const auto& job : jobs_) {
        Value shown = job_value(job, known, wall_now_s());
        shown.set("destination", job.destination);
        if (const auto reason = reasons_.find(job.name); reason != reasons_.end())
            shown.set("reason", reason->second);
        jobs.set(job.name, std::move(shown));
    }
    List listed;
    List running;
    for (const auto& run : known) {
        listed.push_back(to_value(run));
        if (run.state == "running") running.emplace_back(run.job);
    }
    Value seen;
    seen.set("jobs", std::move(jobs)).set("runs", std::move(listed));
    seen.set("running", std::move(running)).set("stopped", stopped_);
    return seen.set("reachable", reachable_);
}

// Somebody else changes the jobs, whatever the API's state.
Result<Value> SimulatedScheduler::change_outside(const std::string& operation,
                                                 const Value& arguments) {
    settle();
    const Operation* row = schedule_family.operation(operation);
    auto checked = check_arguments(schedule_family, *row, arguments.map());
    if (!checked) return checked.error();
    Call call;
    call.operation = operation;
    call.arguments = std::move(*checked);
    const auto change = job_change_of(target_, jobs_, call);
    if (!change) return change.error();
    take(call, *change);
    return job_change_done(call, change->before, *change, runs()).value;
}

Result<Value> SimulatedScheduler::put(const Value& arguments) {
    Value whole = arguments;
    if (!whole.has("time_zone")) whole.set("time_zone", time_zone_);
    if (!whole.has("destination")) whole.set("destination", "/bin/" + whole["job"].text());
    return change_outside("upsert", whole);
}

Result<Value> SimulatedScheduler::remove(const Value& arguments) {
    return change_outside("delete", arguments);
}

Result<Value> SimulatedScheduler::pause(const Value& arguments) {
    return change_outside("pause", arguments);
}

Result<Value> SimulatedScheduler::resume(const Value& arguments) {
    return change_outside("resume", arguments);
}

// How long runs that begin from now on take: of one job, or of all that have no time of their own.
Result<Value> SimulatedScheduler::takes(const Value& arguments) {
    settle();
    const auto takes_s = convert(Type::duration, arguments["seconds"], "seconds of takes");
    if (!takes_s) return takes_s.error();
    conduct_of(arguments["job"].text()).takes_s = takes_s->number();
    return Value();
}

// What part of the runs that begin from now on fails: all, unless `ratio` says otherwise.
Result<Value> SimulatedScheduler::fails(const Value& arguments) {
    settle();
    const double ratio = arguments.has("ratio") ? arguments["ratio"].number() : 1;
    conduct_of(arguments["job"].text()).fails_ratio = ratio;
    return Value();
}

// No job begins by itself any more: the scheduler's process has died.
Result<Value> SimulatedScheduler::stop(const Value&) {
    settle();
    stopped_ = true;
    return Value();
}

// What was missed meanwhile is not made up.
Result<Value> SimulatedScheduler::start(const Value&) {
    settle();
    stopped_ = false;
    return Value();
}

Result<Value> SimulatedScheduler::stop_api(const Value&) {
    reachable_ = false;
    return Value();
}

Result<Value> SimulatedScheduler::recover(const Value&) {
    reachable_ = true;
    return Value();
}

const std::vector<std::pair<std::string_view, SimulatedScheduler::Control>>&
SimulatedScheduler::control_table() {
    static const std::vector<std::pair<std::string_view, Control>> table = {
        {"put", &SimulatedScheduler::put},       {"delete", &SimulatedScheduler::remove},
        {"pause", &SimulatedScheduler::pause},   {"resume", &SimulatedScheduler::resume},
        {"takes", &SimulatedScheduler::takes},   {"fails", &SimulatedScheduler::fails},
        {"stop", &SimulatedScheduler::stop},     {"start", &SimulatedScheduler::start},
        {"fail", &SimulatedScheduler::stop_api}, {"recover", &SimulatedScheduler::recover}};
    return table;
}

std::vector<std::string_view> SimulatedScheduler::controls() const {
    std::vector<std::string_view> names;
    for (const auto& [name, does] : control_table()) names.push_back(name);
    return names;
}

Result<Value> SimulatedScheduler::control(std::string_view name, const Value& arguments) {
    for (const auto& [known, does] : control_table())
        if (known == name) return (this->*does)(arguments);
    return unknown_control(name, controls());
}

}  // namespace perilune
