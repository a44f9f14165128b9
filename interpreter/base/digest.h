// SHA-256 and the forms in which digests are shown; OpenSSL behind it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "interpreter/base/result.h"

namespace perilune {

// Digests bytes as they come.
class Digest {
public:
    explicit Digest(const char* algorithm = "sha256");  // "sha256", "sha512", "sha1", "md5"
    ~Digest();
    Digest(const Digest&) = delete;
    Digest& operator=(const Digest&) = delete;

    void add(std::string_view bytes);
    std::string finish();  // Raw bytes; the object is spent afterwards.

private:
    struct Hidden;
    std::unique_ptr<Hidden> hidden_;
};

std::string sha256(std::string_view bytes);      // 32 raw bytes
std::string hmac_sha256(std::string_view key, std::string_view bytes);  // 32 raw bytes
std::string to_hex(std::string_view bytes);
std::string from_hex(std::string_view text);     // Empty where the text is not hexadecimal.
std::string random_bytes(std::size_t count);     // From the system's generator.
// The SHA-256 of a file in hexadecimal, read in pieces.
Result<std::string> digest_file(const std::string& path, const char* algorithm = "sha256");

}  // namespace perilune
