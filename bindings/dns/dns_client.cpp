#include "bindings/dns/dns_client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <memory>

#include <netdb.h>
#include <poll.h>
#include <unistd.h>

#include "interpreter/base/digest.h"
#include "interpreter/base/files.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

constexpr int udp_tries = 3;
constexpr double udp_wait_s = 1.5;
constexpr double tcp_wait_s = 4;
constexpr std::size_t message_bytes_max = 65535;

struct Question {
    const NameServer& server;
    const std::string& name;
    const std::string& type;
    double deadline_s;
};

Error no_answer(const Question& question, const std::string& why) {
    return fail("lookup_failed",
                "Asking " + question.server.shown + " for " + question.name + " " + question.type +
                    ": " + why + ".",
                Retry::safe);
}

std::uint16_t random_id() {
    const std::string bytes = random_bytes(2);
    return static_cast<std::uint16_t>((static_cast<unsigned char>(bytes[0]) << 8) |
                                      static_cast<unsigned char>(bytes[1]));
}

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

Result<Descriptor> connect_to(const Question& question, int kind, double until_s) {
    const NameServer& server = question.server;
    Descriptor socket(::socket(server.address.ss_family, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.open()) return no_answer(question, std::strerror(errno));
    const auto* address = reinterpret_cast<const sockaddr*>(&server.address);
    if (::connect(socket.get(), address, server.length) == 0) return socket;
    if (errno != EINPROGRESS) return no_answer(question, std::strerror(errno));
    if (!wait_ready(socket.get(), POLLOUT, until_s))
        return no_answer(question, "the TCP connection was not answered");
    int code = 0;
    socklen_t size = sizeof code;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &code, &size);
    if (code != 0) return no_answer(question, std::strerror(code));
    return socket;
}

// Sends over UDP and waits for the reply that is ours; what else comes in is not looked at twice.
Result<DnsReply> ask_udp(const Question& question) {
    Error last = no_answer(question, "no answer came in time");
    for (int attempt = 0; attempt < udp_tries && boot_now_s() < question.deadline_s; ++attempt) {
        const double until_s = std::min(question.deadline_s, boot_now_s() + udp_wait_s);
        const auto socket = connect_to(question, SOCK_DGRAM, until_s);
        if (!socket) return socket.error();
        const std::uint16_t id = random_id();
        const auto query = make_query(id, question.name, question.type);
        if (!query) return query.error();
        if (::send(socket->get(), query->data(), query->size(), MSG_NOSIGNAL) < 0)
            return no_answer(question, std::strerror(errno));
        std::string reply(message_bytes_max, '\0');
        while (wait_ready(socket->get(), POLLIN, until_s)) {
            const auto got = ::recv(socket->get(), reply.data(), reply.size(), 0);
            if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
            if (got < 0) {
                last = no_answer(question, std::strerror(errno));
                break;  // The port is closed now; it may open again.
            }
            auto read = read_reply({reply.data(), static_cast<std::size_t>(got)}, id, question.name,
                                   question.type);
            if (read) return read;
        }
    }
    return last;
}

Result<std::string> receive_exactly(const Question& question, int fd, std::size_t count,
                                    double until_s) {
    std::string bytes(count, '\0');
    std::size_t have = 0;
    while (have < count) {
        if (!wait_ready(fd, POLLIN, until_s))
            return no_answer(question, "the answer over TCP did not come in time");
        const auto got = ::recv(fd, bytes.data() + have, count - have, 0);
        if (got == 0) return no_answer(question, "the server closed the TCP connection");
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return no_answer(question, std::strerror(errno));
        if (got > 0) have += static_cast<std::size_t>(got);
    }
    return bytes;
}

// Over TCP a message has its length in front (RFC 1035, section 4.2.2).
Result<DnsReply> ask_tcp(const Question& question) {
    const double until_s = std::min(question.deadline_s, boot_now_s() + tcp_wait_s);
    const auto socket = connect_to(question, SOCK_STREAM, until_s);
    if (!socket) return socket.error();
    const std::uint16_t id = random_id();
    const auto query = make_query(id, question.name, question.type);
    if (!query) return query.error();
    const std::string length = {static_cast<char>(query->size() >> 8),
                                static_cast<char>(query->size() & 0xff)};
    std::string rest = length + *query;
    while (!rest.empty()) {
        if (!wait_ready(socket->get(), POLLOUT, until_s))
            return no_answer(question, "the question could not be sent over TCP in time");
        const auto sent = ::send(socket->get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return no_answer(question, std::strerror(errno));
        if (sent > 0) rest.erase(0, static_cast<std::size_t>(sent));
    }
    const auto prefix = receive_exactly(question, socket->get(), 2, until_s);
    if (!prefix) return prefix.error();
    const std::size_t size =
        static_cast<std::size_t>(static_cast<unsigned char>((*prefix)[0])) * 256 +
        static_cast<unsigned char>((*prefix)[1]);
    const auto reply = receive_exactly(question, socket->get(), size, until_s);
    if (!reply) return reply.error();
    const auto read = read_reply(*reply, id, question.name, question.type);
    if (!read) return no_answer(question, read.error().message);
    return read;
}

}  // namespace

Result<NameServer> find_server(const std::string& text) {
    std::string host = text;
    std::string port = "53";
    const auto colon = text.rfind(':');
    const bool bracketed = text.starts_with('[');
    const bool one_colon = colon != std::string::npos && text.find(':') == colon;
    if (bracketed || one_colon) {
        const auto closing = text.find(']');
        host = bracketed ? text.substr(1, closing - 1) : text.substr(0, colon);
        if (one_colon || (closing != std::string::npos && colon == closing + 1))
            port = text.substr(colon + 1);
    }
    addrinfo hints{};
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    const int code = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
    if (code != 0)
        return fail("bad_server", "The name server \"" + text +
                                      "\" cannot be found: " + ::gai_strerror(code) +
                                      ". Write \"address\", \"address:port\" or a host name.");
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> kept(found, ::freeaddrinfo);
    NameServer server;
    std::memcpy(&server.address, found->ai_addr, found->ai_addrlen);
    server.length = found->ai_addrlen;
    std::array<char, NI_MAXHOST> shown_host{};
    std::array<char, NI_MAXSERV> shown_port{};
    ::getnameinfo(found->ai_addr, found->ai_addrlen, shown_host.data(), shown_host.size(),
                  shown_port.data(), shown_port.size(), NI_NUMERICHOST | NI_NUMERICSERV);
    const bool version_6 = found->ai_family == AF_INET6;
    server.shown = (version_6 ? "[" : "") + std::string(shown_host.data()) +
                   (version_6 ? "]:" : ":") + shown_port.data();
    return server;
}

std::vector<NameServer> system_resolvers(const std::string& path) {
    std::vector<NameServer> servers;
    const auto text = read_file(path, 1 << 20);
    std::string_view rest = text ? std::string_view(*text) : std::string_view();
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (!line.starts_with("nameserver")) continue;
        const auto first = line.find_first_not_of(" \t", 10);
        if (first == std::string_view::npos || first == 10) continue;
        const auto address = line.substr(first, line.find_first_of(" \t\r#;", first) - first);
        if (auto server = find_server(std::string(address))) servers.push_back(std::move(*server));
    }
    if (servers.empty())
        if (auto local = find_server("127.0.0.1")) servers.push_back(std::move(*local));
    return servers;
}

Result<DnsReply> ask(const NameServer& server, const std::string& name, const std::string& type,
                     double deadline_s) {
    const Question question{server, name, type, deadline_s};
    auto reply = ask_udp(question);
    if (reply && reply->truncated) return ask_tcp(question);
    return reply;
}

}  // namespace perilune
