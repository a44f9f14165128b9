#include "bindings/dns/dns_exchange.h"

#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>

#include "interpreter/base/digest.h"

namespace perilune {

namespace {

Error lost(const std::string& why) { return fail("lookup_failed", why, Retry::unknown); }

}  // namespace

std::uint16_t random_message_id() {
    const std::string bytes = random_bytes(2);
    return static_cast<std::uint16_t>((static_cast<unsigned char>(bytes[0]) << 8) |
                                      static_cast<unsigned char>(bytes[1]));
}

Result<Descriptor> connect_to(const NameServer& server, int kind, double until_s) {
    const auto failed = [](const std::string& why) {
        return fail("lookup_failed", why, Retry::safe);
    };
    Descriptor socket(::socket(server.address.ss_family, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.open()) return failed(std::strerror(errno));
    const auto* address = reinterpret_cast<const sockaddr*>(&server.address);
    if (::connect(socket.get(), address, server.length) == 0) return socket;
    if (errno != EINPROGRESS) return failed(std::strerror(errno));
    if (!wait_ready(socket.get(), POLLOUT, until_s))
        return failed("the TCP connection was not answered");
    int code = 0;
    socklen_t size = sizeof code;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &code, &size);
    if (code != 0) return failed(std::strerror(code));
    return socket;
}

Result<TcpLine> TcpLine::open(const NameServer& server, double until_s) {
    auto socket = connect_to(server, SOCK_STREAM, until_s);
    if (!socket) return socket.error();
    return TcpLine(std::move(*socket));
}

Status TcpLine::send(const std::string& message, double until_s) {
    std::string rest = {static_cast<char>(message.size() >> 8 & 0xff),
                        static_cast<char>(message.size() & 0xff)};
    rest += message;
    while (!rest.empty()) {
        if (!wait_ready(socket_.get(), POLLOUT, until_s))
            return lost("the message could not be sent over TCP in time");
        const auto sent = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return lost(std::strerror(errno));
        if (sent > 0) rest.erase(0, static_cast<std::size_t>(sent));
    }
    return Done{};
}

Result<std::string> TcpLine::receive_exactly(std::size_t count, double until_s) {
    std::string bytes(count, '\0');
    std::size_t have = 0;
    while (have < count) {
        if (!wait_ready(socket_.get(), POLLIN, until_s))
            return lost("the answer over TCP did not come in time");
        const auto got = ::recv(socket_.get(), bytes.data() + have, count - have, 0);
        if (got == 0) return lost("the server closed the TCP connection");
        if (got < 0 && errno != EAGAIN && errno != EINTR) return lost(std::strerror(errno));
        if (got > 0) have += static_cast<std::size_t>(got);
    }
    return bytes;
}

Result<std::string> TcpLine::receive(double until_s) {
    const auto prefix = receive_exactly(2, until_s);
    if (!prefix) return prefix;
    return receive_exactly(
        static_cast<std::size_t>(static_cast<unsigned char>((*prefix)[0])) * 256 +
            static_cast<unsigned char>((*prefix)[1]),
        until_s);
}

}  // namespace perilune
