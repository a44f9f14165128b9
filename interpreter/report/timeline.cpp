#include "interpreter/report/timeline.h"

#include <algorithm>

#include "interpreter/report/timeline_builder.h"

namespace perilune::report {

bool ChangeEntry::was_in_doubt() const {
    return std::any_of(happenings.begin(), happenings.end(),
                       [](const Happening& happening) { return happening.what == "doubt"; });
}

std::string Objective::label() const {
    std::string text = kind == "rto" ? "RTO" : kind == "rpo" ? "RPO" : kind;
    if (!name.empty()) text += " of " + name;
    return text;
}

Timeline build_timeline(const Records& records, double now, Depth depth) {
    TimelineBuilder builder(depth);
    records.each([&](const Value& record) { builder.take(record); });
    return builder.finish(now);
}

}  // namespace perilune::report
