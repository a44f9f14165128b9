// What people sign: a text that anybody can read, with one line for everything that is decided
// upon. It is made anew from the journal wherever a signature is checked, so it fits one question
// of one run, and nothing else.
#pragma once

#include <string>

#include "interpreter/run/run_state.h"
#include "interpreter/run/steering.h"

namespace perilune {

// Who says it, and when: unix seconds.
struct Signer {
    std::string person;
    double at = 0;
};

// The answer to a question of the run as it stands: `kind` and `body` as a command has them
// (approve, reject, answer; value, reason, break_glass).
std::string decision_text(const RunState& state, const Value& question, const std::string& kind,
                          const Value& body, const Signer& signer);
// The approval of a plan of the rest of the run, `plan` in the body.
std::string plan_text(const RunState& state, const Value& body, const Signer& signer);
// The start of a run, of which `begin` says what it will execute.
std::string start_text(const Value& begin, const Signer& signer);

// Where two such texts differ, as a sentence: what was signed, and what it would have to be.
std::string first_difference(const std::string& signed_text, const std::string& wanted);

// Puts into a record who gave the command that it takes, and how that is proved.
void sign_record(Value& record, const Command& command);

// Why a signed command is not for what is asked now; empty where it is, or where it is not signed.
std::string other_than_signed(const RunState& state, const Value& question, const Command& command);
// A command's text, from where the run stands and the question it answers (a plan's has none).
std::string command_text(const RunState& state, const Value& question, const Command& command);

}  // namespace perilune
