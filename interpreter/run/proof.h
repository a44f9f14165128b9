// Whether what somebody signed is theirs, by the people whom a run's own code names.
#pragma once

#include <string>

#include "interpreter/library/people.h"

namespace perilune {

// A proof is { text, signature, key }. Returns the fingerprint of the key where it is one of
// `person` over that text, valid at `at_s`; else a sentence says what is wrong (code
// "bad_signature"). Blocking: ssh-keygen is executed.
Result<std::string> check_proof(const People& people, const std::string& person, const Value& proof,
                                double at_s);

// What became of the signature that a command came with.
struct Signature {
    std::string person;   // Empty where it came with none, or with one that does not hold.
    Value proof;          // { text, signature, key }
    std::string problem;  // Why it does not hold; empty where it does, or where there is none.
};

// Whether a command of this kind is a person's decision, which the journal keeps: all but `pause`
// and `where`, of which no record tells.
bool is_signed_kind(std::string_view command_kind);
// Of a command with this body, for a run of this code. Blocking.
Signature check_signature(const Texts& bundle, const Value& body, double at_s);

}  // namespace perilune
