// Explores one runbook: every schedule of faults in simulators, several at once, within a budget.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "interpreter/base/result.h"
#include "interpreter/testing/schedules.h"

namespace perilune {

struct ExploreOptions {
    std::string program;  // Path of perilune-simulator.
    std::string path;     // "explorations/region_outage.lua"
    std::string replay;   // Only this schedule, "none" for that without faults; empty: all.
    std::uint64_t seed = 1;
    std::size_t runs_max = 20'000;
    double within_s = 10;
    int at_once = 2;
    double run_cpu_s = 10;
    std::size_t memory_bytes = std::size_t{512} << 20;
    std::function<bool()> stop = [] { return false; };  // Somebody wants it to end now.
};

// Something that should have held and did not, by the shortest schedule that shows it.
struct Finding {
    std::string name;  // Of the invariant.
    std::string why;
    std::string code;  // The schedule; "none": without any fault.
    std::string outcome;
    std::string story;
    int times = 1;  // How many schedules show it.
};

struct Exploration {
    std::string runbook;
    std::string outcome;  // Of the run without any fault.
    std::string reason;
    Survey survey;
    std::vector<Finding> findings;
    std::map<std::string, std::map<std::string, int>> tried;  // By subject and fault.
    std::map<std::string, int> outcomes;                      // How often runs ended so.
    std::size_t singles = 0;
    std::size_t pairs = 0;
    std::size_t pairs_known = 0;  // How many there would be.
    double took_s = 0;
    bool cut = false;                // The budget ended it.
    std::vector<std::string> unmet;  // Faults of `replay` that nothing has met.
    std::string story;               // Of `replay`.
};

// `library` is what simulated_library made. `tell` is called now and then with how many schedules
// are done and found.
Result<Exploration> explore(const Value& library, const ExploreOptions& options,
                            const std::function<void(const Exploration&)>& tell);

// The findings, the table of what was tried, and what was not.
std::string exploration_text(const Exploration& explored, const std::string& name);
Value exploration_value(const Exploration& explored);

}  // namespace perilune
