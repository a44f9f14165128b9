// What people sign: a text that anybody can read, with one line for everything that is decided
// upon. It is made anew from the journal wherever a signature is checked, so it fits one command
// about one thing in one run, and nothing else.
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

// The start of a run, of which `begin` says what it will execute.
std::string start_text(const Value& begin, const Signer& signer);
// A command of a person about `subject` (see decision.h) of the run as it stands: who gives it, and
// when, are the command's `person` and `at`.
std::string command_text(const RunState& state, const Value& subject, const Command& command);

// The command that a record says was taken, `kind`, as far as it was signed.
Command command_of(const Value& record, const std::string& kind);

// Where two such texts differ, as a sentence: what was signed, and what it would have to be.
std::string first_difference(const std::string& signed_text, const std::string& wanted);

// Puts into a record who gave the command that it takes, and how that is proved.
void sign_record(Value& record, const Command& command);

// Why a signed command is not for what is asked now; empty where it is, or where it is not signed.
std::string other_than_signed(const RunState& state, const Command& command);

}  // namespace perilune
