// What is told of jobs and their runs, whatever scheduler keeps them.
#pragma once

#include <string>
#include <vector>

#include "bindings/schedule/crontab_text.h"
#include "bindings/schedule/job_log.h"
#include "interpreter/base/driver.h"

namespace perilune {

using CronJobs = std::vector<CronJob>;

const CronJob* find_job(const CronJobs& jobs, std::string_view name);

// The error for a job that is not there. `whose` is the scheduler in words: "schedule/jobs".
Error no_such_job(const std::string& whose, const CronJobs& jobs, const std::string& job);

// The jobs a call names with `jobs`, or all, sorted; refuses a name that is not there.
Result<std::vector<std::string>> named_jobs(const std::string& whose, const CronJobs& jobs,
                                            const Call& call);

// A job as results have it, with its last and next time as of `now`; all jobs, by name.
Value job_value(const CronJob& job, const std::vector<JobRun>& runs, double now);
Value job_list(CronJobs jobs, const std::vector<JobRun>& runs);

// The results of `runs` and `missed`. A run that began `late_s` after its time still counts for it.
Value run_list(const std::vector<JobRun>& runs, const Call& call);
Result<Value> missed_times(const CronJob& job, const std::vector<JobRun>& runs, const Call& call,
                           double late_s);

// The jobs that wait_idle asks for, and a sentence about those that still run.
struct Idleness {
    List jobs;
    std::string busy;
};
Idleness idleness_of(const CronJobs& jobs, const std::vector<std::string>& names,
                     const std::vector<JobRun>& runs);

// The run that a call of run_now asks for, where there is one already; null otherwise.
const JobRun* find_run(const std::vector<JobRun>& runs, const Call& call);
// What run_now finds before it begins: a run that has ended is the answer.
Before before_run(const JobRun* run);
Value run_result(const JobRun& run, bool changed);

}  // namespace perilune
