// The state of the crontab driver and its three halves: what it reads, changes and executes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bindings/schedule/jobs.h"
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
    std::string whose() const { return target + " in " + path; }
};

using CrontabPointer = std::shared_ptr<const Crontab>;

void add_crontab_observes(Driver& driver, const CrontabPointer& crontab);
void add_crontab_changes(Driver& driver, const CrontabPointer& crontab);
void add_crontab_runner(Driver& driver, const CrontabPointer& crontab);

}  // namespace perilune
