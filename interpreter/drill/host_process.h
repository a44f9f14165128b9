// Hosts of a drill: processes of the program itself, as a person would start them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "interpreter/base/child.h"

namespace perilune {

struct HostProcess {
    int pid = 0;  // 0 until it runs.
    bool ended = false;
    Ended end;
};

// Starts `program` with these arguments. It has this process's environment, but for the state.
std::shared_ptr<HostProcess> start_host(Loop& loop, const std::string& program,
                                        std::vector<std::string> arguments);
bool ended_well(const HostProcess& host);
// What its last words (of --json, or what it talked) say of why it did not end well.
std::string problem_of(const HostProcess& host);

// A time for a command line, to the millisecond: "2026-03-01T02:00:00.250Z".
std::string exact_time(double unix_s);

}  // namespace perilune
