// What an approved plan allows: the changes it shows, by the step attempt in which they come.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "interpreter/run/record.h"

namespace perilune {

class PlanGuide {
public:
    // `plan` has the fields `plan` (its digest) and `plan_changes` (see PlanEntry::to_value).
    explicit PlanGuide(const Value& plan);

    // Rule 10.4: empty where this change, the ordinal-th of an attempt of the step at `path`, is
    // what the plan shows there, its unknowns filled in; else how it differs.
    std::string refusal(const std::string& path, std::int64_t ordinal, const Event& change) const;
    // What the plan shows there, or null. It lives as long as the guide.
    const Value* entry(const std::string& path, std::int64_t ordinal) const;

private:
    std::string digest_;
    std::map<std::string, std::vector<Value>> entries_;  // By path, in the order of their ordinals.
};

// How a change is shown: `dns/site:upsert {…}` or `run_runbook "db/restore" {…}`.
std::string describe_change(const std::string& operation, const std::string& target,
                            const Value& arguments);

// As much of such a line as people are shown; what is longer is whole in the data.
std::string shortened(std::string text);

}  // namespace perilune
