// Name servers of a test's own: one that answers as told, and a real BIND on a free port.
#pragma once

#include <atomic>
#include <cerrno>
#include <csignal>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bindings/dns/dns_client.h"
#include "interpreter/base/loop.h"
#include "tests/support/temporary_folder.h"

namespace perilune::test {

// A socket on a port of 127.0.0.1 (0: a free one); the port it got is in `port`.
inline Descriptor bound_socket(int kind, int& port) {
    Descriptor socket(::socket(AF_INET, kind | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (::bind(socket.get(), generic, size) != 0) return {};
    ::getsockname(socket.get(), generic, &size);
    port = ntohs(address.sin_port);
    return socket;
}

// A port that is free for UDP and TCP alike.
inline int free_port() {
    for (int tries = 0; tries < 100; ++tries) {
        int port = 0;
        const Descriptor udp = bound_socket(SOCK_DGRAM, port);
        if (bound_socket(SOCK_STREAM, port).open()) return port;
    }
    throw std::runtime_error("no free port");
}

// Answers each question with what `reply` makes of its bytes; empty text: no answer at all.
class FakeServer {
public:
    using Reply = std::function<std::string(const std::string& question, bool tcp)>;
    explicit FakeServer(Reply reply) : reply_(std::move(reply)) {
        for (int tries = 0; tries < 100 && !tcp_.open(); ++tries) {
            port_ = 0;
            udp_ = bound_socket(SOCK_DGRAM, port_);
            tcp_ = bound_socket(SOCK_STREAM, port_);
        }
        if (!tcp_.open() || ::listen(tcp_.get(), 8) != 0) throw std::runtime_error("no port");
        if (::pipe2(stop_, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
        thread_ = std::thread([this] { serve(); });
    }
    ~FakeServer() {
        ::close(stop_[1]);
        thread_.join();
        ::close(stop_[0]);
    }
    NameServer server() const { return *find_server("127.0.0.1:" + std::to_string(port_)); }
    std::string text() const { return "127.0.0.1:" + std::to_string(port_); }
    int questions() const { return questions_; }

private:
    void serve() {
        for (;;) {
            pollfd ready[] = {
                {stop_[0], POLLIN, 0}, {udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}};
            if (::poll(ready, 3, -1) < 0 && errno != EINTR) return;
            if (ready[0].revents != 0) return;
            if (ready[1].revents != 0) answer_udp();
            if (ready[2].revents != 0) answer_tcp();
        }
    }
    void answer_udp() {
        std::string question(65535, '\0');
        sockaddr_storage from{};
        socklen_t size = sizeof from;
        auto* peer = reinterpret_cast<sockaddr*>(&from);
        const auto got = ::recvfrom(udp_.get(), question.data(), question.size(), 0, peer, &size);
        if (got < 0) return;
        question.resize(static_cast<std::size_t>(got));
        ++questions_;
        const std::string answer = reply_(question, false);
        if (!answer.empty()) ::sendto(udp_.get(), answer.data(), answer.size(), 0, peer, size);
    }
    void answer_tcp() {
        const Descriptor peer(::accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        std::string question(2 + 65535, '\0');
        const auto got = ::recv(peer.get(), question.data(), question.size(), 0);
        if (got < 2) return;
        ++questions_;
        const std::string answer =
            reply_(question.substr(2, static_cast<std::size_t>(got) - 2), true);
        std::string framed = {static_cast<char>(answer.size() >> 8),
                              static_cast<char>(answer.size() & 0xff)};
        framed += answer;
        ::send(peer.get(), framed.data(), framed.size(), MSG_NOSIGNAL);
    }

    Reply reply_;
    int port_ = 0;
    Descriptor udp_;
    Descriptor tcp_;
    int stop_[2] = {-1, -1};
    std::atomic<int> questions_ = 0;
    std::thread thread_;
};

// BIND serving one zone file, with a control channel that the test's rndc may use.
class Bind {
public:
    static bool installed() {
        return ::access("/usr/sbin/named", X_OK) == 0 && ::access("/usr/sbin/rndc", X_OK) == 0;
    }

    // Another program may take a port between our look and named's: then others are tried.
    explicit Bind(const std::string& zone_path) {
        for (int tries = 0; tries < 5 && pid_ <= 0; ++tries) {
            port_ = free_port();
            control_ = free_port();
            configure(zone_path);
            start();
        }
        if (pid_ <= 0) throw std::runtime_error("named ended: " + folder_.read("log"));
    }
    ~Bind() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    std::string text() const { return "127.0.0.1:" + std::to_string(port_); }
    Value reload() const {
        return List{
            "/usr/sbin/rndc",         "-s",     "127.0.0.1",  "-p", std::to_string(control_), "-k",
            folder_.path("rndc.key"), "reload", "example.com"};
    }

private:
    void configure(const std::string& zone_path) const {
        const std::string listen = "port " + std::to_string(port_) + " { 127.0.0.1; }; ";
        folder_.write("rndc.key",
                      "key \"test\" { algorithm hmac-sha256; secret "
                      "\"c2VjcmV0IG9mIGEgdGVzdCBhbmQgb2Ygbm90aGluZyE=\"; };\n");
        folder_.write("named.conf",
                      "include \"" + folder_.path("rndc.key") + "\";\n" +
                          "controls { inet 127.0.0.1 port " + std::to_string(control_) +
                          " allow { 127.0.0.1; } keys { test; }; };\n" + "options { directory \"" +
                          folder_.path() + "\"; recursion no; " +
                          "pid-file \"pid\"; session-keyfile \"session\"; notify no; " +
                          "listen-on-v6 { none; }; listen-on " + listen + "};\n" +
                          "zone \"example.com\" { type primary; check-integrity no; file \"" +
                          zone_path + "\"; };\n");
    }

    void start() {
        std::string configuration = folder_.path("named.conf");
        std::string log = folder_.path("log");
        std::string arguments[] = {"named", "-f", "-L", log, "-c", configuration, "-n", "1"};
        std::vector<char*> argv;
        for (auto& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        char* environment[] = {nullptr};
        if (::posix_spawn(&pid_, "/usr/sbin/named", nullptr, nullptr, argv.data(), environment) !=
            0)
            throw std::runtime_error("named did not start");
        const double until_s = boot_now_s() + 20;
        const NameServer server = *find_server(text());
        while (boot_now_s() < until_s) {
            const auto reply = ask(server, "example.com", "SOA", boot_now_s() + 1);
            if (reply && !reply->answers.empty()) return;
            if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
                pid_ = -1;
                return;
            }
        }
        throw std::runtime_error("named does not answer: " + folder_.read("log"));
    }

    TemporaryFolder folder_;
    int port_ = 0;
    int control_ = 0;
    pid_t pid_ = -1;
};

}  // namespace perilune::test
