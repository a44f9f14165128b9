// The command `doctor`: every credential, host and tool that will be needed, tried beforehand.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "interpreter/command/command.h"
#include "interpreter/library/environment.h"
#include "interpreter/run/secret_opener.h"

namespace perilune {

int execute_doctor(const Invocation& invocation);

// Which changes runbooks make of each target, as far as their files show.
struct WantedChanges {
    std::set<std::string> names;
    bool any = false;  // Where a file does not show it.
};
using WantedByTarget = std::map<std::string, WantedChanges>;

// One line of the table.
struct Examined {
    enum class State { ok, note, problem };
    std::string what;  // "dns/site", "secret PRIMARY_URL", "clock"
    State state = State::ok;
    std::string found;    // What there is, in a few words; never a secret's value.
    std::string advice;   // What to do, where something is to be done.
    double took_s = -1;   // -1: not measured.
    bool secret = false;  // A problem of it is one of credentials.
};

using Examination = std::vector<Examined>;

// This machine: state folder, clock, helper programs, what the kernel has for confining scripts.
void examine_machine(const Invocation& invocation, Examination& all);
// A worker, started and heard of.
void examine_worker(const std::string& program, Examination& all);
// Every secret by its name: whether it can be opened.
void examine_secrets(const std::vector<std::string>& names, SecretOpener& opener, Examination& all);
// Every target: its driver made, one cheap observe of it answered, and what its driver asks
// besides.
void examine_targets(const Environment& environment, const std::vector<std::string>& targets,
                     const WantedByTarget& wanted, const Invocation& invocation,
                     SecretOpener& opener, const Masker& masker, Examination& all);

}  // namespace perilune
