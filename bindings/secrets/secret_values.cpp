// The one file that adapts OpenSSL for this family.
#include "bindings/secrets/secret_values.h"

#include <array>
#include <memory>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "interpreter/base/digest.h"

namespace perilune {

namespace {

constexpr unsigned rsa_bits_by_default = 3072;
constexpr std::size_t rsa_bytes_min = 256;

// Signs that need no quoting in a shell, a URL's user part or a connection string.
constexpr std::array<std::string_view, 4> alphabets = {
    "abcdefghijkmnopqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "-_.~"};

// A number below `count`, each as likely: bytes past the last whole multiple are thrown away.
std::size_t random_below(std::size_t count) {
    for (;;) {
        const std::size_t byte = static_cast<unsigned char>(random_bytes(1)[0]);
        if (byte < 256 - 256 % count) return byte % count;
    }
}

// A password has one of each kind at least; it is drawn anew until it has.
std::string make_password(std::size_t length) {
    std::string all;
    for (const auto alphabet : alphabets) all += alphabet;
    for (;;) {
        std::string password;
        while (password.size() < length) password += all[random_below(all.size())];
        bool whole = true;
        for (const auto alphabet : alphabets)
            whole = whole && password.find_first_of(alphabet) != std::string::npos;
        if (whole) return password;
        wipe(password);
    }
}

Result<std::string> to_pem(EVP_PKEY* raw) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(raw, EVP_PKEY_free);
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> out(BIO_new(BIO_s_secmem()), BIO_free_all);
    const bool written = key && out &&
                         PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0,
                                                       nullptr, nullptr) == 1;
    char* text = nullptr;
    const long size = written ? BIO_get_mem_data(out.get(), &text) : 0;
    if (size > 0) return std::string(text, static_cast<std::size_t>(size));
    return fail("key_failed", "OpenSSL could not make the key.", Retry::safe);
}

}  // namespace

Result<std::string> make_secret_value(const std::string& kind, std::size_t length) {
    if (kind == "random") return to_hex(random_bytes(length));
    if (kind == "password") return make_password(length);
    if (kind == "ed25519") return to_pem(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    const std::size_t bits = length >= rsa_bytes_min ? length * 8 : rsa_bits_by_default;
    return to_pem(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
}

void wipe(std::string& text) { OPENSSL_cleanse(text.data(), text.size()); }

}  // namespace perilune
