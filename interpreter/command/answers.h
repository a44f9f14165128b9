// Questions of a run as a person at the terminal sees and answers them.
#pragma once

#include <string>

#include "interpreter/base/result.h"
#include "interpreter/run/engine.h"

namespace perilune {

// What the run waits for people to say, with how to answer: by keys where `typing`, else by the
// commands to run in another terminal.
std::string question_text(const std::string& run, const RunState& state, bool typing);

// The command a typed line means: "yes", "no", "retry", "skip REASON", "undo", "pause",
// "happened", "did not", "again REASON", or a value.
Result<Command> command_from_line(const std::string& line, const RunState& state);

// A new id for a command.
std::string make_command_id();

}  // namespace perilune
