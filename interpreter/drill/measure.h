// What a drill's raw series come to: RTO and RPO. Pure functions; times are Unix seconds.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "interpreter/base/value.h"

namespace perilune {

// One question of the prober, as a user would have asked it.
struct Probe {
    double at = 0;  // When it was asked.
    double took_s = 0;
    bool good = false;
    std::string address;  // Which one was asked; empty where the name has none.
    std::string problem;  // Why it is not good.
};

// One mark that its target took.
struct Mark {
    std::int64_t number = 0;
    double at = 0;  // When the target had said so.
};

struct Outage {
    bool any = false;
    bool over = false;      // Served again at the end of the series.
    double began_at = 0;    // The first question after the disaster that got no good answer.
    double ended_at = 0;    // The first good answer of those that no bad one followed.
    double rto_s = 0;       // From the disaster to `ended_at`, or to the last question.
    std::size_t asked = 0;  // Since the disaster.
    std::size_t bad = 0;
};

// Of `probes`, in the order in which they were asked. A good answer counts when it was given.
Outage measure_outage(const std::vector<Probe>& probes, double disaster_at);

struct Loss {
    std::size_t written = 0;    // Until the disaster, or while it was being caused.
    std::size_t lost = 0;       // Of those.
    std::size_t lost_late = 0;  // Taken after the disaster, and gone: somebody was told a lie.
    bool holes = false;         // A newer one survived an older one.
    double rpo_s = 0;  // From the newest mark before the first lost one to the disaster; 0: none
                       // was lost. Where none survived, from the first mark.
};

// `survived`: the numbers of the marks that are there at the end. `caused_at`: when the last change
// that caused the disaster had been made; before, a mark may have been taken rightly.
Loss measure_loss(const std::vector<Mark>& marks, const std::set<std::int64_t>& survived,
                  double disaster_at, double caused_at = 0);

Value value_of(const Probe& probe);
Value value_of(const Mark& mark);

}  // namespace perilune
