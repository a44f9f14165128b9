// Like posix_spawn, the new process shares the memory of the thread that makes it, which the kernel
// stops meanwhile: nothing is copied, and what the process writes there is heard without a pipe.
#include "interpreter/base/ready_program.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace perilune {

namespace {

constexpr int word_fd = 4;  // From here on closed where the program is executed.
constexpr int log_fd = 5;
constexpr int free_fd = 6;
constexpr int never_executed = 127;
constexpr std::size_t stack_bytes = 1 << 16;

// What the new process needs, all of it made before: it allocates nothing, since whatever ends it
// must leave the memory of its maker whole.
struct Waiting {
    const AtWord* ready;
    pid_t maker;
    std::array<int, free_fd> places;  // The descriptors of the new process, by their numbers there.
    std::vector<char*> arguments;
    std::vector<char*> variables;
    Beginning told = {};
};

[[noreturn]] void give_up(Waiting& waiting, const char* doing) {
    waiting.told.failed_with = errno;
    waiting.told.failed_at = doing;
    ::_exit(never_executed);
}

void place(Waiting& waiting) {
    std::array<int, free_fd> moved{};
    for (std::size_t i = 0; i < moved.size(); ++i) {
        if (waiting.places[i] < 0) continue;
        moved[i] = ::fcntl(waiting.places[i], F_DUPFD_CLOEXEC, free_fd);
        if (moved[i] < 0) give_up(waiting, ", copying its descriptors,");
    }
    for (int number = 0; number < free_fd; ++number) {
        const auto i = static_cast<std::size_t>(number);
        if (waiting.places[i] < 0)
            ::close(number);
        else
            ::dup3(moved[i], number, number < word_fd ? 0 : O_CLOEXEC);
    }
    ::close_range(free_fd, ~0U, 0);
}

// Signals were blocked before: one that is sent to the new process is kept until then.
void reset_signals() {
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < SIGRTMIN; ++number)
        if (number != SIGKILL && number != SIGSTOP) ::sigaction(number, &standard, nullptr);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool hear_word() {
    char word = 0;
    ssize_t got = -1;
    do got = ::read(word_fd, &word, 1);
    while (got < 0 && errno == EINTR);
    return got == 1;
}

int wait_and_execute(void* given) {
    Waiting& waiting = *static_cast<Waiting*>(given);
    const AtWord& ready = *waiting.ready;
    // A session of its own: no terminal to ask on, and a group that one signal reaches whole.
    ::setsid();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != waiting.maker) ::_exit(never_executed);
    place(waiting);
    reset_signals();
    if (!hear_word()) ::_exit(never_executed);
    waiting.told.boot_s = boot_now_s();
    waiting.told.wall_s = wall_now_s();
    errno = ETIME;
    if (waiting.told.boot_s >= ready.deadline_s) give_up(waiting, " before its deadline");
    const std::string& folder = ready.program.folder;
    if (!folder.empty() && ::chdir(folder.c_str()) != 0) give_up(waiting, " in its folder");
    const auto written = ::write(log_fd, ready.line.data(), ready.line.size());
    if (written >= 0) errno = ENOSPC;
    if (written != static_cast<ssize_t>(ready.line.size())) give_up(waiting, ", writing its log,");
    // From here on it goes on where its maker dies: what it has begun is its own.
    ::prctl(PR_SET_PDEATHSIG, 0);
    ::execve(waiting.arguments[0], waiting.arguments.data(), waiting.variables.data());
    give_up(waiting, "");
}

// Returns once the new process has executed its program, or has ended.
pid_t make_process(Waiting& waiting) {
    alignas(16) static thread_local std::array<char, stack_bytes> stack;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = ::clone(wait_and_execute, stack.data() + stack.size(),
                              CLONE_VM | CLONE_VFORK | SIGCHLD, &waiting);
    const int failed_with = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = failed_with;
    return pid;
}

void reap(pid_t pid) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
}

}  // namespace

std::string start_at_word(AtWord& ready, Spawned& made) {
    Program& program = ready.program;
    if (std::string refused = refuse_program(program); !refused.empty()) return refused;
    const std::string starting = "Starting the program " + program.argv[0];
    ProgramPipe output;
    ProgramPipe errors;
    const Descriptor input = input_descriptor(program.input);
    if (!input.open() || !make_pipe(output) || !make_pipe(errors))
        return starting + " failed before it began, making its pipes: " + std::strerror(errno) +
               ".";
    Waiting waiting{&ready,
                    ::getpid(),
                    {input.get(), output.theirs.get(), errors.theirs.get(), program.inherited_fd,
                     ready.word.get(), ready.log},
                    pointers(program.argv),
                    pointers(program.environment)};
    const pid_t pid = make_process(waiting);
    if (pid < 0)
        return starting + " failed before it began, making its process: " + std::strerror(errno) +
               ".";
    made.begun = waiting.told;
    if (waiting.told.failed_with == 0 && waiting.told.boot_s > 0) {
        made.pid = pid;
        made.output = std::move(output.ours);
        made.errors = std::move(errors.ours);
        return {};
    }
    reap(pid);
    if (waiting.told.failed_with == 0) return starting + " was given up: no word to start it came.";
    return starting + waiting.told.failed_at +
           " failed: " + std::strerror(waiting.told.failed_with) + " (errno " +
           std::to_string(waiting.told.failed_with) + ").";
}

}  // namespace perilune
