#include "bindings/deploy/health_probe.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <ctime>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

namespace perilune {

namespace {

constexpr double linger_s = 0.5;
constexpr std::size_t body_max = 1 << 20;

double monotonic_s() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// A socket that has begun to connect, or none.
Descriptor begin_to_connect(const std::string& host, int port) {
    addrinfo wanted{};
    wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found) != 0)
        return Descriptor();
    Descriptor made(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (made.open() && ::connect(made.get(), found->ai_addr, found->ai_addrlen) != 0 &&
        errno != EINPROGRESS)
        made.close();
    ::freeaddrinfo(found);
    return made;
}

// The status of "HTTP/1.1 204 No Content"; 0 where this is no such line.
int status_of(const std::string& line) {
    if (!line.starts_with("HTTP/1.") || line.size() < 12) return 0;
    int status = 0;
    for (std::size_t i = 9; i < 12; ++i) {
        if (!std::isdigit(static_cast<unsigned char>(line[i]))) return 0;
        status = status * 10 + (line[i] - '0');
    }
    return status;
}

}  // namespace

void HealthProbe::start(const std::string& host, int port, const std::string& path,
                        double until_s) {
    until_s_ = until_s;
    received_.clear();
    read_bytes_ = 0;
    status_ = 0;
    const bool bracketed = host.find(':') != std::string::npos;
    to_send_ = "GET " + path + " HTTP/1.0\r\nHost: " + (bracketed ? "[" + host + "]" : host) + ":" +
               std::to_string(port) + "\r\nUser-Agent: perilune\r\nConnection: close\r\n\r\n";
    socket_ = begin_to_connect(host, port);
    state_ = socket_.open() ? State::asking : State::unhealthy;
}

short HealthProbe::events() const { return to_send_.empty() ? POLLIN : POLLOUT; }

HealthProbe::State HealthProbe::step(double now_s) {
    while (state_ == State::asking) {
        const bool sending = !to_send_.empty();
        std::array<char, 4096> piece{};
        const auto count =
            sending ? ::send(socket_.get(), to_send_.data(), to_send_.size(), MSG_NOSIGNAL)
                    : ::recv(socket_.get(), piece.data(), piece.size(), 0);
        if (count > 0 && sending) {
            to_send_.erase(0, static_cast<std::size_t>(count));
        } else if (count > 0) {
            take({piece.data(), static_cast<std::size_t>(count)}, now_s);
        } else if (count == 0) {
            judge();
        } else if (errno != EINTR) {
            // ENOTCONN: the connection is still being made.
            if ((errno != EAGAIN && errno != ENOTCONN) || now_s >= until_s_) judge();
            break;
        }
    }
    return state_;
}

// Once the status is known the rest is read only so that the application need not see a reset.
void HealthProbe::take(std::string_view piece, double now_s) {
    read_bytes_ += piece.size();
    if (status_ == 0) {
        received_.append(piece.substr(0, 64));
        status_ = status_of(received_);
        if (status_ != 0) until_s_ = std::min(until_s_, now_s + linger_s);
    }
    if (read_bytes_ > body_max || (status_ == 0 && received_.size() >= 64)) judge();
}

void HealthProbe::judge() {
    state_ = status_ >= 200 && status_ < 300 ? State::healthy : State::unhealthy;
    socket_.close();
}

std::vector<bool> probe_ports(const std::string& host, const std::vector<int>& ports,
                              const std::string& path, double within_s) {
    const double until_s = monotonic_s() + within_s;
    std::vector<HealthProbe> probes(ports.size());
    for (std::size_t i = 0; i < ports.size(); ++i) probes[i].start(host, ports[i], path, until_s);
    for (;;) {
        std::vector<pollfd> waiting;
        for (auto& probe : probes)
            if (probe.step(monotonic_s()) == HealthProbe::State::asking)
                waiting.push_back({probe.fd(), probe.events(), 0});
        if (waiting.empty()) break;
        const double left_s = std::max(0.0, until_s - monotonic_s());
        ::poll(waiting.data(), waiting.size(), static_cast<int>(std::ceil(left_s * 1000)));
    }
    std::vector<bool> healthy;
    healthy.reserve(probes.size());
    for (const auto& probe : probes)
        healthy.push_back(probe.state() == HealthProbe::State::healthy);
    return healthy;
}

}  // namespace perilune
