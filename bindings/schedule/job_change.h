// What a change of the schedule family does to jobs: worked out before it is made.
#pragma once

#include "bindings/schedule/jobs.h"

namespace perilune {

// The states name only what the operation changes, so that undoing "all" concerns no other job.
struct JobChange {
    std::vector<std::string> switched;   // Of pause and resume: the jobs that change.
    std::vector<std::string> unchanged;  // Those that were so already.
    std::optional<CronJob> put;          // Of upsert, where anything differs.
    std::optional<std::string> removed;  // Of delete, where it is there.
    Value before;
    Value after;
};

// `recorded` is what `before` found, where the change is made: a job that came since a pause of all
// was asked for is left alone, for no undo would know of it.
Result<JobChange> job_change_of(const std::string& whose, const CronJobs& jobs, const Call& call,
                                const Value* recorded = nullptr);

Before before_job_change(const Call& call, const JobChange& change,
                         const std::vector<JobRun>& runs);
Outcome job_change_done(const Call& call, const Value& before, const JobChange& change,
                        const std::vector<JobRun>& runs);

// The calls that take changes back: of pause and resume, and of upsert and delete.
std::optional<Restore> restore_pauses(const Call& call, const Value& before, const Value& result);
std::optional<Restore> restore_job(const Call& call, const Value& before, const Value& result);

}  // namespace perilune
