// Sockets and TLS of the test server; blocking, because each connection has a thread of its own.
#include "tests/support/wire.h"

#include <array>
#include <stdexcept>

#include <sys/socket.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

namespace perilune::test {

namespace {

// The server speaks HTTP/1.1 only, also where a client would like HTTP/2.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* length,
                    const unsigned char* offered, unsigned int offered_length, void*) {
    static constexpr unsigned char own[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, length, own, sizeof own, offered, offered_length) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Wire::Wire(int fd, ssl_ctx_st* tls) : fd_(fd) {
    if (!tls) return;
    tls_ = SSL_new(tls);
    SSL_set_fd(tls_, fd_);
}

Wire::~Wire() {
    close();
    SSL_free(tls_);
    ::close(fd_);
}

bool Wire::shake_hands() { return !tls_ || SSL_accept(tls_) == 1; }

void Wire::read_handshake_bytes() {
    std::array<char, 5> bytes{};
    [[maybe_unused]] const auto got = ::recv(fd_, bytes.data(), bytes.size(), 0);
}

bool Wire::read_more(std::string& into) {
    std::array<char, 4096> piece{};
    const auto got = tls_ ? SSL_read(tls_, piece.data(), static_cast<int>(piece.size()))
                          : ::recv(fd_, piece.data(), piece.size(), 0);
    if (got <= 0) return false;
    into.append(piece.data(), static_cast<std::size_t>(got));
    return true;
}

bool Wire::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = tls_ ? SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()))
                               : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

void Wire::close_sending_side() { ::shutdown(fd_, SHUT_WR); }

void Wire::reset() {
    const linger at_once = {.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    SSL_free(tls_);
    tls_ = nullptr;
    was_reset_ = true;  // A shutdown would send an orderly end before the reset.
}

void Wire::close() {
    if (tls_ && SSL_is_init_finished(tls_)) SSL_shutdown(tls_);
    // The descriptor stays until the object goes, so that `interrupt` never hits another one.
    if (!was_reset_) ::shutdown(fd_, SHUT_RDWR);
}

void Wire::interrupt() { ::shutdown(fd_, SHUT_RDWR); }

ssl_ctx_st* make_tls(const std::string& certificate_pem, const std::string& key_pem) {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    BIO* text = BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size()));
    X509* certificate = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
    BIO_free(text);
    text = BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size()));
    EVP_PKEY* key = PEM_read_bio_PrivateKey(text, nullptr, nullptr, nullptr);
    BIO_free(text);
    const bool usable = SSL_CTX_use_certificate(context, certificate) == 1 &&
                        SSL_CTX_use_PrivateKey(context, key) == 1;
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (!usable) throw std::runtime_error("the test server's certificate does not fit its key");
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
    return context;
}

void free_tls(ssl_ctx_st* context) { SSL_CTX_free(context); }

}  // namespace perilune::test
