// Ed25519 signatures in minisign's format, which `minisign` itself makes and checks too.
// Format: https://jedisct1.github.io/minisign/ (prehashed signatures, "ED").
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "interpreter/base/result.h"

namespace perilune {

struct SigningKey {
    std::array<unsigned char, 8> id{};
    std::array<unsigned char, 64> secret{};
};

struct PublicKey {
    std::array<unsigned char, 8> id{};
    std::array<unsigned char, 32> key{};
};

struct KeyPair {
    std::string secret_file;  // The text of the file that only its owner may read; no password.
    std::string public_file;
};

KeyPair make_signing_keys();

// Whether the text is a secret key that a password protects.
bool needs_password(std::string_view secret_file);
// Errors: bad_key where it is none, or the password is wrong.
Result<SigningKey> read_signing_key(std::string_view secret_file, std::string_view password = {});
// The text of a public key's file, or its one line alone.
Result<PublicKey> read_public_key(std::string_view text);

// The text of the signature's file. `trusted` is signed too: one line, such as the time.
Result<std::string> sign_text(const SigningKey& key, std::string_view text,
                              std::string_view trusted);
// The trusted comment. Errors: bad_signature where it is not this key's over this text.
Result<std::string> verify_signature(const PublicKey& key, std::string_view text,
                                     std::string_view signature_file);

// The key's number as minisign shows it: 16 hexadecimal digits.
std::string show_key_id(const std::array<unsigned char, 8>& id);

}  // namespace perilune
