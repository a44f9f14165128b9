// perilune-worker-probe: confines itself as a worker does, then tries what must not work.
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "interpreter/lua/worker/cbor.h"
#include "interpreter/lua/worker/channel.h"
#include "interpreter/lua/worker/confinement.h"

namespace {

using namespace perilune::worker;

constexpr int exit_survived = 42;
constexpr int exit_unknown_mode = 43;

char** environment_of(char** arguments, int count) { return arguments + count + 1; }

void append_state(std::string& out, std::string_view name, double number) {
    append_bytes(out, name);
    append_number(out, number);
}

double limit_of(decltype(RLIMIT_CORE) which) {
    rlimit limit{};
    ::getrlimit(which, &limit);
    return static_cast<double>(limit.rlim_cur);
}

// What the process still has after confine_process, for the test to look at.
void send_state(Channel& channel, char** environment) {
    int descriptors = 0;
    for (int fd = 0; fd < 1024; ++fd) descriptors += ::fcntl(fd, F_GETFD) >= 0;
    int variables = 0;
    while (environment[variables]) ++variables;
    int death_signal = 0;
    ::prctl(PR_GET_PDEATHSIG, &death_signal);
    const int file = ::open("/etc/passwd", O_RDONLY);
    const int file_error = errno;
    channel.begin_frame();
    append_head(channel.out(), Major::array, 2);
    append_bytes(channel.out(), "state");
    append_head(channel.out(), Major::map, 11);  // Keys in their order: the one form there is.
    append_state(channel.out(), "core", limit_of(RLIMIT_CORE));
    append_state(channel.out(), "death_signal", death_signal);
    append_state(channel.out(), "descriptors", descriptors);
    append_state(channel.out(), "dumpable", ::prctl(PR_GET_DUMPABLE));
    append_state(channel.out(), "file_bytes", limit_of(RLIMIT_FSIZE));
    append_state(channel.out(), "files", limit_of(RLIMIT_NOFILE));
    append_state(channel.out(), "leads_session", ::getsid(0) == ::getpid());
    append_state(channel.out(), "no_new_privileges", ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    append_state(channel.out(), "open_error", file < 0 ? file_error : 0);
    append_state(channel.out(), "processes", limit_of(RLIMIT_NPROC));
    append_state(channel.out(), "variables", variables);
    channel.end_frame();
    channel.flush();
}

long try_call(std::string_view mode) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    if (mode == "open") return ::syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
    if (mode == "create") return ::syscall(SYS_openat, AT_FDCWD, "x", O_CREAT | O_WRONLY, 0600);
    if (mode == "socket") return ::syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    if (mode == "connect") return ::syscall(SYS_connect, host_fd, nullptr, 0);
    if (mode == "fork") return ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
    if (mode == "clone3") return ::syscall(SYS_clone3, nullptr, 0);
    if (mode == "execve") return ::syscall(SYS_execve, "/bin/true", nullptr, nullptr);
    if (mode == "ptrace") return ::syscall(SYS_ptrace, PTRACE_TRACEME, 0, nullptr, nullptr);
    if (mode == "kill") return ::syscall(SYS_kill, ::getppid(), 0);
    if (mode == "prctl") return ::syscall(SYS_prctl, PR_SET_DUMPABLE, 1);
    if (mode == "prlimit") return ::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, nullptr);
    if (mode == "io_uring") return ::syscall(SYS_io_uring_setup, 1, nullptr);
    if (mode == "bpf") return ::syscall(SYS_bpf, 0, nullptr, 0);
    if (mode == "write_elsewhere") return ::syscall(SYS_write, STDERR_FILENO, "x", 1);
    if (mode == "read_elsewhere") return ::syscall(SYS_read, STDIN_FILENO, nullptr, 0);
    if (mode == "send_descriptor") return ::syscall(SYS_sendmsg, host_fd, nullptr, 0);
    if (mode == "map_code")
        return ::syscall(SYS_mmap, nullptr, page, PROT_READ | PROT_EXEC,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mode == "make_code") return ::syscall(SYS_mprotect, nullptr, page, PROT_EXEC);
#ifdef __x86_64__
    constexpr long x32 = 0x40000000;  // The same calls by their 32-bit pointer numbers.
    if (mode == "x32_read") return ::syscall(x32 + SYS_read, host_fd, nullptr, 0);
#endif
    // Must work: a table that refuses everything would pass all of the above.
    if (mode == "allowed") {
        ::munmap(::mmap(nullptr, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), page);
        return ::syscall(SYS_write, host_fd, "", 0);
    }
    ::_exit(exit_unknown_mode);
}

// Writes bytes that no worker would: true where `mode` asks for that.
bool sent_malformed(std::string_view mode) {
    std::string bytes;
    if (mode == "garbage") bytes = std::string("\4\0\0\0\xff\xff\xff\xff", 8);
    if (mode == "no_list") bytes = std::string("\1\0\0\0\x05", 5);
    if (mode == "trailing") bytes = std::string("\2\0\0\0\x80\x80", 6);
    if (mode == "huge") bytes = std::string("\1\0\x40\0\x80", 5);
    if (mode == "claims_much") bytes = std::string("\5\0\0\0\x9a\x00\x40\x00\x00", 9);
    if (mode == "deep") bytes = std::string("\x29\0\0\0", 4) + std::string(40, '\x81') + '\x80';
    if (bytes.empty()) return false;
    // A well-formed one first: it must arrive.
    bytes.insert(0, std::string("\4\0\0\0\x82\x41\x61\x01", 8));
    const auto written = ::write(host_fd, bytes.data(), bytes.size());
    ::pause();
    return written > 0;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) return exit_unknown_mode;
    const std::string_view mode = arguments[2];
    if (confine_process(std::strtoull(arguments[1], nullptr, 10))) return exit_failed;
    if (mode == "state") {
        SocketChannel channel(host_fd);
        send_state(channel, environment_of(arguments, count));
        return 0;
    }
    if (sent_malformed(mode)) return 0;
    if (allow_few_system_calls()) return exit_failed;
    try_call(mode);
    ::_exit(exit_survived);
}
