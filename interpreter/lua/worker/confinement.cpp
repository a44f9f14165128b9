// Descriptors, resource limits, process attributes and Landlock; each before any script is read.
#include "interpreter/lua/worker/confinement.h"

#include <algorithm>
#include <csignal>
#include <cstdint>

#include <fcntl.h>
#include <linux/landlock.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace perilune::worker {

namespace {

constexpr rlim_t stack_bytes = 16 << 20;
constexpr rlim_t address_slack_bytes = 128 << 20;

// Landlock's rights by the version of the interface that brought them; older headers lack some.
constexpr std::uint64_t files_version_1 = (1ULL << 13) - 1;
constexpr std::uint64_t files_refer = 1ULL << 13;
constexpr std::uint64_t files_truncate = 1ULL << 14;
constexpr std::uint64_t files_device_control = 1ULL << 15;
constexpr std::uint64_t network_bind_and_connect = 3;
constexpr std::uint64_t scope_sockets_and_signals = 3;

struct Ruleset {
    std::uint64_t files = files_version_1;
    std::uint64_t network = 0;
    std::uint64_t scope = 0;
};

bool close_other_descriptors() {
    if (::fcntl(host_fd, F_GETFD) < 0) return false;
    return ::syscall(SYS_close_range, host_fd + 1, ~0U, 0) == 0;
}

bool set_limit(decltype(RLIMIT_CORE) which, rlim_t most) {
    rlimit limit{};
    if (::getrlimit(which, &limit) != 0) return false;
    limit.rlim_max = std::min(limit.rlim_max, most);
    limit.rlim_cur = limit.rlim_max;
    return ::setrlimit(which, &limit) == 0;
}

// The address space is a second line behind the allocator's cap, for what Lua does not count.
bool set_limits(std::size_t memory_bytes, bool may_copy_itself) {
    return set_limit(RLIMIT_CORE, 0) && set_limit(RLIMIT_NOFILE, host_fd + 1) &&
           set_limit(RLIMIT_FSIZE, 0) && (may_copy_itself || set_limit(RLIMIT_NPROC, 0)) &&
           set_limit(RLIMIT_MEMLOCK, 0) && set_limit(RLIMIT_MSGQUEUE, 0) &&
           set_limit(RLIMIT_STACK, stack_bytes) &&
           set_limit(RLIMIT_AS, 2 * memory_bytes + address_slack_bytes);
}

// The kernel kills the process when the host's thread that started it ends. A host that ended
// before this line is seen by its closed socket.
bool tie_to_host() {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return false;
    pollfd host{.fd = host_fd, .events = 0, .revents = 0};
    return ::poll(&host, 1, 0) >= 0 && (host.revents & POLLHUP) == 0;
}

bool deny_files_and_network() {
    const auto version =
        ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) return true;  // Not in this kernel; the filter of system calls stands alone.
    Ruleset denied;
    std::size_t size = sizeof denied.files;
    if (version >= 2) denied.files |= files_refer;
    if (version >= 3) denied.files |= files_truncate;
    if (version >= 5) denied.files |= files_device_control;
    if (version >= 4) {
        denied.network = network_bind_and_connect;
        size += sizeof denied.network;
    }
    if (version >= 6) {
        denied.scope = scope_sockets_and_signals;
        size += sizeof denied.scope;
    }
    // A ruleset without rules denies all that it handles.
    const auto fd = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &denied, size, 0));
    if (fd < 0) return false;
    const bool well = ::syscall(SYS_landlock_restrict_self, fd, 0) == 0;
    ::close(fd);
    return well;
}

}  // namespace

const char* confine_process(std::size_t memory_bytes, bool may_copy_itself) {
    if (!close_other_descriptors()) return "closing descriptors";
    if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return "ignoring SIGPIPE";
    if (!tie_to_host()) return "tying the process to its host";
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "giving up new privileges";
    if (::prctl(PR_SET_DUMPABLE, 0) != 0) return "forbidding core dumps and ptrace";
    if (!deny_files_and_network()) return "denying files and network by Landlock";
    // Last, as Landlock's ruleset needs a descriptor.
    if (!set_limits(memory_bytes, may_copy_itself)) return "setting resource limits";
    return nullptr;
}

}  // namespace perilune::worker
