#include "interpreter/simulator/copies.h"

#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <exception>
#include <new>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interpreter/lua/worker/channel.h"

namespace perilune {

namespace {

// Told by SIGXCPU; a second later, by SIGKILL.
void limit_cpu(double cpu_s) {
    const auto most_s = static_cast<rlim_t>(std::ceil(cpu_s));
    const rlimit limit{.rlim_cur = most_s, .rlim_max = most_s + 1};
    ::setrlimit(RLIMIT_CPU, &limit);
}

int status_of(const std::function<void()>& work) {
    try {
        work();
        return worker::exit_done;
    } catch (const std::bad_alloc&) {
        return worker::exit_memory_limit;
    } catch (const std::exception&) {
        return worker::exit_failed;
    }
}

}  // namespace

Result<CopyEnd> in_a_copy(double cpu_s, const std::function<void()>& work) {
    const pid_t pid = ::fork();
    if (pid < 0)
        return fail("no_copy", std::string("The simulator could not copy itself: ") +
                                   std::strerror(errno) + ".");
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        limit_cpu(cpu_s);
        ::_exit(status_of(work));
    }
    siginfo_t how{};
    while (::waitid(P_PID, static_cast<id_t>(pid), &how, WEXITED) != 0)
        if (errno != EINTR)
            return fail("no_copy",
                        std::string("The simulator lost its copy: ") + std::strerror(errno) + ".");
    const bool exited = how.si_code == CLD_EXITED;
    return CopyEnd{.status = exited ? how.si_status : 0, .signal = exited ? 0 : how.si_status};
}

}  // namespace perilune
