// The SSH key by which who types a command is known, and what is signed with it.
#pragma once

#include <optional>
#include <string>

#include "interpreter/command/command.h"
#include "interpreter/journal/store.h"
#include "interpreter/library/bundle.h"
#include "interpreter/library/people.h"
#include "interpreter/run/run_state.h"
#include "interpreter/run/steering.h"

namespace perilune {

struct PersonKey {
    std::string person;
    std::string fingerprint;
    std::string line;        // The public key, as its .pub file has it.
    std::string file;        // What ssh-keygen signs by; empty: ssh-agent holds it.
    bool asked_for = false;  // Named by --key or PERILUNE_KEY.
};

// Of --key, else of PERILUNE_KEY, else the first of those in ssh-agent and in ~/.ssh that is
// somebody's; nothing where there is none. A key that was named and is nobody's is refused.
Result<std::optional<PersonKey>> find_person_key(const Invocation& invocation,
                                                 const People& people);

// What is said where nothing proves who `who` is, though people are known by keys.
std::string not_signed(const std::string& who);

// { person, text, signature } as a command carries it; nil where a key that nobody named does not
// sign without being asked for a passphrase that nobody is there to type.
Result<Value> sign_as(const PersonKey& key, const std::string& text, bool may_ask);

// Signs a command as the run stands: sets `signed` of its body. Returns why it is not signed, or
// empty: also where the run's code knows nobody by a key, or commands of its kind are not signed.
Result<std::string> sign_given(const Invocation& invocation, const People& people,
                               const RunState& state, Command& given, bool may_ask);

// Signs what a command says to a run, where the run's people know a key of who types it: sets
// `signed` of its body. What is not signed is said on standard error. `instead`: the code that the
// run goes on with from now on; null where that is its own.
Status sign_command(const Invocation& invocation, Store& store, InboxRow& command,
                    const Bundle* instead = nullptr);

}  // namespace perilune
