// A way to a server that can lose what a client says, or what it is answered, at a chosen word.
#pragma once

#include <atomic>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace perilune::test {

class LossyProxy {
public:
    enum class Fault {
        none,
        lose_request,  // The connection breaks, and the server never hears the word.
        lose_answer,   // The server hears it and does it; the connection breaks before the answer.
        hold_answer,   // The server hears it; its answer never comes, and nothing breaks.
    };

    explicit LossyProxy(int server_port) : server_port_(server_port) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address = loopback(0);
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof address;
        if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 16) != 0)
            throw std::runtime_error("The proxy cannot listen.");
        ::getsockname(listener_, generic, &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~LossyProxy() {
        ending_ = true;
        thread_.join();
        ::close(listener_);
    }
    LossyProxy(const LossyProxy&) = delete;
    LossyProxy& operator=(const LossyProxy&) = delete;

    int port() const { return port_; }
    // The next time a client says the word; where `after` is not empty, once one has said that.
    void fail_at(const std::string& word, Fault fault, const std::string& after = "") {
        const std::lock_guard guard(mutex_);
        word_ = word;
        after_ = after;
        fault_ = fault;
    }
    bool failed() const { return failed_; }  // Whether it has happened.

private:
    struct Pair {
        int client = -1;
        int server = -1;
        Fault fault = Fault::none;
    };

    static sockaddr_in loopback(int port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }

    void serve() {
        while (!ending_) {
            std::vector<pollfd> waited = {{listener_, POLLIN, 0}};
            for (const auto& pair : pairs_) {
                waited.push_back({pair.client, POLLIN, 0});
                waited.push_back({pair.server, POLLIN, 0});
            }
            ::poll(waited.data(), waited.size(), 20);
            std::size_t at = 1;
            for (auto pair = pairs_.begin(); pair != pairs_.end(); at += 2) {
                const bool lives = (waited[at].revents == 0 || pass_request(*pair)) &&
                                   (waited[at + 1].revents == 0 || pass_answer(*pair));
                const auto current = pair++;
                if (!lives) drop(current);
            }
            if (waited[0].revents != 0) accept();
        }
        while (!pairs_.empty()) drop(pairs_.begin());
    }

    void accept() {
        Pair pair;
        pair.client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        pair.server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address = loopback(server_port_);
        if (::connect(pair.server, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            ::close(pair.client);
            ::close(pair.server);
            return;
        }
        pairs_.push_back(pair);
    }

    bool pass_request(Pair& pair) {
        char piece[1 << 16];
        const auto got = ::recv(pair.client, piece, sizeof piece, 0);
        if (got <= 0) return false;
        const std::string_view bytes(piece, static_cast<std::size_t>(got));
        {
            const std::lock_guard guard(mutex_);
            if (!after_.empty() && bytes.find(after_) != std::string_view::npos) after_.clear();
            if (fault_ != Fault::none && after_.empty() &&
                bytes.find(word_) != std::string_view::npos) {
                pair.fault = fault_;
                fault_ = Fault::none;
                failed_ = true;
            }
        }
        if (pair.fault == Fault::lose_request) return false;
        return ::send(pair.server, piece, bytes.size(), MSG_NOSIGNAL) == got;
    }

    bool pass_answer(Pair& pair) {
        char piece[1 << 16];
        const auto got = ::recv(pair.server, piece, sizeof piece, 0);
        if (got <= 0) return false;
        if (pair.fault == Fault::lose_answer) return false;
        if (pair.fault == Fault::hold_answer) return true;
        return ::send(pair.client, piece, static_cast<std::size_t>(got), MSG_NOSIGNAL) == got;
    }

    void drop(std::list<Pair>::iterator pair) {
        ::close(pair->client);
        ::close(pair->server);
        pairs_.erase(pair);
    }

    int server_port_;
    int listener_ = -1;
    int port_ = 0;
    std::list<Pair> pairs_;
    std::mutex mutex_;
    std::string word_;
    std::string after_;
    Fault fault_ = Fault::none;
    std::atomic<bool> failed_ = false;
    std::atomic<bool> ending_ = false;
    std::thread thread_;
};

}  // namespace perilune::test
