// Keys of the program age for tests, and it as the other client.
#pragma once

#include <string>

#include "tests/services/service.h"

namespace perilune::test {

struct AgeKey {
    std::string identity;   // AGE-SECRET-KEY-1…
    std::string recipient;  // age1…
    std::string file;       // What age-keygen writes: comments, and the identity.

    AgeKey() {
        file = run_to_end({"/usr/bin/age-keygen"}).output;
        const auto take = [this](const std::string& start) {
            const auto at = file.find(start);
            return file.substr(at, file.find('\n', at) - at);
        };
        identity = take("AGE-SECRET-KEY-1");
        recipient = take("age1");
        // It says the recipient on standard error, too.
        file = file.substr(file.find("# created"));
    }
};

// One for all tests that need no second.
inline const AgeKey& shared_age_key() {
    static const AgeKey key;
    return key;
}

// True where age is installed; says or fails otherwise, as has_program does.
inline bool has_age() { return has_program("age"); }

}  // namespace perilune::test
