// Keys and signed files as the commands are given them.
#pragma once

#include <string>

#include "interpreter/base/minisign.h"
#include "interpreter/command/command.h"

namespace perilune {

// The key of --key, its password asked for or read from --password-file where it has one.
Result<SigningKey> open_signing_key(const Invocation& invocation);
// The text of a file, once FILE.minisig is seen to be the signature of --public-key over it.
Result<std::string> check_signed_file(const Invocation& invocation, const std::string& path);

}  // namespace perilune
