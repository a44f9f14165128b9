// The record of a scheduler's runs: a file of JSON lines that jobs, or a wrapper around them, add
// to.
//
// A line is `{ "job", "for_at"?, "started_at", "ended_at"?, "state" }` with times as Unix seconds
// or RFC 3339 text and state running, succeeded or failed. A later line of the same job and
// beginning completes the earlier one. State not_started takes a run back that never began.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

struct JobRun {
    std::string job;
    double for_at = 0;  // When it stands for; its beginning where the line does not say.
    double started_at = 0;
    std::optional<double> ended_at;
    std::string state;  // running, succeeded, failed
    std::string key;    // Of the call that began it, where it was run_now.
};

Value to_value(const JobRun& run);

// All runs in the order of their beginnings; none where there is no such file. A last line that is
// not yet whole is passed over; any other bad one is refused with its number.
Result<std::vector<JobRun>> read_job_log(const std::string& path);

// Adds a line durably.
Status add_to_job_log(const std::string& path, const JobRun& run);

}  // namespace perilune
