#include "bindings/dns/tsig.h"

#include <array>
#include <optional>

#include "bindings/dns/names.h"
#include "interpreter/base/digest.h"

namespace perilune {

namespace {

constexpr std::uint16_t tsig_type = 250;
constexpr std::uint16_t any_class = 255;
constexpr std::uint16_t fudge_s = 300;
constexpr std::size_t header_bytes = 12;
constexpr int unsigned_messages_max = 99;

struct Algorithm {
    std::string_view name;
    const char* digest;
    std::size_t block_bytes;
};
constexpr std::array algorithms = {
    Algorithm{"hmac-sha256", "sha256", 64}, Algorithm{"hmac-sha512", "sha512", 128},
    Algorithm{"hmac-sha384", "sha384", 128}, Algorithm{"hmac-sha1", "sha1", 64}};

const Algorithm& algorithm_of(const TsigKey& key) {
    for (const auto& known : algorithms)
        if (known.name == key.algorithm) return known;
    return algorithms[0];
}

std::string digest_of(const Algorithm& algorithm, std::string_view first, std::string_view second) {
    Digest digest(algorithm.digest);
    digest.add(first);
    digest.add(second);
    return digest.finish();
}

// RFC 2104.
std::string hmac(const TsigKey& key, std::string_view bytes) {
    const Algorithm& algorithm = algorithm_of(key);
    std::string secret = key.secret;
    if (secret.size() > algorithm.block_bytes) secret = digest_of(algorithm, secret, "");
    secret.resize(algorithm.block_bytes, '\0');
    std::string inner = secret;
    std::string outer = secret;
    for (char& byte : inner) byte = static_cast<char>(byte ^ 0x36);
    for (char& byte : outer) byte = static_cast<char>(byte ^ 0x5c);
    return digest_of(algorithm, outer, digest_of(algorithm, inner, bytes));
}

void append_number(std::string& out, std::uint64_t number, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        out += static_cast<char>(number >> shift & 0xff);
}

std::uint64_t number_at(std::string_view bytes, std::size_t at, int count) {
    std::uint64_t number = 0;
    for (int i = 0; i < count; ++i)
        number = number << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
    return number;
}

std::string wire_name(std::string_view name) {
    std::string wire;
    while (!name.empty() && name != ".") {
        const auto label = name.substr(0, name.find('.'));
        wire += static_cast<char>(label.size());
        wire += label;
        name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    return wire + '\0';
}

std::string with_length(std::string_view bytes) {
    std::string out;
    append_number(out, bytes.size(), 2);
    return out += bytes;
}

std::string timers(std::uint64_t signed_at_s, std::uint64_t fudge) {
    std::string out;
    append_number(out, signed_at_s, 6);
    append_number(out, fudge, 2);
    return out;
}

// What is signed besides the message (RFC 8945, 4.3.3).
std::string variables(const TsigKey& key, std::uint64_t signed_at_s, std::uint64_t fudge,
                      std::uint64_t error, std::string_view other) {
    std::string out = wire_name(key.name);
    append_number(out, any_class, 2);
    append_number(out, 0, 4);
    out += wire_name(key.algorithm) + timers(signed_at_s, fudge);
    append_number(out, error, 2);
    return out + with_length(other);
}

// Moves past a name; false where the message ends within it.
bool skip_name(std::string_view message, std::size_t& at) {
    while (at < message.size()) {
        const auto length = static_cast<unsigned char>(message[at]);
        if (length >= 0xc0) return (at += 2) <= message.size();
        at += 1 + static_cast<std::size_t>(length);
        if (length == 0) return at <= message.size();
    }
    return false;
}

struct Signature {
    std::size_t begins_at = 0;
    std::uint64_t signed_at_s = 0;
    std::uint64_t fudge = 0;
    std::string mac;
    std::uint64_t id = 0;
    std::uint64_t error = 0;
    std::string other;
};

std::optional<Signature> read_rdata(std::string_view rdata, std::size_t begins_at) {
    Signature found;
    found.begins_at = begins_at;
    std::size_t at = 0;
    if (!skip_name(rdata, at) || at + 10 > rdata.size()) return std::nullopt;
    found.signed_at_s = number_at(rdata, at, 6);
    found.fudge = number_at(rdata, at + 6, 2);
    const std::size_t mac_bytes = number_at(rdata, at + 8, 2);
    at += 10;
    if (at + mac_bytes + 6 > rdata.size()) return std::nullopt;
    found.mac = rdata.substr(at, mac_bytes);
    at += mac_bytes;
    found.id = number_at(rdata, at, 2);
    found.error = number_at(rdata, at + 2, 2);
    const std::size_t other_bytes = number_at(rdata, at + 4, 2);
    if (at + 6 + other_bytes > rdata.size()) return std::nullopt;
    found.other = rdata.substr(at + 6, other_bytes);
    return found;
}

// The signature at the message's end, where its last record is one.
std::optional<Signature> find_signature(std::string_view message) {
    if (message.size() < header_bytes) return std::nullopt;
    std::size_t at = header_bytes;
    for (std::uint64_t i = number_at(message, 4, 2); i > 0; --i) {
        if (!skip_name(message, at)) return std::nullopt;
        at += 4;
        if (at > message.size()) return std::nullopt;
    }
    const std::uint64_t records =
        number_at(message, 6, 2) + number_at(message, 8, 2) + number_at(message, 10, 2);
    std::optional<Signature> last;
    for (std::uint64_t i = 0; i < records; ++i) {
        const std::size_t begins_at = at;
        if (!skip_name(message, at) || at + 10 > message.size()) return std::nullopt;
        const std::uint64_t type = number_at(message, at, 2);
        const std::size_t size = number_at(message, at + 8, 2);
        at += 10;
        if (at + size > message.size()) return std::nullopt;
        last.reset();
        if (type == tsig_type) last = read_rdata(message.substr(at, size), begins_at);
        at += size;
    }
    return last;
}

// The message as it was before it was signed: one additional record less, its first id.
std::string without(std::string_view message, const Signature& signature) {
    std::string bare;
    append_number(bare, signature.id, 2);
    bare += message.substr(2, 8);
    append_number(bare, number_at(message, 10, 2) - 1, 2);
    return bare += message.substr(header_bytes, signature.begins_at - header_bytes);
}

Error refused(std::uint64_t code) {
    const std::string_view why = code == 16   ? "the signature does not fit the key (BADSIG)"
                                 : code == 17 ? "it does not know the key (BADKEY)"
                                 : code == 18 ? "the clocks differ by more than 5 minutes (BADTIME)"
                                              : "the signature";
    return fail("credentials_refused",
                "The name server refuses the request: " + std::string(why) +
                    ". Check the key's name, algorithm and secret, and the clocks.");
}

}  // namespace

bool is_tsig_algorithm(std::string_view algorithm) {
    for (const auto& known : algorithms)
        if (known.name == algorithm) return true;
    return false;
}

SignedMessage sign_message(const TsigKey& key, std::string message, std::uint64_t now_s) {
    const std::string mac = hmac(key, message + variables(key, now_s, fudge_s, 0, ""));
    std::string rdata =
        wire_name(key.algorithm) + timers(now_s, fudge_s) + with_length(mac) + message.substr(0, 2);
    append_number(rdata, 0, 4);  // No error, nothing other.
    std::string record = wire_name(key.name);
    append_number(record, tsig_type, 2);
    append_number(record, any_class, 2);
    append_number(record, 0, 4);
    record += with_length(rdata);
    std::string counted;
    append_number(counted, number_at(message, 10, 2) + 1, 2);
    message.replace(10, 2, counted);
    return {message + record, mac};
}

Result<std::string> TsigProof::take(std::string_view message, std::uint64_t now_s) {
    const bool first = messages_++ == 0;
    const auto signature = find_signature(message);
    if (!signature) {
        if (first || messages_ > unsigned_messages_max)
            return fail("bad_reply", "The name server's answer is not signed.", Retry::safe);
        unsigned_ += message;
        return std::string(message);
    }
    if (signature->error != 0) return refused(signature->error);
    const std::string bare = without(message, *signature);
    std::string text = with_length(mac_) + unsigned_ + bare;
    text += first ? variables(key_, signature->signed_at_s, signature->fudge, 0, signature->other)
                  : timers(signature->signed_at_s, signature->fudge);
    if (hmac(key_, text) != signature->mac)
        return fail("bad_reply", "The signature of the name server's answer is false.",
                    Retry::safe);
    const std::uint64_t apart = now_s > signature->signed_at_s ? now_s - signature->signed_at_s
                                                               : signature->signed_at_s - now_s;
    if (apart > signature->fudge) return refused(18);
    mac_ = signature->mac;
    unsigned_.clear();
    return bare;
}

}  // namespace perilune
