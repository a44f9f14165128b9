// Transaction signatures of DNS messages (RFC 8945): made, and proved, over the bytes on the wire.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "interpreter/base/result.h"

namespace perilune {

struct TsigKey {
    std::string name;       // Absolute, lower-case, without the last dot.
    std::string algorithm;  // "hmac-sha256", "hmac-sha512", "hmac-sha384" or "hmac-sha1".
    std::string secret;     // Raw bytes.
};

// "hmac-sha256" and the like, or nothing known.
bool is_tsig_algorithm(std::string_view algorithm);

// A message and its signature, as it is sent; `mac` proves the answer.
struct SignedMessage {
    std::string bytes;
    std::string mac;
};
SignedMessage sign_message(const TsigKey& key, std::string message, std::uint64_t now_s);

// Proves the messages that answer one signed request, one after the other: a transfer has several,
// of which not every one is signed (section 5.3.1).
class TsigProof {
public:
    TsigProof(const TsigKey& key, std::string request_mac)
        : key_(key), mac_(std::move(request_mac)) {}

    // Takes the next message; fails where its signature is missing at the beginning, false, or too
    // old, or where the server refuses ours. Returns the message without the signature.
    Result<std::string> take(std::string_view message, std::uint64_t now_s);
    // True once what came last was signed.
    bool proved() const { return unsigned_.empty() && messages_ > 0; }

private:
    const TsigKey& key_;
    std::string mac_;       // Of the request, then of the answer signed last.
    std::string unsigned_;  // Messages since then.
    int messages_ = 0;
};

}  // namespace perilune
