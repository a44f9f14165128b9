#include "bindings/deploy/supervisor/started.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "interpreter/base/spawn.h"

namespace perilune {

namespace {

double clock_s(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Pipe {
    Descriptor reading;
    Descriptor writing;
};

bool make_pipe(Pipe& made) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    made.reading = Descriptor(ends[0]);
    made.writing = Descriptor(ends[1]);
    return true;
}

void default_signals() {
    for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// The forked child: becomes the program, or returns with errno saying why not.
void become(KeptProgram& program, pid_t keeper, int input, int output, int errors) {
    ::setsid();
    default_signals();
    if (program.ends_with_keeper) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        // It may have died before the request was made.
        if (::getppid() != keeper) ::_exit(127);
    }
    if (::dup2(input, STDIN_FILENO) < 0 || ::dup2(output, STDOUT_FILENO) < 0 ||
        ::dup2(errors, STDERR_FILENO) < 0)
        return;
    const unsigned first = program.ends_with_keeper ? 3 : 4;
    if (::syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return;
    if (!program.folder.empty() && ::chdir(program.folder.c_str()) != 0) return;
    const auto arguments = pointers(program.argv);
    const auto environment = pointers(program.environment);
    ::execve(arguments[0], arguments.data(), environment.data());
}

}  // namespace

double boot_clock_s() { return clock_s(CLOCK_BOOTTIME); }

double wall_clock_s() { return clock_s(CLOCK_REALTIME); }

std::string start_kept(KeptProgram& program, Started& started) {
    if (program.argv.empty()) return "Starting a program without a path is refused.";
    const std::string starting = "Starting the program " + program.argv[0] +
                                 (program.folder.empty() ? "" : " in " + program.folder);
    const auto failed = [&](int code) {
        return starting + " failed: " + std::strerror(code) + " (errno " + std::to_string(code) +
               ").";
    };
    Pipe output;
    Pipe errors;
    Pipe outcome;
    const Descriptor input = input_descriptor(program.input);
    if (!input.open() || !make_pipe(output) || !make_pipe(errors) || !make_pipe(outcome))
        return failed(errno);
    const pid_t keeper = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return failed(errno);
    if (pid == 0) {
        become(program, keeper, input.get(), output.writing.get(), errors.writing.get());
        const int code = errno;
        [[maybe_unused]] const auto told = ::write(outcome.writing.get(), &code, sizeof code);
        ::_exit(127);
    }
    // The pipe closes without a word when the child has become the program.
    outcome.writing.close();
    int code = 0;
    ssize_t got = 0;
    do got = ::read(outcome.reading.get(), &code, sizeof code);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        ::kill(pid, SIGKILL);
        return failed(code);
    }
    started.pid = pid;
    started.pidfd = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    started.output = std::move(output.reading);
    started.errors = std::move(errors.reading);
    ::fcntl(started.output.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(started.errors.get(), F_SETFL, O_NONBLOCK);
    return {};
}

}  // namespace perilune
