// The test server: one thread accepts, one thread a connection reads requests and misbehaves.
#include "tests/support/http_server.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/wire.h"

namespace perilune::test {

namespace {

using Manner = Reply::Manner;

int bind_somewhere(int& port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (fd < 0 || ::bind(fd, plain, length) != 0 || ::getsockname(fd, plain, &length) != 0)
        throw std::runtime_error("the test server cannot have a port");
    port = ntohs(address.sin_port);
    return fd;
}

std::string lower(std::string text) {
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return text;
}

void parse_head(const std::string& head, ServedRequest& request) {
    request.raw_head = head;
    const auto line_end = head.find("\r\n");
    const std::string line = head.substr(0, line_end);
    const auto space = line.find(' ');
    request.method = line.substr(0, space);
    request.target = line.substr(space + 1, line.rfind(' ') - space - 1);
    for (auto at = line_end + 2; at < head.size();) {
        const auto end = head.find("\r\n", at);
        const std::string header = head.substr(at, end - at);
        const auto colon = header.find(':');
        const auto value = header.find_first_not_of(' ', colon + 1);
        if (colon != std::string::npos)
            request.headers[lower(header.substr(0, colon))] =
                value == std::string::npos ? "" : header.substr(value);
        at = end + 2;
    }
}

// Reads one whole request; false where the connection ends before.
bool read_request(Wire& wire, std::string& buffer, ServedRequest& request) {
    std::size_t head_end = 0;
    while ((head_end = buffer.find("\r\n\r\n")) == std::string::npos)
        if (!wire.read_more(buffer)) return false;
    parse_head(buffer.substr(0, head_end + 2), request);
    buffer.erase(0, head_end + 4);
    const auto announced = request.headers.find("content-length");
    const std::size_t length =
        announced == request.headers.end() ? 0 : std::stoul(announced->second);
    while (buffer.size() < length)
        if (!wire.read_more(buffer)) return false;
    request.body = buffer.substr(0, length);
    buffer.erase(0, length);
    return true;
}

std::string head_of(const Reply& reply) {
    std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " Reason\r\n";
    for (const auto& [name, value] : reply.headers) head += name + ": " + value + "\r\n";
    if (reply.close) head += "Connection: close\r\n";
    if (reply.status != 204 && reply.status != 304)
        head += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
    return head + "\r\n";
}

}  // namespace

struct HttpServer::Hidden {
    mutable std::mutex mutex;
    mutable std::condition_variable changed;
    bool stopping = false;
    int port = 0;
    int listener = -1;
    ssl_ctx_st* tls = nullptr;
    std::function<Reply(const ServedRequest&)> handler = [](const ServedRequest&) {
        return Reply{};
    };
    std::atomic<Meeting> meeting = Meeting::serve;
    std::vector<ServedRequest> requests;
    std::size_t accepted = 0;
    std::set<Wire*> wires;
    std::vector<std::thread> threads;
    std::thread acceptor;

    void start();
    void stop();
    void accept_all();
    void serve(Wire& wire, int number);
    // Returns false where the connection is over.
    bool send(Wire& wire, const Reply& reply, const ServedRequest& request);
    void send_faulty(Wire& wire, const Reply& reply, const std::string& head);
    // Waits, or returns false as soon as the server is stopped.
    bool pause(double seconds);
};

void HttpServer::Hidden::start() {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL.
    listener = bind_somewhere(port);
    if (::listen(listener, 128) != 0) throw std::runtime_error("the test server cannot listen");
    acceptor = std::thread([this] { accept_all(); });
}

void HttpServer::Hidden::stop() {
    {
        const std::lock_guard lock(mutex);
        stopping = true;
        ::shutdown(listener, SHUT_RDWR);
        for (Wire* wire : wires) wire->interrupt();
    }
    changed.notify_all();
    acceptor.join();
    for (auto& thread : threads) thread.join();
    ::close(listener);
    free_tls(tls);
}

void HttpServer::Hidden::accept_all() {
    for (;;) {
        const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        const std::lock_guard lock(mutex);
        if (stopping || fd < 0) {
            if (fd >= 0) ::close(fd);
            if (stopping) return;
            continue;
        }
        const int number = static_cast<int>(++accepted);
        auto wire = std::make_shared<Wire>(fd, tls);
        wires.insert(wire.get());
        threads.emplace_back([this, wire, number]() mutable {
            serve(*wire, number);
            {
                const std::lock_guard inner(mutex);
                wires.erase(wire.get());
            }
            wire.reset();
        });
        changed.notify_all();
    }
}

void HttpServer::Hidden::serve(Wire& wire, int number) {
    const Meeting how = meeting;
    if (how == Meeting::drop) return;
    if (how == Meeting::stall) {
        pause(3600);
        return;
    }
    if (how == Meeting::drop_in_handshake) return wire.read_handshake_bytes();
    if (!wire.shake_hands()) return;
    std::string buffer;
    for (;;) {
        ServedRequest request;
        request.connection = number;
        if (!read_request(wire, buffer, request)) return;
        std::function<Reply(const ServedRequest&)> decide;
        {
            const std::lock_guard lock(mutex);
            requests.push_back(request);
            decide = handler;
        }
        changed.notify_all();
        if (!send(wire, decide(request), request)) return;
    }
}

bool HttpServer::Hidden::send(Wire& wire, const Reply& reply, const ServedRequest& request) {
    if (reply.delay_s > 0 && !pause(reply.delay_s)) return false;
    const std::string head = head_of(reply);
    const bool bodiless = request.method == "HEAD" || reply.status == 204 || reply.status == 304;
    if (reply.manner == Manner::whole || reply.manner == Manner::close_silently) {
        if (!wire.write(bodiless ? head : head + reply.body)) return false;
        return !reply.close && reply.manner == Manner::whole;
    }
    send_faulty(wire, reply, head);
    return false;
}

void HttpServer::Hidden::send_faulty(Wire& wire, const Reply& reply, const std::string& head) {
    const std::string half = reply.body.substr(0, reply.body.size() / 2);
    switch (reply.manner) {
        case Manner::reset: wire.reset(); return;
        case Manner::never: pause(3600); return;
        case Manner::cut_headers: wire.write(head.substr(0, head.size() / 2)); return;
        case Manner::interim: wire.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"); return;
        case Manner::cut_body: wire.write(head + half); return;
        case Manner::garbage: wire.write("SSH-2.0-OpenSSH_9.2\r\n\r\nwhat?\r\n"); return;
        case Manner::half_close:
            wire.write(head + half);
            wire.close_sending_side();
            pause(3600);
            return;
        case Manner::dribble:
            if (!wire.write(head)) return;
            for (const char byte : reply.body)
                if (!wire.write({&byte, 1}) || !pause(reply.dribble_s)) return;
            return;
        default: return;
    }
}

bool HttpServer::Hidden::pause(double seconds) {
    std::unique_lock lock(mutex);
    return !changed.wait_until(
        lock,
        std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::nanoseconds>(
                                               std::chrono::duration<double>(seconds)),
        [this] { return stopping; });
}

HttpServer::HttpServer() : hidden_(std::make_unique<Hidden>()) { hidden_->start(); }

HttpServer::HttpServer(const IssuedCertificate& identity) : hidden_(std::make_unique<Hidden>()) {
    hidden_->tls = make_tls(identity.certificate_pem, identity.key_pem);
    hidden_->start();
}

HttpServer::~HttpServer() { hidden_->stop(); }

int HttpServer::port() const { return hidden_->port; }

std::string HttpServer::url(const std::string& host) const {
    return (hidden_->tls ? "https://" : "http://") + host + ":" + std::to_string(hidden_->port);
}

void HttpServer::answer(std::function<Reply(const ServedRequest&)> handler) {
    const std::lock_guard lock(hidden_->mutex);
    hidden_->handler = std::move(handler);
}

void HttpServer::reply(Reply always) {
    answer([always](const ServedRequest&) { return always; });
}

void HttpServer::replies(std::vector<Reply> in_turn) {
    const auto next = std::make_shared<std::atomic<std::size_t>>(0);
    answer([in_turn, next](const ServedRequest&) {
        const std::size_t at = (*next)++;
        return in_turn[std::min(at, in_turn.size() - 1)];
    });
}

void HttpServer::meet(Meeting meeting) { hidden_->meeting = meeting; }

std::vector<ServedRequest> HttpServer::requests() const {
    const std::lock_guard lock(hidden_->mutex);
    return hidden_->requests;
}

std::size_t HttpServer::count() const { return requests().size(); }

std::size_t HttpServer::count(const std::string& method) const {
    std::size_t found = 0;
    for (const auto& request : requests()) found += request.method == method;
    return found;
}

std::size_t HttpServer::connections() const {
    const std::lock_guard lock(hidden_->mutex);
    return hidden_->accepted;
}

bool HttpServer::wait_for_requests(std::size_t count) const {
    std::unique_lock lock(hidden_->mutex);
    return hidden_->changed.wait_for(lock, std::chrono::seconds(10),
                                     [&] { return hidden_->requests.size() >= count; });
}

int unused_port() {
    // Bound and never listened on, for as long as the program lives, so that nobody else gets it.
    int port = 0;
    bind_somewhere(port);
    return port;
}

}  // namespace perilune::test
