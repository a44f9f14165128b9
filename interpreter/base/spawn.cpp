// What a started program gets by posix_spawn, and that it gets nothing else.
#include "interpreter/base/spawn.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <unistd.h>

namespace perilune {

namespace {

constexpr int fd_first_free = 4;  // Ours lie at or above it: 0 to 3 become the program's.
constexpr int fd_of_inherited = 3;

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

// Owns what posix_spawn is told.
class SpawnPlan {
public:
    explicit SpawnPlan(bool own_session) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawnattr_init(&attributes_);
        sigset_t all;
        sigset_t none;
        sigfillset(&all);
        sigemptyset(&none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        // A group of its own, which one signal reaches whole; a session besides has no terminal to
        // ask on, and makes the kernel set up a scheduling group.
        const int apart = own_session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP;
        posix_spawnattr_setflags(&attributes_, static_cast<short>(POSIX_SPAWN_SETSIGDEF |
                                                                  POSIX_SPAWN_SETSIGMASK | apart));
    }
    ~SpawnPlan() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;

    void place(int fd, int as) { posix_spawn_file_actions_adddup2(&actions_, fd, as); }
    void close_from(int fd) { posix_spawn_file_actions_addclosefrom_np(&actions_, fd); }
    void start_in(const std::string& folder) {
        posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str());
    }
    // Returns 0 or the errno of what failed.
    int spawn(pid_t& pid, std::vector<std::string>& argv, std::vector<std::string>& environment) {
        const auto arguments = pointers(argv);
        const auto names = pointers(environment);
        return ::posix_spawn(&pid, arguments[0], &actions_, &attributes_, arguments.data(),
                             names.data());
    }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

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
    SpawnPlan plan(program.own_session);
    // A copy, for the named descriptor may itself have one of the low numbers.
    Descriptor named;
    if (program.inherited_fd >= 0) {
        named = Descriptor(::fcntl(program.inherited_fd, F_DUPFD_CLOEXEC, fd_first_free));
        if (!named.open())
            return starting + " failed before it began, copying the descriptor it keeps: " +
                   std::strerror(errno) + ".";
    }
    plan.place(input.get(), STDIN_FILENO);
    plan.place(output.theirs.get(), STDOUT_FILENO);
    plan.place(errors.theirs.get(), STDERR_FILENO);
    if (named.open()) plan.place(named.get(), fd_of_inherited);
    plan.close_from(named.open() ? fd_of_inherited + 1 : fd_of_inherited);
    if (!program.folder.empty()) plan.start_in(program.folder);
    const int failed_with = plan.spawn(spawned.pid, program.argv, program.environment);
    if (failed_with != 0)
        return starting + (program.folder.empty() ? "" : " in the folder " + program.folder) +
               " failed: " + std::strerror(failed_with) + " (errno " + std::to_string(failed_with) +
               ").";
    spawned.output = std::move(output.ours);
    spawned.errors = std::move(errors.ours);
    return {};
}

}  // namespace perilune
