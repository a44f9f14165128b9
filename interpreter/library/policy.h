// The part of an environment that says who must agree to what.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "interpreter/library/library.h"
#include "interpreter/library/problems.h"
#include "interpreter/library/yaml.h"

namespace perilune {

// Whether a run must follow a plan that was shown before.
enum class PlanRule { required, shown, off };
std::string_view to_text(PlanRule rule);

// Who may give the approvals that runbooks ask of one role. A runbook may ask for more, never less.
struct ApprovalRule {
    std::vector<std::string> from;  // Roles or people.
    int count = 1;
    bool not_starter = false;  // Who started the run may not approve it.
    Place place = {};
};

struct RunbookPolicy {
    std::optional<PlanRule> plan;
    std::optional<bool> break_glass;
};

struct Policy {
    std::map<std::string, ApprovalRule> approvals;  // By role.
    PlanRule plan = PlanRule::shown;
    bool break_glass = true;                        // Whether --break-glass may pass this policy.
    std::map<std::string, RunbookPolicy> runbooks;  // What differs for one runbook.

    PlanRule plan_for(const std::string& runbook) const;
    bool break_glass_for(const std::string& runbook) const;
};

// Reads the value of `policy`. A runbook that the library has not is a problem: a misspelt name
// would leave the real one without its policy.
Policy read_policy(const YamlNode& node, const Library& library, Problems& problems);

// The name under which a runbook is known, or nothing and a problem.
std::optional<std::string> known_runbook(const YamlEntry& entry, std::string_view what,
                                         const Library& library, Problems& problems);

}  // namespace perilune
