// The sentences by which people are told how a worker ended.
#include "interpreter/lua/worker_end.h"

#include <cstring>

namespace perilune {

namespace {

// As in interpreter/lua/worker/channel.h; the worker shares no header with the host.
constexpr int exit_memory_limit = 97;
constexpr int exit_failed = 98;

std::string megabytes(std::size_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

WorkerEnd describe_signal(int number) {
    WorkerEnd end{.reason = WorkerEnd::Reason::crashed, .status = number, .text = ""};
    if (number == SIGSYS) {
        end.text =
            "The worker was ended by the kernel because it tried a system call that "
            "scripts have no use for.";
        return end;
    }
    if (number == SIGXCPU)
        return {.reason = WorkerEnd::Reason::cpu_limit,
                .status = number,
                .text = "The script used up its limit of processor time."};
    const char* name = ::sigabbrev_np(number);
    end.text = "The worker crashed with signal " +
               (name ? "SIG" + std::string(name) : std::to_string(number)) +
               "; the script probably recursed without end.";
    if (number == SIGKILL) end.text = "The worker was killed from outside (SIGKILL).";
    return end;
}

}  // namespace

std::string_view to_text(WorkerEnd::Reason reason) {
    using enum WorkerEnd::Reason;
    switch (reason) {
        case exited: return "exited";
        case failed: return "failed";
        case crashed: return "crashed";
        case cpu_limit: return "cpu_limit";
        case memory_limit: return "memory_limit";
        case malformed: return "malformed";
        case killed: return "killed";
    }
    return "exited";
}

WorkerEnd describe_worker_end(const siginfo_t& ended, const std::string& fault,
                              const WorkerLimits& limits) {
    using enum WorkerEnd::Reason;
    const int status = ended.si_status;
    if (ended.si_code != CLD_EXITED) return describe_signal(status);
    if (status == exit_memory_limit)
        return {.reason = memory_limit,
                .status = status,
                .text = "The script needed more than " + megabytes(limits.memory_bytes) +
                        " of memory, its limit."};
    if (status == exit_failed)
        return {
            .reason = failed,
            .status = status,
            .text = fault.empty() ? "The worker's own program failed without a message." : fault};
    return {.reason = exited,
            .status = status,
            .text = "The worker exited with status " + std::to_string(status) + "."};
}

}  // namespace perilune
