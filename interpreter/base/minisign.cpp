#include "interpreter/base/minisign.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <vector>

#include <sodium.h>

namespace perilune {

namespace {

using Bytes = std::vector<unsigned char>;

constexpr std::string_view untrusted = "untrusted comment: ";
constexpr std::string_view trusted_mark = "trusted comment: ";
// Of a secret key: algorithms 6, salt 32, limits 16, then id 8, key 64, checksum 32.
constexpr std::size_t secret_bytes = 158;
constexpr std::size_t salt_at = 6;
constexpr std::size_t limits_at = 38;
constexpr std::size_t keys_at = 54;
constexpr std::size_t keys_bytes = 104;
constexpr std::size_t public_bytes = 42;
constexpr std::size_t signature_bytes = 74;
constexpr std::size_t memory_max = std::size_t{1} << 31;  // minisign's own keys ask for 1 GiB.

void start_sodium() {
    if (sodium_init() < 0) throw std::runtime_error("libsodium could not be started");
}

std::string encode(const unsigned char* bytes, std::size_t count) {
    std::string text(sodium_base64_ENCODED_LEN(count, sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(text.data(), text.size(), bytes, count, sodium_base64_VARIANT_ORIGINAL);
    text.resize(std::strlen(text.c_str()));
    return text;
}

// Empty where it is no base64.
Bytes decode(std::string_view text) {
    Bytes bytes(text.size() + 1);
    std::size_t count = 0;
    if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), "\r\n ", &count,
                          nullptr, sodium_base64_VARIANT_ORIGINAL) != 0)
        return {};
    bytes.resize(count);
    return bytes;
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines.push_back(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

// The line under the untrusted comment, or the only line.
std::string_view coded_line(std::string_view text) {
    const auto lines = lines_of(text);
    if (lines.empty()) return {};
    if (lines.size() > 1 && lines[0].starts_with(untrusted)) return lines[1];
    return lines[0];
}

std::uint64_t little_endian(const unsigned char* bytes) {
    std::uint64_t number = 0;
    for (int i = 7; i >= 0; --i) number = number << 8 | bytes[i];
    return number;
}

Error bad_key(const std::string& why) { return fail("bad_key", why); }

Bytes read_secret(std::string_view file) {
    Bytes bytes = decode(coded_line(file));
    const bool ours = bytes.size() == secret_bytes && bytes[0] == 'E' && bytes[1] == 'd' &&
                      bytes[4] == 'B' && bytes[5] == '2';
    return ours ? bytes : Bytes();
}

// What the key file's checksum is of: algorithm, id and key.
std::array<unsigned char, 32> checksum_of(const unsigned char* id_and_key) {
    std::array<unsigned char, 32> sum{};
    crypto_generichash_state state;
    crypto_generichash_init(&state, nullptr, 0, sum.size());
    const std::array<unsigned char, 2> algorithm{'E', 'd'};
    crypto_generichash_update(&state, algorithm.data(), algorithm.size());
    crypto_generichash_update(&state, id_and_key, 72);
    crypto_generichash_final(&state, sum.data(), sum.size());
    return sum;
}

std::array<unsigned char, 64> prehash(std::string_view text) {
    std::array<unsigned char, 64> hash{};
    crypto_generichash(hash.data(), hash.size(),
                       reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr,
                       0);
    return hash;
}

// The signature and the trusted comment, which the second signature is of.
std::string whole_of(const unsigned char* signature, std::string_view trusted) {
    return std::string(reinterpret_cast<const char*>(signature), 64).append(trusted);
}

const unsigned char* bytes_of(const std::string& text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string show_key_id(const std::array<unsigned char, 8>& id) {
    std::string text;
    for (auto byte = id.rbegin(); byte != id.rend(); ++byte) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02X", *byte);
        text += digits;
    }
    return text;
}

KeyPair make_signing_keys() {
    start_sodium();
    Bytes secret(secret_bytes, 0);
    Bytes shown(public_bytes, 0);
    std::memcpy(secret.data(), "Ed\0\0B2", 6);
    std::memcpy(shown.data(), "Ed", 2);
    std::array<unsigned char, 8> id{};
    randombytes_buf(id.data(), id.size());
    std::memcpy(&secret[keys_at], id.data(), id.size());
    std::memcpy(&shown[2], id.data(), id.size());
    crypto_sign_keypair(&shown[10], &secret[keys_at + 8]);
    const auto sum = checksum_of(&secret[keys_at]);
    std::memcpy(&secret[keys_at + 72], sum.data(), sum.size());
    KeyPair made;
    made.secret_file = std::string(untrusted) + "minisign secret key " + show_key_id(id) + "\n" +
                       encode(secret.data(), secret.size()) + "\n";
    made.public_file = std::string(untrusted) + "minisign public key " + show_key_id(id) + "\n" +
                       encode(shown.data(), shown.size()) + "\n";
    sodium_memzero(secret.data(), secret.size());
    return made;
}

bool needs_password(std::string_view secret_file) {
    const Bytes bytes = read_secret(secret_file);
    return !bytes.empty() && bytes[2] == 'S' && bytes[3] == 'c';
}

Result<SigningKey> read_signing_key(std::string_view secret_file, std::string_view password) {
    start_sodium();
    Bytes bytes = read_secret(secret_file);
    if (bytes.empty()) return bad_key("It is no secret key in minisign's format.");
    if (bytes[2] == 'S' && bytes[3] == 'c') {
        const std::uint64_t operations = little_endian(&bytes[limits_at]);
        const std::uint64_t memory = little_endian(&bytes[limits_at + 8]);
        if (memory > memory_max) return bad_key("Its password would need more than 2 GiB.");
        Bytes stream(keys_bytes);
        if (crypto_pwhash_scryptsalsa208sha256(stream.data(), stream.size(), password.data(),
                                               password.size(), &bytes[salt_at], operations,
                                               static_cast<std::size_t>(memory)) != 0)
            return bad_key("There is not enough memory to open it with its password.");
        for (std::size_t i = 0; i < keys_bytes; ++i) bytes[keys_at + i] ^= stream[i];
    } else if (bytes[2] != 0 || bytes[3] != 0) {
        return bad_key("Its password is kept in a way that is not known.");
    }
    const auto sum = checksum_of(&bytes[keys_at]);
    if (sodium_memcmp(sum.data(), &bytes[keys_at + 72], sum.size()) != 0)
        return bad_key("The password is wrong, or the key is damaged.");
    SigningKey key;
    std::copy_n(&bytes[keys_at], key.id.size(), key.id.begin());
    std::copy_n(&bytes[keys_at + 8], key.secret.size(), key.secret.begin());
    sodium_memzero(bytes.data(), bytes.size());
    return key;
}

Result<PublicKey> read_public_key(std::string_view text) {
    const Bytes bytes = decode(coded_line(text));
    if (bytes.size() != public_bytes || bytes[0] != 'E' || bytes[1] != 'd')
        return bad_key("It is no public key in minisign's format.");
    PublicKey key;
    std::copy_n(&bytes[2], key.id.size(), key.id.begin());
    std::copy_n(&bytes[10], key.key.size(), key.key.begin());
    return key;
}

Result<std::string> sign_text(const SigningKey& key, std::string_view text,
                              std::string_view trusted) {
    start_sodium();
    if (trusted.find('\n') != std::string_view::npos)
        return fail("bad_argument", "A trusted comment is one line.");
    Bytes signature(signature_bytes);
    std::memcpy(signature.data(), "ED", 2);
    std::copy(key.id.begin(), key.id.end(), &signature[2]);
    const auto hash = prehash(text);
    crypto_sign_detached(&signature[10], nullptr, hash.data(), hash.size(), key.secret.data());
    const std::string whole = whole_of(&signature[10], trusted);
    std::array<unsigned char, 64> second{};
    crypto_sign_detached(second.data(), nullptr, bytes_of(whole), whole.size(), key.secret.data());
    return std::string(untrusted) + "signature by perilune, key " + show_key_id(key.id) + "\n" +
           encode(signature.data(), signature.size()) + "\n" + std::string(trusted_mark) +
           std::string(trusted) + "\n" + encode(second.data(), second.size()) + "\n";
}

Result<std::string> verify_signature(const PublicKey& key, std::string_view text,
                                     std::string_view signature_file) {
    const auto bad = [](const std::string& why) { return fail("bad_signature", why); };
    const auto lines = lines_of(signature_file);
    if (lines.size() < 4 || !lines[0].starts_with(untrusted) || !lines[2].starts_with(trusted_mark))
        return bad("It is no signature in minisign's format.");
    const Bytes signature = decode(lines[1]);
    const Bytes second = decode(lines[3]);
    if (signature.size() != signature_bytes || second.size() != 64 || signature[0] != 'E' ||
        (signature[1] != 'D' && signature[1] != 'd'))
        return bad("It is no signature in minisign's format.");
    if (!std::equal(key.id.begin(), key.id.end(), &signature[2])) {
        std::array<unsigned char, 8> id{};
        std::copy_n(&signature[2], id.size(), id.begin());
        return bad("It is signed by another key, " + show_key_id(id) + ", not by " +
                   show_key_id(key.id) + ".");
    }
    const auto hash = prehash(text);
    const bool hashed = signature[1] == 'D';
    const auto* signed_bytes =
        hashed ? hash.data() : reinterpret_cast<const unsigned char*>(text.data());
    if (crypto_sign_verify_detached(&signature[10], signed_bytes,
                                    hashed ? hash.size() : text.size(), key.key.data()) != 0)
        return bad("The signature does not fit: the file is not as it was signed.");
    const std::string_view trusted = lines[2].substr(trusted_mark.size());
    const std::string whole = whole_of(&signature[10], trusted);
    if (crypto_sign_verify_detached(second.data(), bytes_of(whole), whole.size(), key.key.data()) !=
        0)
        return bad("The trusted comment is not as it was signed.");
    return std::string(trusted);
}

}  // namespace perilune
