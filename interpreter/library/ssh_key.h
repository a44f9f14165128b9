// A person's SSH public key as people.yaml has it: the line of a .pub file, and how long it counts.
#pragma once

#include <string>
#include <string_view>

#include "interpreter/base/result.h"
#include "interpreter/library/problems.h"

namespace perilune {

struct SshKey {
    std::string type;         // "ssh-ed25519"
    std::string blob;         // In base64, as the line has it.
    std::string fingerprint;  // "SHA256:…", as ssh-keygen -l shows it.
    double valid_after = 0;   // Unix seconds; 0: always.
    double valid_before = 0;  // Unix seconds; 0: for ever.
    Place place = {};

    bool valid_at(double unix_s) const {
        return unix_s >= valid_after && (valid_before <= 0 || unix_s < valid_before);
    }
};

// Reads "TYPE BASE64 COMMENT". The error says what the text is instead, such as a secret key.
Result<SshKey> parse_ssh_key(std::string_view line);

}  // namespace perilune
