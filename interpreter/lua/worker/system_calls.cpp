// The seccomp filter: a short table of what Lua and its memory need; all else kills the process.
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "interpreter/lua/worker/confinement.h"

namespace perilune::worker {

namespace {

#if defined(__x86_64__)
constexpr unsigned architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned architecture = AUDIT_ARCH_AARCH64;
#else
#error "The worker's system call filter is written for amd64 and arm64."
#endif

constexpr int any_argument = -1;

// A call is allowed where (argument & mask) == wanted; only the low 32 bits are looked at, which
// hold a descriptor or protection whole.
struct Allowed {
    unsigned number;
    int argument = any_argument;
    unsigned mask = 0;
    unsigned wanted = 0;
};

constexpr Allowed allowed[] = {
    {SYS_read, 0, ~0U, host_fd},
    {SYS_write, 0, ~0U, host_fd},
    {SYS_mmap, 2, PROT_EXEC, 0},
    {SYS_munmap},
    {SYS_mremap},
    {SYS_brk},
    {SYS_clock_gettime},
    {SYS_exit_group},
};

// What C++ and a Lua state made later cannot do without: locks, memory given back, a seed.
constexpr Allowed allowed_to_libraries[] = {
    {SYS_futex},
    {SYS_madvise},
    {SYS_getrandom},
    {SYS_getpid},
};

// What making a copy of the process takes, limiting it, and waiting for its end.
constexpr Allowed allowed_to_copies[] = {
    {SYS_clone, 0, ~0U, CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD},
    {SYS_set_robust_list},
    {SYS_prctl, 0, ~0U, PR_SET_PDEATHSIG},
    {SYS_prlimit64, 0, ~0U, 0},
    {SYS_waitid},
};

sock_filter load(std::size_t offset) {
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset));
}

// Goes on where equal, else skips `skipped` instructions.
sock_filter unless_equal(unsigned value, unsigned char skipped) {
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skipped);
}

sock_filter give(unsigned verdict) { return BPF_STMT(BPF_RET | BPF_K, verdict); }

std::size_t argument_offset(int argument) {
    return offsetof(seccomp_data, args) + sizeof(std::uint64_t) * static_cast<unsigned>(argument);
}

void add_call(std::vector<sock_filter>& filter, const Allowed& call) {
    filter.push_back(load(offsetof(seccomp_data, nr)));
    if (call.argument == any_argument) {
        filter.push_back(unless_equal(call.number, 1));
    } else {
        filter.push_back(unless_equal(call.number, 4));
        filter.push_back(load(argument_offset(call.argument)));
        filter.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, call.mask));
        filter.push_back(unless_equal(call.wanted, 1));
    }
    filter.push_back(give(SECCOMP_RET_ALLOW));
}

std::vector<sock_filter> make_filter(OtherCalls others) {
    std::vector<sock_filter> filter{
        load(offsetof(seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, architecture, 1, 0),
        give(SECCOMP_RET_KILL_PROCESS),
    };
    for (const auto& call : allowed) add_call(filter, call);
    if (others != OtherCalls::kill)
        for (const auto& call : allowed_to_libraries) add_call(filter, call);
    if (others == OtherCalls::refuse_but_copies)
        for (const auto& call : allowed_to_copies) add_call(filter, call);
    filter.push_back(
        give(others == OtherCalls::kill ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | EPERM));
    return filter;
}

}  // namespace

const char* allow_few_system_calls(OtherCalls others) {
    auto filter = make_filter(others);
    sock_fprog program{.len = static_cast<unsigned short>(filter.size()), .filter = filter.data()};
    const bool well = ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
    return well ? nullptr : "installing the system call filter";
}

}  // namespace perilune::worker
