// Child programs: argv, no shell, nothing inherited but what is named; output streamed and bounded.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "interpreter/base/driver.h"

namespace perilune {

struct Program {
    std::vector<std::string> argv;         // argv[0] is the path.
    std::vector<std::string> environment;  // "NAME=value"; nothing else is inherited.
    std::string folder;                    // Where it starts; empty: where the host is.
    std::string input;                     // What it reads on standard input.
    std::size_t output_max = 1 << 20;      // Kept of each of stdout and stderr: the newest bytes.
    int inherited_fd = -1;                 // One descriptor it keeps (a lock), or none.
    bool own_session = true;               // Else a group: for who has no terminal to lend either.
    // Called on the loop with each piece of output as it comes; may be empty.
    std::function<void(std::string_view piece)> on_output = {};
    // Called on the loop once it runs; may be empty.
    std::function<void(int pid)> on_start = {};
};

struct Ended {
    bool started = false;  // False: it never ran; `error` says why.
    int exit_code = 0;     // 128 + signal where a signal ended it.
    std::string output;
    std::string errors;
    bool truncated = false;
    bool stopped = false;  // Ended because a stop was asked for or the deadline passed.
    double took_s = 0;
    std::string error;
};

// Runs a program to its end. At the deadline, or when `cancel` is asked, its process group gets
// SIGTERM, after 5 s SIGKILL.
Awaitable<Ended> run_program(Loop& loop, Program program, std::shared_ptr<Cancel> cancel,
                             double deadline_s);

}  // namespace perilune
