// The commands that drill recovery, and show what came of it.
#pragma once

#include <string>

#include "interpreter/command/command.h"

namespace perilune {

// What stops the services that a drill has left running.
std::string stop_command(const Invocation& invocation, const std::string& drill);
int execute_drill(const Invocation& invocation);
// Prints the line of a crontab that executes the drill; `program` is this program's path.
int schedule_drill(const Invocation& invocation, const std::string& program);
int execute_drills(const Invocation& invocation);

}  // namespace perilune
