// What is executed on a host that is reached over ssh: a POSIX shell script that starts each run
// once, writes down how it fares, and says so. It assumes coreutils and nothing else.
//
// Below the state folder and the machine's name there are: `place`, a number that is made once;
// `runs/ID`, a folder for each run, whose mkdir is what makes a run happen once; and
// `keys/HASH/N`, links that name the run that was started N-th as one key of a runbook. A run's
// folder holds `begun` (when), `note` (of the host that began it), `keeper` and `program` (process,
// start ticks, boot), `1.old` `1.new` `2.old` `2.new` (the newest bytes of its streams), `stopped`
// where it was told to end, and `end` (exit code, seconds, whether it was told to end).
#pragma once

namespace perilune {

// Functions that a script about runs calls; see ssh_programs.cpp. The second text also does what
// every such script begins with, and stands after the first.
extern const char* const ssh_keeper_functions;
extern const char* const ssh_report_functions;

}  // namespace perilune
