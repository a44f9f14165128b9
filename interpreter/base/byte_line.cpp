// Sockets by poll, TLS by OpenSSL.
#include "interpreter/base/byte_line.h"

#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "interpreter/base/files.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

constexpr std::size_t read_bytes = 64 << 10;

std::string shown(const LineAddress& address) { return address.host + ":" + address.port; }

Error not_connected(const LineAddress& address, std::string_view code, const std::string& why) {
    return fail(code, "Connecting to " + shown(address) + " failed: " + why + ". Nothing was sent.",
                Retry::safe);
}

Error lost(const std::string& why) {
    return fail("connection_lost", "The connection was lost: " + why + ".", Retry::unknown);
}

Error late() { return fail("timed_out", "The server did not answer in time.", Retry::unknown); }

Result<Descriptor> connect_one(const LineAddress& address, const addrinfo& one, double until_s) {
    Descriptor socket(
        ::socket(one.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, one.ai_protocol));
    if (!socket.open()) return not_connected(address, "unreachable", std::strerror(errno));
    int code = ::connect(socket.get(), one.ai_addr, one.ai_addrlen) == 0 ? 0 : errno;
    if (code == EINPROGRESS) {
        if (!wait_ready(socket.get(), POLLOUT, until_s))
            return not_connected(address, "timed_out", "it does not answer");
        socklen_t size = sizeof code;
        ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &code, &size);
    }
    if (code == 0) return socket;
    return not_connected(address, code == ECONNREFUSED ? "refused" : "unreachable",
                         std::strerror(code));
}

Result<Descriptor> connect_any(const LineAddress& address, double until_s) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int code = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found);
    if (code != 0) return not_connected(address, "name_not_found", ::gai_strerror(code));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> kept(found, ::freeaddrinfo);
    Result<Descriptor> last = not_connected(address, "unreachable", "it has no address");
    for (const addrinfo* one = found; one; one = one->ai_next) {
        last = connect_one(address, *one, until_s);
        if (last) return last;
    }
    return last;
}

class PlainLine final : public ByteLine {
public:
    explicit PlainLine(Descriptor socket) : socket_(std::move(socket)) {}

    Status write(std::string_view bytes, double until_s) override {
        while (!bytes.empty()) {
            const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent > 0) {
                bytes.remove_prefix(static_cast<std::size_t>(sent));
            } else if (errno != EAGAIN && errno != EINTR) {
                return lost(std::strerror(errno));
            } else if (!wait_ready(socket_.get(), POLLOUT, until_s)) {
                return late();
            }
        }
        return Done{};
    }

    Result<std::string> read_some(double until_s) override {
        std::string bytes(read_bytes, '\0');
        for (;;) {
            const auto got = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
            if (got > 0) return bytes.substr(0, static_cast<std::size_t>(got));
            if (got == 0) return lost("the server closed it");
            if (errno != EAGAIN && errno != EINTR) return lost(std::strerror(errno));
            if (!wait_ready(socket_.get(), POLLIN, until_s)) return late();
        }
    }

private:
    Descriptor socket_;
};

std::string tls_reason() {
    std::array<char, 256> text{};
    const unsigned long code = ERR_peek_last_error();
    if (code == 0) return "the server closed the connection";
    ERR_error_string_n(code, text.data(), text.size());
    return text.data();
}

class TlsLine final : public ByteLine {
public:
    explicit TlsLine(Descriptor socket) : socket_(std::move(socket)) {}

    Status shake_hands(const LineAddress& address, double until_s) {
        SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
        const std::string& authority = address.certificate_authority;
        const bool trusts =
            authority.empty()
                ? SSL_CTX_set_default_verify_paths(context_.get()) == 1
                : SSL_CTX_load_verify_locations(context_.get(), authority.c_str(), nullptr) == 1;
        if (!trusts)
            return fail("tls_failed", "The authority's certificate " + authority +
                                          " cannot be read. Nothing was sent.");
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, nullptr);
        SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        SSL_set1_host(ssl_.get(), address.host.c_str());
        SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(address.host.c_str()));
        SSL_set_fd(ssl_.get(), socket_.get());
        const auto connect = [this] { return SSL_connect(ssl_.get()); };
        const auto well = until_done(connect, until_s);
        if (well) return Done{};
        const bool distrusted = SSL_get_verify_result(ssl_.get()) != X509_V_OK;
        const std::string why =
            distrusted ? X509_verify_cert_error_string(SSL_get_verify_result(ssl_.get()))
                       : well.error().message;
        return fail("tls_failed",
                    "TLS with " + shown(address) + " failed: " + why + ". Nothing was sent.",
                    distrusted ? Retry::never : Retry::safe);
    }

    Status write(std::string_view bytes, double until_s) override {
        const auto send = [&] {
            return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
        };
        if (bytes.empty()) return Done{};
        const auto sent = until_done(send, until_s);
        return sent ? Status(Done{}) : Status(sent.error());
    }

    Result<std::string> read_some(double until_s) override {
        std::string bytes(read_bytes, '\0');
        const auto receive = [&] {
            return SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
        };
        const auto got = until_done(receive, until_s);
        if (!got) return got.error();
        return bytes.substr(0, static_cast<std::size_t>(*got));
    }

private:
    template <class Act>
    Result<int> until_done(const Act& act, double until_s) {
        for (;;) {
            ERR_clear_error();
            const int done = act();
            if (done > 0) return done;
            const int why = SSL_get_error(ssl_.get(), done);
            const bool reads = why == SSL_ERROR_WANT_READ;
            if (!reads && why != SSL_ERROR_WANT_WRITE) return lost(tls_reason());
            if (!wait_ready(socket_.get(), reads ? POLLIN : POLLOUT, until_s)) return late();
        }
    }

    Descriptor socket_;
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{SSL_CTX_new(TLS_client_method()),
                                                               SSL_CTX_free};
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, SSL_free};
};

}  // namespace

bool wait_ready(int fd, short events, double until_s) {
    for (;;) {
        const double left_ms = (until_s - boot_now_s()) * 1000;
        if (left_ms <= 0) return false;
        pollfd waited{.fd = fd, .events = events, .revents = 0};
        const int ready = ::poll(&waited, 1, static_cast<int>(std::ceil(left_ms)));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
}

Result<std::unique_ptr<ByteLine>> ByteLine::open(const LineAddress& address, double until_s) {
    auto socket = connect_any(address, until_s);
    if (!socket) return socket.error();
    if (!address.tls) return std::unique_ptr<ByteLine>(new PlainLine(std::move(*socket)));
    auto line = std::make_unique<TlsLine>(std::move(*socket));
    if (const auto shaken = line->shake_hands(address, until_s); !shaken) return shaken.error();
    return std::unique_ptr<ByteLine>(std::move(line));
}

}  // namespace perilune
