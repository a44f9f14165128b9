// The objectives a runbook is measured against: recovery time, recovery point, time to undo.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "interpreter/base/result.h"

namespace perilune {

// Seconds by name. A single duration has the empty name.
using NamedDurations = std::map<std::string, double>;

struct Objectives {
    NamedDurations rto;
    NamedDurations rpo;
    NamedDurations undo;
};

// Reads { rto = "30m", rpo = { database = "15m", uploads = "1h" }, undo = 300 }. All that is wrong
// is reported at once (code "bad_declaration"). An RPO may be nothing: no mark may be lost. Nil has
// no objectives.
Result<Objectives> read_objectives(const Value& declared);

// "RTO 30 min, RPO database 15 min and uploads 1 h, undo 5 min"; empty where there are none.
std::string show(const Objectives& objectives);
// The shortest of them, which is the one to keep.
std::optional<double> strictest_s(const NamedDurations& durations);

}  // namespace perilune
