// What a confined worker has left, what the kernel refuses it, and that it dies with its host.
#include <array>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/interpreter/lua/worker_rig.h"

namespace perilune::test {

namespace {

constexpr const char* refused_calls[] = {
    "open",     "create",   "socket",    "connect",         "fork",           "clone3",
    "execve",   "ptrace",   "kill",      "prctl",           "prlimit",        "io_uring",
    "bpf",      "map_code", "make_code", "write_elsewhere", "read_elsewhere", "send_descriptor",
#ifdef __x86_64__
    "x32_read",
#endif
};

// A host of its own in a child process: starts a worker, tells its number, then does as told.
void be_host(int report_fd, bool worker_is_busy) {
    WorkerRig rig;
    rig.rests_after_message = false;
    rig.await_messages(1);
    if (worker_is_busy) {
        rig.worker().send(List{"script", "while true do end"});
        rig.worker().flush();
    }
    const int pid = rig.worker().pid();
    [[maybe_unused]] const auto written = ::write(report_fd, &pid, sizeof pid);
    while (true) ::pause();
}

void check_worker_dies_with_host(bool worker_is_busy) {
    std::array<int, 2> report{};
    REQUIRE(::pipe2(report.data(), O_CLOEXEC) == 0);
    const pid_t host = ::fork();
    REQUIRE(host >= 0);
    if (host == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        try {
            be_host(report[1], worker_is_busy);
        } catch (const std::exception&) {
            ::_exit(1);  // Seen by the test as the end of the pipe.
        }
    }
    ::close(report[1]);
    int worker = 0;
    REQUIRE(::read(report[0], &worker, sizeof worker) == sizeof worker);
    const auto worker_fd = static_cast<int>(::syscall(SYS_pidfd_open, worker, 0));
    REQUIRE(worker_fd >= 0);
    pollfd end{.fd = worker_fd, .events = POLLIN, .revents = 0};
    CHECK(::poll(&end, 1, 0) == 0);
    ::kill(host, SIGKILL);
    ::waitpid(host, nullptr, 0);
    CHECK(::poll(&end, 1, 10'000) == 1);
    ::close(worker_fd);
    ::close(report[0]);
}

}  // namespace

TEST_CASE("has_nothing_of_the_host_but_its_socket") {
    // Both would reach a child that is started without care.
    const int leaking = ::open("/dev/null", O_RDONLY);
    REQUIRE(leaking >= 0);
    REQUIRE(::setenv("PERILUNE_TEST_SECRET", "canary", 1) == 0);
    WorkerRig rig({}, "state", "perilune-worker-probe");
    rig.await_messages(1);
    const Value state = rig.messages()[0].at(1);
    CHECK(state["descriptors"].integer() == 4);
    CHECK(state["variables"].integer() == 0);
    CHECK(state["dumpable"] == Value(0));
    CHECK(state["no_new_privileges"].integer() == 1);
    CHECK(state["death_signal"].integer() == SIGKILL);
    CHECK(state["core"] == Value(0));
    CHECK(state["files"].integer() == 4);
    CHECK(state["file_bytes"] == Value(0));
    CHECK(state["processes"] == Value(0));
    CHECK(state["leads_session"].integer() == 1);
    CHECK(state["open_error"].integer() != 0);  // Even before the filter of system calls.
    ::close(leaking);
    ::unsetenv("PERILUNE_TEST_SECRET");
}

TEST_CASE("is_killed_for_any_system_call_outside_the_table") {
    for (const std::string mode : refused_calls) {
        INFO(mode);
        WorkerRig rig({}, mode, "perilune-worker-probe");
        const WorkerEnd& end = rig.await_end();
        CHECK(end.reason == WorkerEnd::Reason::crashed);
        CHECK(end.status == SIGSYS);
        CHECK(end.text.find("system call") != std::string::npos);
    }
}

TEST_CASE("may_still_make_the_calls_it_needs") {
    WorkerRig rig({}, "allowed", "perilune-worker-probe");
    const WorkerEnd& end = rig.await_end();
    CHECK(end.reason == WorkerEnd::Reason::exited);
    CHECK(end.status == 42);  // The probe's word for having survived.
}

TEST_CASE("dies_with_its_host_while_it_waits") { check_worker_dies_with_host(false); }

TEST_CASE("dies_with_its_host_in_the_middle_of_an_endless_loop") {
    check_worker_dies_with_host(true);
}

TEST_CASE("keeps_what_only_trusted_code_has_from_scripts") {
    WorkerRig rig;
    for (const std::string name :
         {"io", "os", "ffi", "jit", "package", "debug", "load", "loadstring", "loadfile", "dofile",
          "getfenv", "setfenv", "newproxy", "collectgarbage", "_G", "require", "module",
          "gcinfo"}) {
        INFO(name);
        const auto end = rig.script("print(type(" + name + "))");
        CHECK(end.printed.empty());
        INFO(end.error);
        CHECK(end.error.find("runbooks/test.lua:1: " + name + " is not ") == 0);
    }
    // Not even trusted code can reach files, programs or machine code.
    const List answer = rig.trusted(R"(
        return io == nil, os == nil, package == nil, jit == nil, ffi == nil, dofile == nil,
          pcall(require, "ffi"))");
    for (std::size_t i = 0; i < 6; ++i) CHECK(answer[i] == Value(true));
    CHECK(answer[6] == Value(false));
}

}  // namespace perilune::test
