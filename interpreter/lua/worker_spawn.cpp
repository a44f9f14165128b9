// posix_spawn for workers: a vfork underneath, so that it takes the same time in a large host.
#include "interpreter/lua/worker_spawn.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace perilune {

namespace {

constexpr int worker_socket_fd = 3;

Error not_started(const std::string& program, const std::string& doing, int code) {
    return fail("worker_not_started",
                "Starting the worker " + program + " failed: " + doing + ": " +
                    std::strerror(code) +
                    ". Check that the program is installed beside perilune and may be executed.");
}

// Owns what posix_spawn is told.
class SpawnPlan {
public:
    explicit SpawnPlan(int socket_fd) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawnattr_init(&attributes_);
        // The socket first, as it may itself lie on 0, 1 or 2 in a host without these.
        posix_spawn_file_actions_adddup2(&actions_, socket_fd, worker_socket_fd);
        posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDWR, 0);
        posix_spawn_file_actions_adddup2(&actions_, STDIN_FILENO, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions_, STDIN_FILENO, STDERR_FILENO);
        posix_spawn_file_actions_addclosefrom_np(&actions_, worker_socket_fd + 1);
        sigset_t all;
        sigset_t none;
        sigfillset(&all);
        sigemptyset(&none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        // A session of its own: Ctrl-C in the terminal is the host's to handle.
        posix_spawnattr_setflags(&attributes_,
                                 static_cast<short>(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSID));
    }
    ~SpawnPlan() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;

    // Returns 0 or an errno.
    int spawn(pid_t& pid, std::array<std::string, 3> arguments) {
        const std::array<char*, 4> argv{arguments[0].data(), arguments[1].data(),
                                        arguments[2].data(), nullptr};
        const std::array<char*, 1> environment{nullptr};
        return ::posix_spawn(&pid, argv[0], &actions_, &attributes_, argv.data(),
                             environment.data());
    }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

}  // namespace

Result<SpawnedWorker> spawn_worker(const std::string& program, const std::string& mode,
                                   std::size_t memory_bytes) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return not_started(program, "making its socket", errno);
    SpawnedWorker worker{.socket_fd = ends[0]};
    SpawnPlan plan(ends[1]);
    const int failed = plan.spawn(worker.pid, {program, std::to_string(memory_bytes), mode});
    ::close(ends[1]);
    if (failed != 0) {
        ::close(worker.socket_fd);
        return not_started(program, "executing it", failed);
    }
    ::fcntl(worker.socket_fd, F_SETFL, O_NONBLOCK);
    worker.process_fd = static_cast<int>(::syscall(SYS_pidfd_open, worker.pid, 0));
    if (worker.process_fd < 0) {
        const int code = errno;
        ::kill(worker.pid, SIGKILL);
        ::waitpid(worker.pid, nullptr, 0);
        ::close(worker.socket_fd);
        return not_started(program, "watching it", code);
    }
    return worker;
}

}  // namespace perilune
