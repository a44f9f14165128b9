#include "interpreter/base/digest.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include <sys/random.h>

// SHA-256 by itself is deprecated in OpenSSL 3, whose own way there reads a configuration and looks
// for providers first: half a millisecond of every start. It is the same code that hashes.
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

namespace perilune {

// One of the two: SHA-256 by itself, or another algorithm by its name.
struct Digest::Hidden {
    SHA256_CTX sha256{};
    EVP_MD_CTX* context = nullptr;
    ~Hidden() { EVP_MD_CTX_free(context); }
};

Digest::Digest(const char* algorithm) : hidden_(std::make_unique<Hidden>()) {
    if (std::string_view(algorithm) == "sha256") {
        SHA256_Init(&hidden_->sha256);
        return;
    }
    hidden_->context = EVP_MD_CTX_new();
    const EVP_MD* method = EVP_get_digestbyname(algorithm);
    if (!method || EVP_DigestInit_ex(hidden_->context, method, nullptr) != 1)
        throw std::invalid_argument(std::string("no such digest: ") + algorithm);
}

Digest::~Digest() = default;

void Digest::add(std::string_view bytes) {
    if (hidden_->context)
        EVP_DigestUpdate(hidden_->context, bytes.data(), bytes.size());
    else
        SHA256_Update(&hidden_->sha256, bytes.data(), bytes.size());
}

std::string Digest::finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = SHA256_DIGEST_LENGTH;
    if (hidden_->context)
        EVP_DigestFinal_ex(hidden_->context, out.data(), &size);
    else
        SHA256_Final(out.data(), &hidden_->sha256);
    return {reinterpret_cast<const char*>(out.data()), size};
}

std::string sha256(std::string_view bytes) {
    Digest digest;
    digest.add(bytes);
    return digest.finish();
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
    std::string out(SHA256_DIGEST_LENGTH, '\0');
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(out.data()), &size);
    return out;
}

std::string to_hex(std::string_view bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::string from_hex(std::string_view text) {
    const auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    std::string out;
    if (text.size() % 2 != 0) return out;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = digit(text[i]);
        const int low = digit(text[i + 1]);
        if (high < 0 || low < 0) return {};
        out += static_cast<char>(high * 16 + low);
    }
    return out;
}

std::string random_bytes(std::size_t count) {
    std::string out(count, '\0');
    std::size_t filled = 0;
    while (filled < count) {
        const auto got = getrandom(out.data() + filled, count - filled, 0);
        if (got < 0 && errno != EINTR) throw std::runtime_error("getrandom failed");
        if (got > 0) filled += static_cast<std::size_t>(got);
    }
    return out;
}

Result<std::string> digest_file(const std::string& path, const char* algorithm) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                               std::fclose);
    if (!file) return fail("not_readable", "Reading " + path + ": " + std::strerror(errno) + ".");
    Digest digest(algorithm);
    std::string buffer(1 << 16, '\0');
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), file.get()))
        digest.add(std::string_view(buffer).substr(0, got));
    if (std::ferror(file.get()))
        return fail("not_readable", "Reading " + path + ": " + std::strerror(errno) + ".");
    return to_hex(digest.finish());
}

}  // namespace perilune
