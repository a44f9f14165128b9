#include "bindings/schedule/jobs.h"

#include <algorithm>
#include <cmath>

#include "bindings/schedule/cron.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

constexpr std::size_t missed_max = 10000;

}  // namespace

const CronJob* find_job(const CronJobs& jobs, std::string_view name) {
    for (const auto& job : jobs)
        if (job.name == name) return &job;
    return nullptr;
}

Error no_such_job(const std::string& whose, const CronJobs& jobs, const std::string& job) {
    std::vector<std::string> names;
    for (const auto& known : jobs) names.push_back(known.name);
    return fail("not_found",
                "There is no job \"" + job + "\" of " + whose + "." + did_you_mean(job, names));
}

Result<std::vector<std::string>> named_jobs(const std::string& whose, const CronJobs& jobs,
                                            const Call& call) {
    std::vector<std::string> names;
    for (const auto& job : call.arguments["jobs"].list()) {
        if (!find_job(jobs, job.text())) return no_such_job(whose, jobs, job.text());
        names.push_back(job.text());
    }
    if (call.arguments["jobs"].is_text())
        for (const auto& job : jobs) names.push_back(job.name);
    std::sort(names.begin(), names.end());
    return names;
}

Value job_value(const CronJob& job, const std::vector<JobRun>& runs, double now) {
    Value made;
    made.set("job", job.name).set("cron", job.cron).set("time_zone", job.time_zone);
    made.set("state", job.paused ? "paused" : "active");
    for (const auto& run : runs)
        if (run.job == job.name) made.set("last_at", run.started_at);
    const auto cron = CronExpression::parse(job.cron);
    const auto zone = TimeZone::find(job.time_zone);
    if (job.paused || !cron || !zone) return made;
    if (const auto next = cron->next(static_cast<UnixSeconds>(now), *zone))
        made.set("next_at", static_cast<double>(*next));
    return made;
}

Value job_list(CronJobs jobs, const std::vector<JobRun>& runs) {
    std::sort(jobs.begin(), jobs.end(),
              [](const CronJob& left, const CronJob& right) { return left.name < right.name; });
    List listed;
    for (const auto& job : jobs) listed.push_back(job_value(job, runs, wall_now_s()));
    return listed;
}

Value run_list(const std::vector<JobRun>& runs, const Call& call) {
    const double since = call.arguments["since"].number();
    const auto limit = static_cast<std::size_t>(std::max(0.0, call.arguments["limit"].number()));
    List listed;
    for (auto run = runs.rbegin(); run != runs.rend() && listed.size() < limit; ++run)
        if (run->job == call.arguments["job"].text() && run->started_at >= since)
            listed.push_back(to_value(*run));
    return listed;
}

Result<Value> missed_times(const CronJob& job, const std::vector<JobRun>& runs, const Call& call,
                           double late_s) {
    const auto cron = CronExpression::parse(job.cron);
    const auto zone = TimeZone::find(job.time_zone);
    if (!cron) return cron.error();
    if (!zone) return zone.error();
    const double to = call.arguments.has("to") ? call.arguments["to"].number() : wall_now_s();
    const auto due =
        cron->between(static_cast<UnixSeconds>(std::ceil(call.arguments["since"].number())),
                      static_cast<UnixSeconds>(std::ceil(to)), *zone, missed_max);
    List times;
    for (std::size_t i = 0; i < due.size(); ++i) {
        const auto at = static_cast<double>(due[i]);
        // A run that comes late counts for its own time only, not for the next one's too.
        const double next = i + 1 < due.size() ? static_cast<double>(due[i + 1]) : at + 1e9;
        const bool ran = std::any_of(runs.begin(), runs.end(), [&](const JobRun& run) {
            const bool begun = run.started_at >= at && run.started_at < std::min(next, at + late_s);
            return run.job == job.name &&
                   (run.for_at == at || (begun && run.for_at == run.started_at));
        });
        if (!ran) times.emplace_back(at);
    }
    return Value(std::move(times));
}

Idleness idleness_of(const CronJobs& jobs, const std::vector<std::string>& names,
                     const std::vector<JobRun>& runs) {
    Idleness found;
    for (const auto& name : names) {
        found.jobs.push_back(job_value(*find_job(jobs, name), runs, wall_now_s()));
        for (const auto& run : runs)
            if (run.job == name && run.state == "running")
                found.busy += (found.busy.empty() ? "" : ", ") + name + " since " +
                              std::to_string(static_cast<std::int64_t>(run.started_at));
    }
    return found;
}

const JobRun* find_run(const std::vector<JobRun>& runs, const Call& call) {
    const std::string& job = call.arguments["job"].text();
    const Value& for_at = call.arguments["for_at"];
    const JobRun* found = nullptr;
    for (const auto& run : runs) {
        const bool same_time = for_at.is_number() && run.for_at == for_at.number();
        if (run.job == job && (same_time || (!call.key.empty() && run.key == call.key)))
            found = &run;
    }
    return found;
}

Before before_run(const JobRun* run) {
    Before found;
    found.state = Map{};
    found.sign = '+';
    if (!run) return found;
    found.state.set("run", to_value(*run));
    found.already_so = run->state != "running";
    if (found.already_so) found.result = run_result(*run, false);
    return found;
}

Value run_result(const JobRun& run, bool changed) { return to_value(run).set("changed", changed); }

}  // namespace perilune
