#include "bindings/schedule/job_change.h"

#include <algorithm>

#include "bindings/schedule/cron.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

Value pause_states(const std::vector<std::string>& names, const char* state) {
    Value states = Map{};
    for (const auto& name : names) states.set(name, state);
    Value made;
    return made.set("jobs", std::move(states));
}

Value job_state(const std::string& name, const CronJob* job) {
    Value made;
    made.set("job", name);
    if (!job) return made;
    made.set("cron", job->cron).set("time_zone", job->time_zone);
    made.set("destination", job->destination);
    return made.set("state", job->paused ? "paused" : "active");
}

List names_of(const Value& state) {
    List names;
    for (const auto& [name, one] : state["jobs"].map()) names.emplace_back(name);
    return names;
}

Result<JobChange> switch_of(const std::string& whose, const CronJobs& jobs, const Call& call,
                            const Value* recorded) {
    const auto names = named_jobs(whose, jobs, call);
    if (!names) return names.error();
    const bool pause = call.operation == "pause";
    JobChange change;
    for (const auto& name : *names) {
        const bool already = find_job(jobs, name)->paused == pause;
        if (already) change.unchanged.push_back(name);
        if (!already && (!recorded || (*recorded)["jobs"].has(name)))
            change.switched.push_back(name);
    }
    change.before = pause_states(change.switched, pause ? "active" : "paused");
    change.after = pause_states(change.switched, pause ? "paused" : "active");
    return change;
}

Result<JobChange> upsert_of(const CronJobs& jobs, const Call& call) {
    CronJob job{.name = call.arguments["job"].text(),
                .cron = call.arguments["cron"].text(),
                .time_zone = call.arguments["time_zone"].text(),
                .destination = call.arguments["destination"].text()};
    if (const auto cron = CronExpression::parse(job.cron); !cron) return cron.error();
    if (const auto zone = TimeZone::find(job.time_zone); !zone) return zone.error();
    const CronJob* old = find_job(jobs, job.name);
    const std::string& state = call.arguments["state"].text();
    job.paused = state.empty() ? old && old->paused : state == "paused";
    JobChange change;
    change.before = job_state(job.name, old);
    change.after = job_state(job.name, &job);
    if (!old || !(*old == job)) change.put = std::move(job);
    return change;
}

bool switches(const Call& call) { return call.operation == "pause" || call.operation == "resume"; }

// The result, from the state recorded before: repeated after a crash it is the same.
Value result_of(const Call& call, const Value& before, const JobChange& change,
                const std::vector<JobRun>& runs) {
    Value result;
    if (switches(call)) {
        List names = names_of(before);
        result.set("changed", !names.empty());
        if (call.operation == "resume") return result.set("resumed", std::move(names));
        List others;
        for (const auto& name : change.unchanged)
            if (!before["jobs"].has(name)) others.emplace_back(name);
        return result.set("paused", std::move(names)).set("paused_before", std::move(others));
    }
    if (call.operation == "upsert") {
        const CronJob job{.name = call.arguments["job"].text(),
                          .cron = change.after["cron"].text(),
                          .time_zone = change.after["time_zone"].text(),
                          .destination = change.after["destination"].text(),
                          .paused = change.after["state"].text() == "paused"};
        result = job_value(job, runs, wall_now_s());
    }
    return result.set("changed", !(before == change.after));
}

}  // namespace

Result<JobChange> job_change_of(const std::string& whose, const CronJobs& jobs, const Call& call,
                                const Value* recorded) {
    if (switches(call)) return switch_of(whose, jobs, call, recorded);
    if (call.operation == "upsert") return upsert_of(jobs, call);
    const std::string& name = call.arguments["job"].text();
    const CronJob* old = find_job(jobs, name);
    JobChange change;
    if (old) change.removed = name;
    change.before = job_state(name, old);
    change.after = job_state(name, nullptr);
    return change;
}

Before before_job_change(const Call& call, const JobChange& change,
                         const std::vector<JobRun>& runs) {
    Before found;
    found.state = change.before;
    found.already_so = change.before == change.after;
    if (found.already_so) found.result = result_of(call, change.before, change, runs);
    const bool existed = change.before.has("cron");
    if (call.operation == "upsert") found.sign = existed ? '~' : '+';
    if (call.operation == "delete") found.sign = '-';
    for (const auto& name : names_of(change.before))
        found.plan += (found.plan.empty() ? call.operation + " " : ", ") + name.text();
    if (call.operation == "upsert")
        found.plan = call.arguments["job"].text() + ": " +
                     (existed ? change.before["cron"].text() : "none") + " → " +
                     change.after["cron"].text();
    return found;
}

Outcome job_change_done(const Call& call, const Value& before, const JobChange& change,
                        const std::vector<JobRun>& runs) {
    Value after = change.after;
    if (switches(call)) {
        // On a repeat what was to change may be so already: the recorded names are what changed.
        std::vector<std::string> names;
        for (const auto& name : names_of(before)) names.push_back(name.text());
        after = pause_states(names, call.operation == "pause" ? "paused" : "active");
    }
    return Outcome::done(result_of(call, before, change, runs), std::move(after));
}

std::optional<Restore> restore_pauses(const Call& call, const Value& before, const Value&) {
    List names = names_of(before);
    if (names.empty()) return std::nullopt;
    Value arguments;
    arguments.set("jobs", std::move(names));
    return Restore{call.operation == "pause" ? "resume" : "pause", arguments};
}

std::optional<Restore> restore_job(const Call& call, const Value& before, const Value& result) {
    if (result["changed"].is_boolean() && !result["changed"].boolean()) return std::nullopt;
    if (before.has("cron")) return Restore{"upsert", before};
    if (call.operation == "delete") return std::nullopt;
    Value arguments;
    return Restore{"delete", arguments.set("job", before["job"])};
}

}  // namespace perilune
