#include "interpreter/base/ssh_connections.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interpreter/base/digest.h"
#include "interpreter/base/pause.h"
#include "interpreter/base/spawn.h"

namespace perilune {

namespace {

constexpr double look_again_s = 0.05;
constexpr int failures_max = 2;  // Then sharing is no help on this way.
// Of a socket's path the kernel takes 107 bytes; while it is made, ssh adds 17 to its name.
constexpr std::size_t folder_bytes_max = 70;

// Told to "exit", connections end at once; where the host died, sessions may come to their end.
constexpr const char* keep_folder = R"SH(
trap '' HUP INT TERM
IFS= read -r end <&3 || end=stop
for at in "$1"/*; do
  [ ! -S "$at" ] || timeout 5 ssh -F /dev/null -o "ControlPath=$at" -O "$end" -- none &
done >/dev/null 2>&1
wait
rm -rf "$1"
)SH";

// A path that ssh does not read anything into.
bool is_plain_path(const std::string& path) {
    return path.starts_with('/') && path.size() <= folder_bytes_max &&
           std::ranges::all_of(path, [](unsigned char c) {
               return c < 0x80 && (std::isalnum(c) || std::strchr("/._-", c) != nullptr);
           });
}

std::string make_private_folder() {
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");
    for (std::string path : {std::string(runtime ? runtime : ""), std::string("/tmp")}) {
        if (!is_plain_path(path)) continue;
        path += "/perilune-ssh-XXXXXX";
        if (::mkdtemp(path.data())) return path;
    }
    return "";
}

// Whether a process still listens there: the socket of one that was killed stays.
bool listens(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    const Descriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return made.open() && (::connect(made.get(), reinterpret_cast<const sockaddr*>(&address),
                                     sizeof address) == 0 ||
                           errno == EAGAIN);
}

// What tells one way to a host from another; a key that is a secret by its bytes.
Result<std::string> way_to(const SshHost& host, const Call& call) {
    std::string way;
    for (const auto& word : ssh_words(host)) way += word + '\n';
    if (host.identity.is_secret()) {
        const auto key = call.open_secret(host.identity);
        if (!key) return key.error();
        way += *key;
    }
    return to_hex(sha256(way));
}

}  // namespace

std::shared_ptr<SshConnections> SshConnections::of(Loop& loop) {
    static std::mutex guard;
    static std::map<Loop*, std::weak_ptr<SshConnections>> all;
    const std::lock_guard<std::mutex> lock(guard);
    std::erase_if(all, [](const auto& one) { return one.second.expired(); });
    auto found = all[&loop].lock();
    if (!found) all[&loop] = found = std::make_shared<SshConnections>(loop);
    return found;
}

SshConnections::~SshConnections() {
    if (keeper_ < 0) return;
    (void)!::write(alive_.get(), "exit\n", 5);
    alive_.close();
    while (::waitpid(keeper_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

bool SshConnections::make_folder() {
    if (keeper_ >= 0) return true;
    folder_ = make_private_folder();
    std::array<int, 2> ends{};
    if (folder_.empty() || ::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    const Descriptor theirs(ends[0]);
    alive_ = Descriptor(ends[1]);
    Program keeper;
    keeper.argv = {"/bin/sh", "-c", keep_folder, "sh", folder_};
    const char* path = std::getenv("PATH");
    keeper.environment = {std::string("PATH=") + (path ? path : "/usr/bin:/bin")};
    keeper.inherited_fd = theirs.get();
    Spawned spawned;
    if (!spawn_program(keeper, spawned).empty()) {
        std::error_code code;
        std::filesystem::remove(folder_, code);
        return false;
    }
    keeper_ = spawned.pid;
    return true;
}

Awaitable<SshJoined> SshConnections::join(SshHost host, Call& call, double until_s) {
    SshJoined joined;
    const std::function<Result<std::string>()> finding = [&] { return way_to(host, call); };
    const auto way = co_await off_loop(loop_, finding);
    if (!way) {
        joined.refused = true;
        joined.error = way.error();
        co_return joined;
    }
    joined.way = *way;
    Connection& connection = connections_[*way];
    const int refusals = connection.refusals;
    while (connection.opening) {
        const bool goes_on = co_await pause_until(loop_, boot_now_s() + look_again_s, call.cancel);
        if (!goes_on || boot_now_s() >= until_s) co_return joined;
    }
    if (connection.refusals != refusals) {  // While this one waited.
        joined.refused = true;
        joined.error = connection.refusal;
        co_return joined;
    }
    if (!connection.socket.empty() && !listens(connection.socket)) {
        ::unlink(connection.socket.c_str());
        connection.socket.clear();
    }
    joined.socket = connection.socket;
    if (!joined.socket.empty() || connection.never || connection.failures >= failures_max ||
        !make_folder())
        co_return joined;
    connection.opening = true;
    auto opening = open(connection, joined, std::move(host), call, until_s);
    joined = co_await opening;
    connection.opening = false;
    co_return joined;
}

Awaitable<SshJoined> SshConnections::open(Connection& connection, SshJoined joined, SshHost host,
                                          Call& call, double until_s) {
    const std::string socket = folder_ + "/" + std::to_string(++made_);
    const std::function<Result<Program>()> making = [&] {
        return ssh_sharing_program(host, socket, ssh_persist_s, call);
    };
    auto program = co_await off_loop(loop_, making);
    if (!program) {
        joined.refused = true;
        joined.error = program.error();
        co_return joined;
    }
    const double login_until_s = boot_now_s() + host.connect_within_s + ssh_login_within_s;
    const Ended ended = co_await run_program(loop_, std::move(*program), call.cancel,
                                             std::min(until_s, login_until_s));
    if (ended.output == ssh_shares_itself) {
        connection.never = true;
    } else if (ended.started && ended.exit_code == 0 && !ended.stopped && listens(socket)) {
        connection.socket = joined.socket = socket;
    } else {
        joined.error = ssh_refusal(host, ended);
        // What ssh did not explain may lie in the sharing: a session of its own will tell.
        joined.refused = joined.error.code != "unreachable";
        connection.failures += joined.refused ? 0 : 1;
        // One that was cut short says nothing to those who wait with it.
        if (joined.refused && !call.cancel->asked() && login_until_s <= until_s) {
            ++connection.refusals;
            connection.refusal = joined.error;
        }
    }
    co_return joined;
}

void SshConnections::give_up(const SshJoined& joined) {
    Connection& connection = connections_[joined.way];
    if (connection.socket != joined.socket) return;
    connection.socket.clear();
    ++connection.failures;
}

}  // namespace perilune
