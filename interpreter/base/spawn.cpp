// What a started program gets, and that it gets nothing else.
#include "interpreter/base/spawn.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace perilune {

namespace {

constexpr int fd_first_free = 4;           // Ours lie at or above it: 0 to 3 become the program's.
constexpr int first_realtime_signal = 32;  // From here on nobody here changes what they do.

// Moves a descriptor out of the way of the child's own numbers; closed on exec.
Descriptor out_of_the_way(int fd) {
    if (fd < 0 || fd >= fd_first_free) return Descriptor(fd);
    const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, fd_first_free);
    const int failed_with = errno;
    ::close(fd);
    errno = failed_with;
    return Descriptor(moved);
}

struct Pipe {
    Descriptor ours;
    Descriptor theirs;
};

// Our end does not block; theirs does, as programs expect.
bool make_pipe(Pipe& made) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    made.ours = out_of_the_way(ends[0]);
    made.theirs = out_of_the_way(ends[1]);
    return made.ours.open() && made.theirs.open() &&
           ::fcntl(made.ours.get(), F_SETFL, O_NONBLOCK) == 0;
}

bool has_nul(const std::vector<std::string>& texts) {
    return std::any_of(texts.begin(), texts.end(), [](const std::string& text) {
        return text.find('\0') != std::string::npos;
    });
}

// What a new process makes of itself, and what it then executes.
struct Becoming {
    std::array<int, 4> placed{-1, -1, -1, -1};  // Descriptors, by what each becomes.
    const char* folder = nullptr;
    bool own_session = true;
    char* const* argv = nullptr;
    char* const* environment = nullptr;
};

// In the new process, which has its parent's memory and stands in its parent's way: calls of the
// kernel alone, and no signal is let through before none has a handler. Returns what failed.
int become(const Becoming& what) {
    for (int number = 1; number < first_realtime_signal; ++number) {
        struct sigaction plain {};
        plain.sa_handler = SIG_DFL;
        ::sigaction(number, &plain, nullptr);  // Two cannot be changed, nor need be.
    }
    // A group of its own, which one signal reaches whole; a session besides has no terminal to ask
    // on, and makes the kernel set up a scheduling group.
    if (what.own_session ? ::setsid() < 0 : ::setpgid(0, 0) < 0) return errno;
    int place = 0;
    for (const int fd : what.placed) {
        if (fd < 0) break;
        if (::dup2(fd, place) < 0) return errno;
        ++place;
    }
    if (::close_range(static_cast<unsigned>(place), ~0U, 0) != 0) return errno;
    if (what.folder != nullptr && ::chdir(what.folder) != 0) return errno;
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execve(what.argv[0], what.argv, what.environment);
    return errno;
}

// As posix_spawn, with a third of its calls: it asks for each signal and each descriptor anew, and
// gives the new process a stack of its own. Returns 0 or the errno of what failed.
int start(const Becoming& what, pid_t& pid) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    volatile int failed_with = 0;
    const pid_t made = ::vfork();
    if (made == 0) {
        failed_with = become(what);
        ::_exit(127);
    }
    if (made < 0) failed_with = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (made > 0 && failed_with != 0) ::waitpid(made, nullptr, 0);
    pid = made;
    return failed_with;
}

}  // namespace

Descriptor input_descriptor(const std::string& bytes) {
    if (bytes.empty()) return out_of_the_way(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    Descriptor made = out_of_the_way(::memfd_create("input", MFD_CLOEXEC));
    std::size_t written = 0;
    while (made.open() && written < bytes.size()) {
        const auto count = ::pwrite(made.get(), bytes.data() + written, bytes.size() - written,
                                    static_cast<off_t>(written));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return Descriptor();
        written += static_cast<std::size_t>(count);
    }
    return made;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> made;
    made.reserve(texts.size() + 1);
    for (auto& text : texts) made.push_back(text.data());
    made.push_back(nullptr);
    return made;
}

std::string spawn_program(Program& program, Spawned& spawned) {
    const std::string name = program.argv.empty() ? "" : program.argv[0];
    const std::string starting = "Starting the program " + name;
    if (name.empty()) return "Starting a program without a path is refused.";
    if (has_nul(program.argv) || has_nul(program.environment))
        return starting + " is refused: an argument or a variable holds a NUL byte.";
    Pipe output;
    Pipe errors;
    const Descriptor input = input_descriptor(program.input);
    if (!input.open() || !make_pipe(output) || !make_pipe(errors))
        return starting + " failed before it began, making its pipes: " + std::strerror(errno) +
               ".";
    // A copy, where the named descriptor itself has one of the low numbers.
    Descriptor named;
    int kept = program.inherited_fd;
    if (kept >= 0 && kept < fd_first_free) {
        named = Descriptor(::fcntl(program.inherited_fd, F_DUPFD_CLOEXEC, fd_first_free));
        if (!named.open())
            return starting + " failed before it began, copying the descriptor it keeps: " +
                   std::strerror(errno) + ".";
        kept = named.get();
    }
    const auto argv = pointers(program.argv);
    const auto environment = pointers(program.environment);
    Becoming what;
    what.placed = {input.get(), output.theirs.get(), errors.theirs.get(), kept};
    if (!program.folder.empty()) what.folder = program.folder.c_str();
    what.own_session = program.own_session;
    what.argv = argv.data();
    what.environment = environment.data();
    const int failed_with = start(what, spawned.pid);
    if (failed_with != 0)
        return starting + (program.folder.empty() ? "" : " in the folder " + program.folder) +
               " failed: " + std::strerror(failed_with) + " (errno " + std::to_string(failed_with) +
               ").";
    spawned.output = std::move(output.ours);
    spawned.errors = std::move(errors.ours);
    return {};
}

}  // namespace perilune
