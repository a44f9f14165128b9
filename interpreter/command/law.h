// What a run is judged by, read from the code that it carries; and what policy says before it
// starts.
#pragma once

#include <set>
#include <string>

#include "interpreter/run/host.h"
#include "interpreter/run/signed_records.h"

namespace perilune {

// The policy of an environment and the people, from the texts of a run's code.
Result<Law> law_of_texts(const Texts& texts, const std::string& environment,
                         const KnownDrivers& drivers);
// The same by the digest of code that the store has; the store must outlive it.
FindLaw law_in_store(Store& store, const KnownDrivers& drivers);

// The roles that a runbook's text names: role = "lead".
std::set<std::string> roles_asked(const std::string& lua_text);

// Refuses, before anything is started, a run whose runbook asks approvals that nobody, or not
// enough people, could give: `who` starts it. Only where people.yaml says who is who.
Status check_eligible(const Prepared& made, const std::string& who);

}  // namespace perilune
