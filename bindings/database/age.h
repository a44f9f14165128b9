// The program age (https://age-encryption.org/v1): its keys' texts, and it as a stage of a stream.
//
// Keys reach it on its standard input, a file in memory, never by an argument or a variable: the
// bytes that it encrypts or decrypts come through a pipe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bindings/database/piped_program.h"

namespace perilune {

struct AgeKeys {
    std::vector<std::string> recipients;  // "age1…", public.
    std::vector<std::string> identities;  // "AGE-SECRET-KEY-1…"
};

// One key a line; empty lines and those that begin with # are none. Keys that would make age
// execute a plugin or read a file are refused. Errors: bad_key, with nothing of the text in it.
Result<AgeKeys> read_age_keys(std::string_view text, const std::string& what);

// The path of "age" or "age-keygen": in `folder`, or where it is empty in the usual ones.
// Errors: no_program.
Result<std::string> find_age_program(const std::string& folder, const std::string& name);

// All of it blocks: for use off the loop.

// Whom identities can read for. Errors: bad_key, no_program.
Result<std::vector<std::string>> recipients_of(const std::string& folder,
                                               const std::vector<std::string>& identities,
                                               const StreamWatch& watch);

// Starts age with what it is fed encrypted to recipients, or decrypted with identities.
Result<std::unique_ptr<PipedProgram>> start_encrypting(const std::string& folder,
                                                       const std::vector<std::string>& recipients,
                                                       TakeBytes take, const StreamWatch& watch);
Result<std::unique_ptr<PipedProgram>> start_decrypting(const std::string& folder,
                                                       const std::vector<std::string>& identities,
                                                       TakeBytes take, const StreamWatch& watch);

// Lets age say whether it takes recipients. Errors: bad_key, no_program.
Status check_recipients(const std::string& folder, const std::vector<std::string>& recipients,
                        const StreamWatch& watch);

// What age said, without its request to report what is unexpected.
std::string shorten_age_words(const std::string& message);

}  // namespace perilune
