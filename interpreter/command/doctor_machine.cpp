// Examines the machine: folder, clock, helper programs, kernel, and a worker that really starts.
#include "interpreter/command/doctor.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

#include "interpreter/base/files.h"
#include "interpreter/base/late_library.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/units.h"
#include "interpreter/command/session.h"
#include "interpreter/command/stored_runs.h"
#include "interpreter/lua/worker_process.h"

namespace perilune {

namespace {

using State = Examined::State;

constexpr double free_bytes_min = 256.0 * 1024 * 1024;
constexpr double earliest_clock_s = 1735689600;  // 2025: no clock of today is before it.
constexpr double clock_slack_s = 60;
constexpr double worker_within_s = 10;

void add(Examination& all, std::string what, State state, std::string found,
         std::string advice = "") {
    all.push_back({.what = std::move(what),
                   .state = state,
                   .found = std::move(found),
                   .advice = std::move(advice)});
}

// Opening the store refuses network file systems and folders that cannot be written.
void examine_state(const Invocation& invocation, Examination& all) {
    const std::string folder = state_folder(invocation);
    const auto store = open_store(invocation);
    if (!store)
        return add(all, "state", State::problem, store.error().message,
                   "Give another folder with --state or PERILUNE_STATE.");
    if (const auto writable = (*store)->writable(); !writable)
        return add(all, "state", State::problem, writable.error().detail.text(),
                   "Take it over: perilune state adopt --reason TEXT; or give another folder with "
                   "--state or PERILUNE_STATE.");
    const std::string probe = folder + "/.doctor-" + std::to_string(::getpid());
    const auto written = write_file_durably(probe, "written by perilune doctor\n", 0600);
    ::unlink(probe.c_str());
    if (!written)
        return add(all, "state", State::problem, written.error().message,
                   "Make the folder writable, or give another one with --state.");
    struct statvfs space {};
    if (::statvfs(folder.c_str(), &space) == 0) {
        const double free =
            static_cast<double>(space.f_bavail) * static_cast<double>(space.f_frsize);
        if (free < free_bytes_min)
            return add(all, "state", State::problem,
                       folder + " has only " + show_size(free) + " left",
                       "Make room: a run that cannot write its journal stops.");
    }
    add(all, "state", State::ok, folder);
}

void examine_clock(const Invocation& invocation, Examination& all) {
    const double now = wall_now_s();
    if (now < earliest_clock_s)
        return add(all, "clock", State::problem, "says " + show_time(now), "Set the clock.");
    if (const auto store = open_store(invocation)) {
        const auto rows = (*store)->runs(1);
        if (rows && !rows->empty() && rows->front().created > now + clock_slack_s)
            return add(all, "clock", State::problem,
                       "is behind the newest run, which began " + show_time(rows->front().created),
                       "Set the clock.");
    }
    timex about{};
    if (::adjtimex(&about) == TIME_ERROR)
        return add(all, "clock", State::note,
                   "is not kept by a time server as far as the kernel "
                   "knows; it says " +
                       show_time(now),
                   "Start a time service, such as chrony.");
    add(all, "clock", State::ok, show_time(now));
}

void examine_program(const std::string& name, const std::string& path, bool needed,
                     Examination& all) {
    if (::access(path.c_str(), X_OK) == 0) return add(all, name, State::ok, path);
    add(all, name, needed ? State::problem : State::note, path + ": " + std::strerror(errno),
        needed ? "Install the whole of Perilune."
               : "Needed by the local drivers of deploy and process only; install the whole of "
                 "Perilune.");
}

// They are loaded when first needed, which may be in the middle of an incident.
void examine_library(const char* library, const char* function, Examination& all) {
    try {
        find_in_library(library, function);
        add(all, library, State::ok, "can be loaded");
    } catch (const std::runtime_error& error) {
        add(all, library, State::problem, error.what(), "Install the library of that name.");
    }
}

void examine_kernel(Examination& all) {
    const auto kill_process = static_cast<unsigned>(SECCOMP_RET_KILL_PROCESS);
    const bool filters = ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &kill_process) == 0;
    add(all, "seccomp", filters ? State::ok : State::problem,
        filters ? "the kernel filters system calls" : "the kernel filters no system calls",
        filters ? "" : "Scripts cannot be confined: use a kernel with CONFIG_SECCOMP_FILTER.");
    const auto version =
        ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    add(all, "Landlock", version > 0 ? State::ok : State::note,
        version > 0 ? "version " + std::to_string(version) : "this kernel has none",
        version > 0 ? "" : "Scripts are confined by the filter of system calls alone.");
    const auto self = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
    const Descriptor closes(self);
    add(all, "pidfd", self >= 0 ? State::ok : State::problem,
        self >= 0 ? "children are watched without races" : "the kernel has none",
        self >= 0 ? "" : "Use Linux 5.9 or newer.");
}

}  // namespace

void examine_machine(const Invocation& invocation, Examination& all) {
    examine_state(invocation, all);
    examine_clock(invocation, all);
    const HostSetup setup = host_setup(invocation);
    examine_program("perilune-worker", setup.worker_program, true, all);
    examine_program("perilune-supervisor", setup.program_folder + "/perilune-supervisor", false,
                    all);
    examine_library(curl_library.text, "curl_easy_init", all);
    examine_library(postgres_library.text, "PQconnectdb", all);
    examine_kernel(all);
}

void examine_worker(const std::string& program, Examination& all) {
    const auto loop = Loop::make();
    const double began = boot_now_s();
    std::string problem = "it said nothing within 10 s";
    std::unique_ptr<WorkerProcess> worker;
    loop->post([&] {
        auto started = WorkerProcess::start(
            *loop, program, "runbook", WorkerLimits{},
            [&](const List& message) {
                if (!message.empty() && message[0].text() == "hello") problem.clear();
                loop->stop();
            },
            [&](const WorkerEnd& end) {
                problem = end.text;
                loop->stop();
            });
        if (!started) {
            problem = started.error().message;
            return loop->stop();
        }
        worker = std::move(*started);
        // The first message says that it is there; nothing is asked of it.
        loop->start_timer(began + worker_within_s, [&] { loop->stop(); });
    });
    loop->run();
    worker.reset();
    Examined found{.what = "worker", .took_s = boot_now_s() - began};
    found.state = problem.empty() ? State::ok : State::problem;
    found.found = problem.empty() ? "starts, confined" : problem;
    if (!problem.empty())
        found.advice =
            "Scripts cannot be executed here; a container may forbid seccomp filters or "
            "closing descriptors.";
    all.push_back(std::move(found));
}

}  // namespace perilune
