// The operations and records of the schedule family, as runbooks, the journal and the manual see
// them.
#include "bindings/schedule/schedule.h"

namespace perilune {

namespace {

constexpr Parameter job_parameter = {.name = "job", .doc = "The job's name."};

constexpr Operation operations[] = {
    {.name = "list",
     .effect = Effect::observe,
     .result = "list of schedule.Job",
     .doc = "Lists all jobs, paused ones too, by name.",
     .everywhere = true},
    {.name = "get",
     .effect = Effect::observe,
     .result = "schedule.Job?",
     .doc = "Reads one job; nil where there is none.",
     .parameters = {{job_parameter}},
     .resource = "job",
     .everywhere = true},
    {.name = "runs",
     .effect = Effect::observe,
     .result = "list of schedule.JobRun",
     .doc = "Lists the runs of a job that began at `since` or later, newest first.",
     .parameters = {{job_parameter,
                     {.name = "since", .type = Type::time, .doc = "The earliest beginning."},
                     {.name = "limit",
                      .type = Type::integer,
                      .doc = "At most so many.",
                      .fallback = "100"}}}},
    {.name = "missed",
     .effect = Effect::observe,
     .result = "list of number",
     .doc = "Lists the times (Unix seconds) from `since` up to but without `to` at which the job "
            "should have begun by its schedule and did not, oldest first; those of a pause too. "
            "Raises `not_found` where there is no such job.",
     .parameters = {{job_parameter,
                     {.name = "since", .type = Type::time, .doc = "From this time on."},
                     {.name = "to",
                      .type = Type::time,
                      .doc = "Up to this time; otherwise until now.",
                      .need = Need::optional}}}},
    {.name = "wait_idle",
     .effect = Effect::observe,
     .result = "list of schedule.Job",
     .doc = "Waits until none of the jobs has a run that goes on, and returns the jobs. Raises "
            "`timed_out` (safe to try again) with the runs that still go on.",
     .parameters = {{{.name = "jobs",
                      .type = Type::plain,
                      .doc = "A list of jobs' names, or \"all\".",
                      .shape = "text"},
                     {.name = "within", .type = Type::duration, .doc = "How long to wait."}}},
     .timeout_s = 3600},
    {.name = "pause",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "by resume, only of what it paused",
     .result = "map",
     .doc = "Keeps jobs from beginning; runs that go on are left alone. `paused` names those it "
            "paused, `paused_before` those that were paused already, `changed` whether there were "
            "any of the first. Raises `not_found` and changes nothing where a job is not there.",
     .parameters = {{{.name = "jobs",
                      .type = Type::plain,
                      .doc = "A list of jobs' names, or \"all\".",
                      .shape = "text"},
                     {.name = "reason",
                      .doc = "Kept with the paused jobs where the scheduler can.",
                      .need = Need::optional}}},
     .everywhere = true},
    {.name = "resume",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "by pause",
     .result = "map",
     .doc = "Lets paused jobs begin again at their next time; what was missed is not made up. "
            "`resumed` names those that were paused. Raises `not_found` and changes nothing where "
            "a job is not there.",
     .parameters = {{{.name = "jobs",
                      .type = Type::plain,
                      .doc = "A list of jobs' names, or \"all\".",
                      .shape = "text"}}},
     .everywhere = true},
    {.name = "run_now",
     .effect = Effect::change,
     .recovery = Recovery::key,
     .undo = "no",
     .result = "schedule.JobRun",
     .doc = "Executes a job now and returns its run when it has ended. For one `for_at` a job is "
            "executed once: where it ran already, that run is returned and `changed` is false.",
     .parameters = {{job_parameter,
                     {.name = "for_at",
                      .type = Type::time,
                      .doc = "The time it stands for, such as one of missed; otherwise it stands "
                             "for this call only.",
                      .need = Need::optional}}},
     .resource = "job",
     .timeout_s = 3600},
    {.name = "upsert",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "by upsert or delete",
     .result = "schedule.Job",
     .doc = "Creates a job, or replaces its schedule and destination. The result has `changed` "
            "too.",
     .parameters = {{job_parameter,
                     {.name = "cron",
                      .doc = "Five fields (minute, hour, day of month, month, day of week), or "
                             "@hourly, @daily, @weekly, @monthly, @yearly."},
                     {.name = "time_zone",
                      .doc = "The zone of the schedule, such as \"Europe/Paris\".",
                      .fallback = "UTC"},
                     {.name = "destination",
                      .doc = "What the job does: a command or a URL, as the scheduler takes it."},
                     {.name = "state",
                      .doc = "Otherwise as it is; a new job is active.",
                      .need = Need::optional,
                      .choices = "active|paused"}}},
     .resource = "job",
     .affects = "list get missed"},
    {.name = "delete",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "by upsert",
     .result = "map",
     .doc = "Removes a job; `changed` is false where there was none.",
     .parameters = {{job_parameter}},
     .resource = "job",
     .affects = "list get missed"},
};

constexpr Record records[] = {
    {.name = "schedule.Job",
     .doc = "One job of the scheduler.",
     .fields = {{{"job", "text", "Its name."},
                 {"cron", "text", "Its schedule."},
                 {"time_zone", "text", "The zone of the schedule."},
                 {"state", "text", "active or paused."},
                 {"last_at", "number?", "When its last known run began, Unix seconds."},
                 {"next_at", "number?", "When it begins next; absent while it is paused."}}}},
    {.name = "schedule.JobRun",
     .doc = "One run of a job.",
     .fields = {{{"job", "text", "The job's name."},
                 {"for_at", "number", "The time it stands for, Unix seconds."},
                 {"started_at", "number", "When it began."},
                 {"ended_at", "number?", "When it ended; absent while it goes on."},
                 {"state", "text", "running, succeeded or failed."}}}},
};

// A list of names, each once and sorted, or "all".
Status normalise_jobs(Map& arguments) {
    const auto jobs = arguments.find("jobs");
    if (jobs == arguments.end() || jobs->second.is_unknown()) return Done{};
    if (jobs->second.is_text() && jobs->second.text() == "all") return Done{};
    const Error refused = fail("bad_argument", "jobs must be a list of jobs' names, or \"all\".");
    if (!jobs->second.is_list() || jobs->second.list().empty()) return refused;
    std::map<std::string, Value> sorted;
    for (const auto& job : jobs->second.list()) {
        if (job.is_unknown()) return Done{};
        if (!job.is_text() || job.text().empty()) return refused;
        sorted.emplace(job.text(), job);
    }
    List names;
    for (auto& [name, value] : sorted) names.push_back(std::move(value));
    jobs->second = std::move(names);
    return Done{};
}

Status normalise_schedule(const Operation&, Map& arguments) {
    for (const auto* field : {"job", "reason", "destination", "cron"}) {
        const auto found = arguments.find(field);
        if (found == arguments.end() || !found->second.is_text()) continue;
        const std::string& text = found->second.text();
        bool clean = !text.empty() || std::string_view(field) == "reason";
        for (const char letter : text) clean = clean && static_cast<unsigned char>(letter) >= 0x20;
        if (!clean || text.starts_with(' ') || text.ends_with(' '))
            return fail("bad_argument", std::string(field) +
                                            " must be one line of text without "
                                            "blanks at its ends, and not empty.");
    }
    return normalise_jobs(arguments);
}

}  // namespace

const Family schedule_family = {
    .name = "schedule",
    .doc = "The jobs of one scheduler that is not Perilune.",
    .operations = operations,
    .records = records,
    .normalise = normalise_schedule,
};

}  // namespace perilune
