// Makes secret values: random texts, passwords and private keys. OpenSSL stays behind it.
#pragma once

#include <cstddef>
#include <string>

#include "interpreter/base/result.h"

namespace perilune {

// Of kind random (hexadecimal), password, rsa or ed25519 (PKCS#8, PEM); see secrets:generate.
Result<std::string> make_secret_value(const std::string& kind, std::size_t length);

// Overwrites the text before it is freed.
void wipe(std::string& text);

}  // namespace perilune
