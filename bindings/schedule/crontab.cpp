// The crontab driver: its settings, how one is made, and what it reads.
#include "bindings/schedule/crontab.h"

#include <algorithm>
#include <cmath>

#include "bindings/schedule/cron.h"
#include "bindings/schedule/schedule.h"
#include "interpreter/base/files.h"
#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

constexpr double look_every_s = 0.25;
constexpr std::size_t missed_max = 10000;

constexpr Setting settings[] = {
    {.name = "path",
     .doc =
         "The crontab file. `# job: NAME` above a line names its job. A lock file with \".lock\" "
         "added stands beside it.",
     .identity = true},
    {.name = "time_zone",
     .doc = "The zone in which the cron daemon reads lines above the first CRON_TZ. Only some "
            "daemons know CRON_TZ (cronie does, Debian's cron does not): with others give all jobs "
            "this zone.",
     .need = Need::optional,
     .fallback = "UTC"},
    {.name = "log",
     .doc = "A file of JSON lines that says when jobs ran (job, for_at, started_at, ended_at, "
            "state). Without it there is no runs, missed, wait_idle and last_at.",
     .need = Need::optional},
    {.name = "late_by_max",
     .type = Type::duration,
     .doc = "A run that began this much after its time still counts for it.",
     .need = Need::optional,
     .fallback = "1m"},
    {.name = "runner",
     .type = Type::list,
     .doc = "A program that executes a job for run_now: its whole path and arguments, in which "
            "{job}, {destination} and {for_at} are replaced. It needs log.",
     .need = Need::optional},
};

constexpr std::string_view crontab_operations[] = {
    "list", "get", "runs", "missed", "wait_idle", "pause", "resume", "run_now", "upsert", "delete"};

Result<Value> list_jobs(const Crontab& crontab, const Call&) {
    const auto text = crontab.load();
    if (!text) return text.error();
    const auto runs = crontab.runs();
    if (!runs) return runs.error();
    std::vector<CronJob> jobs = text->jobs();
    std::sort(jobs.begin(), jobs.end(),
              [](const CronJob& left, const CronJob& right) { return left.name < right.name; });
    List listed;
    for (const auto& job : jobs) listed.push_back(job_value(job, *runs, wall_now_s()));
    return Value(std::move(listed));
}

Result<Value> get_job(const Crontab& crontab, const Call& call) {
    const auto text = crontab.load();
    if (!text) return text.error();
    const CronJob* job = text->find(call.arguments["job"].text());
    if (!job) return Value();
    const auto runs = crontab.runs();
    if (!runs) return runs.error();
    return job_value(*job, *runs, wall_now_s());
}

Result<Value> list_runs(const Crontab& crontab, const Call& call) {
    const auto runs = crontab.runs();
    if (!runs) return runs.error();
    const double since = call.arguments["since"].number();
    const auto limit = static_cast<std::size_t>(std::max(0.0, call.arguments["limit"].number()));
    List listed;
    for (auto run = runs->rbegin(); run != runs->rend() && listed.size() < limit; ++run)
        if (run->job == call.arguments["job"].text() && run->started_at >= since)
            listed.push_back(to_value(*run));
    return Value(std::move(listed));
}

Result<Value> missed(const Crontab& crontab, const Call& call) {
    const auto text = crontab.load();
    if (!text) return text.error();
    const std::string& name = call.arguments["job"].text();
    const CronJob* job = text->find(name);
    if (!job) return no_such_job(crontab, name);
    const auto runs = crontab.runs();
    if (!runs) return runs.error();
    const auto cron = CronExpression::parse(job->cron);
    const auto zone = TimeZone::find(job->time_zone);
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
        const bool ran = std::any_of(runs->begin(), runs->end(), [&](const JobRun& run) {
            const bool begun =
                run.started_at >= at && run.started_at < std::min(next, at + crontab.late_s);
            return run.job == name && (run.for_at == at || (begun && run.for_at == run.started_at));
        });
        if (!ran) times.emplace_back(at);
    }
    return Value(std::move(times));
}

// The jobs, and a sentence about those that still run.
struct Idleness {
    List jobs;
    std::string busy;
};

Result<Idleness> look_idle(const Crontab& crontab, const Call& call) {
    const auto text = crontab.load();
    if (!text) return text.error();
    const auto names = named_jobs(crontab, *text, call);
    if (!names) return names.error();
    const auto runs = crontab.runs();
    if (!runs) return runs.error();
    Idleness found;
    for (const auto& name : *names) {
        found.jobs.push_back(job_value(*text->find(name), *runs, wall_now_s()));
        for (const auto& run : *runs)
            if (run.job == name && run.state == "running")
                found.busy += (found.busy.empty() ? "" : ", ") + name + " since " +
                              std::to_string(static_cast<std::int64_t>(run.started_at));
    }
    return found;
}

Awaitable<Result<Value>> wait_idle(CrontabPointer crontab, Call& call) {
    const double until_s =
        std::min(call.deadline_s, boot_now_s() + call.arguments["within"].number());
    for (;;) {
        std::function<Result<Idleness>()> look = [crontab, &call] {
            return look_idle(*crontab, call);
        };
        const auto found = co_await off_loop<Result<Idleness>>(crontab->loop, look);
        if (!found) co_return found.error();
        if (found->busy.empty()) co_return Value(found->jobs);
        if (boot_now_s() >= until_s || call.cancel->asked())
            co_return fail("timed_out",
                           "Jobs of " + crontab->target + " still run by the log " + crontab->log +
                               ": " + found->busy + ". Wait longer, or end them where they run.",
                           Retry::safe);
        co_await wait_until(crontab->loop, std::min(until_s, boot_now_s() + look_every_s));
    }
}

Result<Driver> make_crontab(const Settings& given, Services& services) {
    auto crontab = std::make_shared<Crontab>(Crontab{.loop = services.loop});
    const auto text = [&](const char* name, const char* otherwise) {
        return given.values.has(name) ? given.values[name].text() : std::string(otherwise);
    };
    crontab->target = given.target;
    crontab->path = path_below(given.folder, given.values["path"].text());
    crontab->time_zone = text("time_zone", "UTC");
    if (given.values.has("log")) crontab->log = path_below(given.folder, text("log", ""));
    if (given.values.has("late_by_max")) crontab->late_s = given.values["late_by_max"].number();
    for (const auto& word : given.values["runner"].list()) crontab->runner.push_back(word.text());
    if (const auto zone = TimeZone::find(crontab->time_zone); !zone)
        return fail("bad_setting",
                    "The setting time_zone of " + given.target + ": " + zone.error().message);
    const bool runs = !crontab->runner.empty();
    if (runs && (crontab->log.empty() || !crontab->runner[0].starts_with('/')))
        return fail("bad_setting", "The setting runner of " + given.target +
                                       " must begin with the whole path of a program, and needs "
                                       "the setting log, which keeps a job from running twice.");
    Driver driver;
    add_crontab_observes(driver, crontab);
    add_crontab_changes(driver, crontab);
    if (runs) add_crontab_runner(driver, crontab);
    driver.state = std::make_shared<CrontabPointer>(crontab);
    return driver;
}

}  // namespace

Result<CrontabText> Crontab::load() const {
    const auto text = read_file(path);
    if (!text) return text.error();
    return CrontabText::parse(*text, time_zone, path);
}

Result<std::vector<JobRun>> Crontab::runs() const {
    if (log.empty()) return std::vector<JobRun>{};
    return read_job_log(log);
}

Result<std::vector<std::string>> named_jobs(const Crontab& crontab, const CrontabText& text,
                                            const Call& call) {
    std::vector<std::string> names;
    for (const auto& job : call.arguments["jobs"].list()) {
        if (!text.find(job.text())) return no_such_job(crontab, job.text());
        names.push_back(job.text());
    }
    if (call.arguments["jobs"].is_text())
        for (const auto& job : text.jobs()) names.push_back(job.name);
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

Error no_such_job(const Crontab& crontab, const std::string& job) {
    std::vector<std::string> names;
    if (const auto text = crontab.load())
        for (const auto& known : text->jobs()) names.push_back(known.name);
    return fail("not_found", "There is no job \"" + job + "\" of " + crontab.target + " in " +
                                 crontab.path + "." + did_you_mean(job, names));
}

void add_crontab_observes(Driver& driver, const CrontabPointer& crontab) {
    using Observe = Result<Value> (*)(const Crontab&, const Call&);
    const auto add = [&](const char* name, Observe observe) {
        driver.operations[name] = observe_blocking(
            crontab->loop, [crontab, observe](Call& call) { return observe(*crontab, call); });
    };
    add("list", list_jobs);
    add("get", get_job);
    if (crontab->log.empty()) return;
    add("runs", list_runs);
    add("missed", missed);
    driver.operations["wait_idle"].observe = [crontab](Call& call) {
        return wait_idle(crontab, call);
    };
}

const DriverKind crontab_kind = {
    .family = "schedule",
    .name = "crontab",
    .doc =
        "A crontab file on this host. A pause puts \"# paused by perilune: \" before a job's "
        "line, and only such lines are resumed; all other lines stay as they are.",
    .settings = settings,
    .operations = crontab_operations,
    .make = make_crontab,
    .acts_in_host = true,
};

}  // namespace perilune
