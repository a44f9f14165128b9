#include "bindings/dns/dns_client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <netdb.h>
#include <poll.h>
#include <unistd.h>

#include "bindings/dns/dns_exchange.h"
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

// Sends over UDP and waits for the reply that is ours; what else comes in is not looked at twice.
Result<DnsReply> ask_udp(const Question& question) {
    Error last = no_answer(question, "no answer came in time");
    for (int attempt = 0; attempt < udp_tries && boot_now_s() < question.deadline_s; ++attempt) {
        const double until_s = std::min(question.deadline_s, boot_now_s() + udp_wait_s);
        const auto socket = connect_to(question.server, SOCK_DGRAM, until_s);
        if (!socket) return no_answer(question, socket.error().message);
        const std::uint16_t id = random_message_id();
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

Result<DnsReply> ask_tcp(const Question& question) {
    const double until_s = std::min(question.deadline_s, boot_now_s() + tcp_wait_s);
    auto line = TcpLine::open(question.server, until_s);
    if (!line) return no_answer(question, line.error().message);
    const std::uint16_t id = random_message_id();
    const auto query = make_query(id, question.name, question.type);
    if (!query) return query.error();
    if (const auto sent = line->send(*query, until_s); !sent)
        return no_answer(question, sent.error().message);
    const auto reply = line->receive(until_s);
    if (!reply) return no_answer(question, reply.error().message);
    auto read = read_reply(*reply, id, question.name, question.type);
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
