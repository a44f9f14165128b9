// Brings what two tellings of a run asked into one order, and pairs what they did otherwise.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "interpreter/run/comparison.h"
#include "interpreter/run/recollection.h"

namespace perilune {

struct ComparedStrands {
    std::map<std::string, std::string> named;    // Strands of the new telling, by recorded ones.
    std::map<std::string, std::int64_t> newest;  // The newest record met, by strand.
    std::map<std::string, bool> stopped;         // Those past which nothing is known.
};

// What people are shown of an event, where it is the same or not.
bool is_compared(const Event& event);

// Adds what was recorded and not asked again: as `-`, as what became another (`~`), or as not
// compared, where the new telling came to its end before.
void settle_comparison(
    Comparison& comparison, Recollection& recorded, ComparedStrands strands,
    const std::function<ComparedEffect(const Event& event, const std::string& path)>& effect_of);

}  // namespace perilune
