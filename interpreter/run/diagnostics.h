// The host's technical log: what it did and what went wrong around it, in the state folder. Runs
// have their journals; this is for the one who looks after the machine. It holds no secret.
#pragma once

#include <string>
#include <string_view>

namespace perilune {

enum class LogLevel { info, warning, error };

// Begins `perilune.log` in the folder: at most 3 files of 2 MiB. Without it, lines go nowhere.
void open_diagnostics(const std::string& folder);
void diagnose(LogLevel level, std::string_view text);

}  // namespace perilune
