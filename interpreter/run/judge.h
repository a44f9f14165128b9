// Who may answer a run's questions: what the environment's policy asks, and never less. A pure
// function of the run's code and records, so that `verify` judges as the host did.
#pragma once

#include <string>
#include <vector>

#include "interpreter/library/environment.h"
#include "interpreter/library/people.h"
#include "interpreter/run/run_state.h"
#include "interpreter/run/steering.h"

namespace perilune {

// What a run is judged by: the policy and the people of its own code.
struct Law {
    Policy policy;
    std::string environment;
    EnvironmentKind kind = EnvironmentKind::production;
    People people;
    bool simulated = false;

    // Whether a file answers for people, as that of a test or drill does; it may answer for a role.
    bool plays_people() const { return simulated || kind == EnvironmentKind::drill; }
    // Whether keys say who somebody is.
    bool asks_for_keys() const { return people.know_keys() && !plays_people(); }
};

// Empty where the person who gives this command may answer the question of the run that began
// with `begin`; else why not. `approvals`: those that were given to it so far.
std::string refuse_answer(const Law& law, const Value& begin, const Value& question,
                          const std::vector<Value>& approvals, const Command& command);
std::int64_t approvals_needed(const Law& law, const Value& begin, const Value& question);
// Empty where nobody has to be asked to pass policy over; else why it must be kept to.
std::string refuse_break_glass(const Law& law, const std::string& runbook);
// Empty where the person who gives this command may say that policy was passed over with good
// reason in this run: anybody but those who did; else why not.
std::string refuse_review(const Law& law, const RunState& state, const Command& command);

// "ada@machine" is "ada", as the operating system has it; a person known by a key has no machine.
std::string plain_name(const std::string& who);
bool is_by_key(const std::string& who);

}  // namespace perilune
