#include "interpreter/testing/simulator_end.h"

#include "interpreter/base/units.h"

namespace perilune {

// The simulator executes a test, the runbooks it runs and the world they run in: which of them went
// on without end, nobody outside can tell.
std::string end_text(const std::string& what, const WorkerEnd& end, double cpu_s) {
    if (end.reason == WorkerEnd::Reason::cpu_limit)
        return "The " + what + " used more than " + show_duration(cpu_s) +
               " of processor time: something in it, or in a runbook it executes, goes on without "
               "end.";
    if (end.reason == WorkerEnd::Reason::memory_limit)
        return "The " + what +
               " needed more memory than it may have: something in it, or in a runbook it "
               "executes, grows without end.";
    return end.text;
}

}  // namespace perilune
