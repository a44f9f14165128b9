// The state of the crontab driver and its three halves: what it reads, changes and executes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bindings/schedule/crontab_text.h"
#include "bindings/schedule/job_log.h"
#include "interpreter/base/driver.h"

namespace perilune {

struct Crontab {
    Loop& loop;
    std::string target;
    std::string path;
    std::string time_zone;            // Of lines above the first CRON_TZ.
    std::string log;                  // Of runs; empty: none is kept.
    std::vector<std::string> runner;  // A program's path and arguments; empty: none.
    double late_s = 60;               // A run this late still counts for its time.

    Result<CrontabText> load() const;
    Result<std::vector<JobRun>> runs() const;  // None where no log is kept.
};

using CrontabPointer = std::shared_ptr<const Crontab>;

// The jobs a call names with `jobs`, or all; refuses a name that is not there.
Result<std::vector<std::string>> named_jobs(const Crontab& crontab, const CrontabText& text,
                                            const Call& call);
// A job as results have it, with its last and next time as of `now`.
Value job_value(const CronJob& job, const std::vector<JobRun>& runs, double now);
// The error for a job that is not there.
Error no_such_job(const Crontab& crontab, const std::string& job);

void add_crontab_observes(Driver& driver, const CrontabPointer& crontab);
void add_crontab_changes(Driver& driver, const CrontabPointer& crontab);
void add_crontab_runner(Driver& driver, const CrontabPointer& crontab);

}  // namespace perilune
