// Where the host opens secret handles: `secret:NAME` of an environment, and what a store's `read`
// gives. A provider may block, so it is asked off the loop; several threads may ask at once.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "interpreter/base/driver.h"
#include "interpreter/base/result.h"

namespace perilune {

class SecretProvider {
public:
    virtual ~SecretProvider() = default;
    // The value of a version of the secret; of the current one where `version` is empty. The error
    // of a missing secret (`missing_secret`) names the provider and where it looked; no error
    // holds a value.
    virtual Result<std::string> fetch(const std::string& name, const std::string& version) = 0;
};

// The environment variable PREFIX + NAME as it is at this moment: read once, at the host's start.
// Characters of the name that no variable has, such as `/` and `-`, stand there as `_`.
std::shared_ptr<SecretProvider> make_environment_secrets(const std::string& prefix);

// The file NAME in a folder, without one line end at its end. A file that its group or others may
// read is refused (`unsafe_secret`) with the chmod that mends it.
std::shared_ptr<SecretProvider> make_file_secrets(const std::string& folder);

// What a program prints, without one line end at its end; `{name}` and `{version}` in its arguments
// are replaced. It gets PATH and HOME of the host and nothing else, and is ended after `timeout_s`.
std::shared_ptr<SecretProvider> make_command_secrets(std::vector<std::string> argv,
                                                     double timeout_s);

// The provider of a driver of the secrets family.
SecretProvider* provider_of(const Driver& driver);

}  // namespace perilune
