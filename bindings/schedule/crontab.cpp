// The crontab driver: its settings, how one is made, and what it reads.
#include "bindings/schedule/crontab.h"

#include <algorithm>

#include "bindings/schedule/schedule.h"
#include "bindings/schedule/time_zone.h"
#include "interpreter/base/files.h"

namespace perilune {

namespace {

constexpr double look_every_s = 0.25;

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
    return job_list(text->jobs(), *runs);
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
    return run_list(*runs, call);
}

Result<Value> missed(const Crontab& crontab, const Call& call) {
    const auto text = crontab.load();
    if (!text) return text.error();
    const std::string& name = call.arguments["job"].text();
    const CronJob* job = text->find(name);
    if (!job) return no_such_job(crontab.whose(), text->jobs(), name);
    const auto runs = crontab.runs();
    if (!runs) return runs.error();
    return missed_times(*job, *runs, call, crontab.late_s);
}

Result<Idleness> look_idle(const Crontab& crontab, const Call& call) {
    const auto text = crontab.load();
    if (!text) return text.error();
    const auto names = named_jobs(crontab.whose(), text->jobs(), call);
    if (!names) return names.error();
    const auto runs = crontab.runs();
    if (!runs) return runs.error();
    return idleness_of(text->jobs(), *names, *runs);
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
    .doctor_checks = "the table (list)",
};

}  // namespace perilune
