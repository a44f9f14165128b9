// The crash clock: the process dies, as by kill -9, at the moment the test names.
//
// PERILUNE_CRASH_AT=N dies at the N-th moment; with PERILUNE_CRASH_POINT=NAME only moments of that
// name count. PERILUNE_CRASH_COUNT=FILE writes at exit how many there were. At the moment
// PERILUNE_WORKER_DIES_AT=N it is the process's children that die, and FILE.workers says so.
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>

#include <unistd.h>

#include "interpreter/base/sync_point.h"
#include "tests/crash/disk.h"

namespace perilune {

namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

class CrashClock {
public:
    CrashClock()
        : point_(variable("PERILUNE_CRASH_POINT")),
          count_file_(variable("PERILUNE_CRASH_COUNT")),
          dies_at_(std::atol(variable("PERILUNE_CRASH_AT").c_str())),
          worker_dies_at_(std::atol(variable("PERILUNE_WORKER_DIES_AT").c_str())) {}

    ~CrashClock() {
        if (!count_file_.empty()) std::ofstream(count_file_) << count_ << "\n";
    }

    void reach(const char* name) {
        if (!point_.empty() && point_ != name) return;
        const long number = ++count_;
        if (number == worker_dies_at_) kill_children();
        if (number != dies_at_) return;
        test::lose_power();
        ::kill(::getpid(), SIGKILL);
    }

private:
    // All are workers: programs are started by a keeper that is nobody's child.
    void kill_children() const {
        const std::string self = std::to_string(::getpid());
        std::ifstream children("/proc/" + self + "/task/" + self + "/children");
        for (pid_t child = 0; children >> child;) {
            ::kill(child, SIGKILL);
            std::ofstream(count_file_ + ".workers") << child << "\n";
        }
    }

    std::string point_;
    std::string count_file_;
    long dies_at_;
    long worker_dies_at_;
    std::atomic<long> count_ = 0;
};

}  // namespace

void sync_point(const char* name) {
    static CrashClock clock;
    clock.reach(name);
}

bool suspends_worker(std::int64_t) { return false; }

}  // namespace perilune
