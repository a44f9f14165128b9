#include "bindings/deploy/supervisor/serve.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <list>

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bindings/deploy/socket_path.h"
#include "bindings/deploy/supervisor/requests.h"
#include "bindings/deploy/supervisor/rollout.h"
#include "bindings/deploy/supervisor/started.h"
#include "interpreter/base/json.h"

namespace perilune {

namespace {

constexpr int tick_ms = 100;
constexpr double linger_s = 5;           // With nothing to do, after the last request.
constexpr double request_within_s = 10;  // For one request to arrive.
constexpr std::size_t request_max = 4 << 20;

struct Client {
    Descriptor socket;
    std::string received = {};
    double until_s = 0;
};

class Server {
public:
    Server(Rollout rollout, Descriptor listening, std::string socket)
        : rollout_(std::move(rollout)),
          listening_(std::move(listening)),
          socket_(std::move(socket)) {
        sigset_t signals;
        sigemptyset(&signals);
        for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
        ::sigprocmask(SIG_BLOCK, &signals, nullptr);
        signals_ = Descriptor(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
        rollout_.note("This supervisor begins as process " + std::to_string(::getpid()) + ".");
    }

    void run() {
        double idle_since_s = boot_clock_s();
        for (;;) {
            const double now_s = boot_clock_s();
            rollout_.tick(now_s);
            if (!rollout_.idle() || !clients_.empty()) idle_since_s = now_s;
            if (now_s - idle_since_s > linger_s) return end("nothing is to run");
            if (!wait()) return end("it was told to; its instances go on");
            take_clients();
            std::erase_if(clients_, [&](Client& client) { return serve(client); });
        }
    }

private:
    void end(const std::string& why) {
        rollout_.note("This supervisor ends: " + why + ".");
        ::unlink(socket_.c_str());
    }

    // False where a signal says that the supervisor shall end.
    bool wait() {
        std::vector<pollfd> watched = {{signals_.get(), POLLIN, 0}, {listening_.get(), POLLIN, 0}};
        for (const auto& client : clients_) watched.push_back({client.socket.get(), POLLIN, 0});
        for (const auto& [number, instance] : rollout_.instances())
            if (instance.probe().fd() >= 0)
                watched.push_back({instance.probe().fd(), instance.probe().events(), 0});
        ::poll(watched.data(), watched.size(), tick_ms);
        signalfd_siginfo taken{};
        if (::read(signals_.get(), &taken, sizeof taken) != static_cast<ssize_t>(sizeof taken))
            return true;
        return taken.ssi_signo == SIGHUP;
    }

    void take_clients() {
        for (;;) {
            Descriptor taken(
                ::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
            if (!taken.open()) return;
            ucred peer{};
            socklen_t size = sizeof peer;
            // The socket's folder keeps others out; this holds where somebody has opened it.
            if (::getsockopt(taken.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
                peer.uid != ::geteuid())
                continue;
            Client client{.socket = std::move(taken)};
            client.until_s = boot_clock_s() + request_within_s;
            clients_.push_back(std::move(client));
        }
    }

    // True once the client is done with.
    bool serve(Client& client) {
        std::array<char, 1 << 16> piece{};
        for (;;) {
            const auto got = ::recv(client.socket.get(), piece.data(), piece.size(), 0);
            if (got > 0) client.received.append(piece.data(), static_cast<std::size_t>(got));
            if (client.received.ends_with('\n')) return answer(client);
            if (got > 0 && client.received.size() <= request_max) continue;
            // Half a request is no request: its sender has died, or is no friend.
            if (got < 0 && (errno == EAGAIN || errno == EINTR))
                return boot_clock_s() > client.until_s;
            return true;
        }
    }

    bool answer(Client& client) {
        client.received.pop_back();
        const auto request = from_canonical_json(client.received);
        Value reply;
        if (!request) {
            reply.set("error", request.error().to_value());
        } else {
            auto done = carry_out(rollout_, *request);
            if (done)
                reply.set("value", done->is_nil() ? Value(Map()) : std::move(*done));
            else
                reply.set("error", done.error().to_value());
        }
        const std::string line = to_canonical_json(reply) + "\n";
        // Answers are short; one that does not fit the socket's buffer is lost, and asked for
        // again.
        [[maybe_unused]] const auto sent =
            ::send(client.socket.get(), line.data(), line.size(), MSG_NOSIGNAL);
        return true;
    }

    Rollout rollout_;
    Descriptor listening_;
    std::string socket_;
    Descriptor signals_;
    std::list<Client> clients_;
};

void place_null_everywhere() {
    const int null = ::open("/dev/null", O_RDWR);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, fd);
    if (null > STDERR_FILENO) ::close(null);
}

// Says in the target's folder where the socket is: a host with another state folder finds it too.
Status announce(const std::string& root, const std::string& socket) {
    Value place;
    place.set("socket", socket).set("pid", ::getpid());
    return write_file_durably(supervisor_path(root) + "/place.json", to_canonical_json(place),
                              0600);
}

// The second process: returns a sentence where it cannot serve.
std::string serve(const std::string& socket, const std::string& root, Descriptor& word) {
    auto lock = lock_kept(supervisor_path(root));
    if (!lock && lock.error().code != "still_running") return lock.error().message;
    // Another one was faster: it serves.
    if (!lock) return {};
    auto state = load_state(root);
    if (!state) return state.error().message;
    ::unlink(socket.c_str());
    auto listening = listen_at(socket);
    if (!listening) return listening.error().message;
    if (const auto told = announce(root, socket); !told) return told.error().message;
    Server server(Rollout(root, std::move(*state)), std::move(*listening), socket);
    [[maybe_unused]] const auto told = ::write(word.get(), "+", 1);
    word.close();
    place_null_everywhere();
    server.run();
    return {};
}

}  // namespace

int serve_target(const std::string& socket, const std::string& root) {
    std::array<int, 2> word{};
    if (::pipe2(word.data(), O_CLOEXEC) != 0) return 1;
    const pid_t pid = ::fork();
    if (pid < 0) return 1;
    if (pid > 0) {
        ::close(word[1]);
        std::array<char, 1000> text{};
        const auto got = ::read(word[0], text.data(), text.size() - 1);
        if (got > 0 && text[0] == '+') return 0;
        std::fprintf(stderr, "perilune-supervisor: %s\n",
                     got > 0 ? text.data() : "The supervisor ended at once.");
        return 1;
    }
    ::close(word[0]);
    ::setsid();
    [[maybe_unused]] const int moved = ::chdir("/");  // Keeps no file system from being unmounted.
    ::signal(SIGPIPE, SIG_IGN);
    Descriptor told(word[1]);
    const std::string error = serve(socket, root, told);
    const std::string said = error.empty() ? "+" : error;
    if (told.open()) {
        [[maybe_unused]] const auto written = ::write(told.get(), said.data(), said.size());
    }
    return error.empty() ? 0 : 1;
}

}  // namespace perilune
