// A program that outlives the host: what its keeper (perilune-supervisor) is told, and the files in
// which the keeper says how the program fares.
//
// One folder a program. `lock` is held (an open file description lock) by the keeper and, unless
// the program ends with its keeper, by the program too; free means that neither lives, whatever
// became of the host. `status.json` is written durably before the program starts and after it has
// ended; `log` and `log.1` hold its newest lines.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "interpreter/base/files.h"

namespace perilune {

// What a keeper reads on its standard input; it may hold opened secrets and is never on a disk.
struct KeptProgram {
    std::string label;                     // Which start this is, such as an intent's key.
    std::vector<std::string> argv;         // argv[0] is an absolute path.
    std::vector<std::string> environment;  // "NAME=value"
    std::string folder;
    std::string input;
    double deadline_s = 0;          // Boot clock; 0: none.
    double grace_s = 5;             // From SIGTERM to SIGKILL.
    std::size_t output_max = 0;     // Kept of each stream in the status: the newest bytes.
    std::size_t log_max = 0;        // Bytes of `log` and `log.1` together; 0: no log.
    bool ends_with_keeper = false;  // The kernel kills it when the keeper dies.
    Value note;                     // Copied into the status.

    Value to_value() const;
    static KeptProgram from_value(const Value& value);
};

struct KeptStatus {
    enum class State {
        starting,  // Written before the program exists: it may have started.
        running,
        ended,
        refused,  // It never ran; `error` says why.
    };
    State state = State::starting;
    std::string label;
    Value note;
    std::string boot;  // The boot in which it started.
    pid_t keeper_pid = 0;
    std::uint64_t keeper_ticks = 0;  // Start time in clock ticks: tells a reused number.
    pid_t pid = 0;
    std::uint64_t ticks = 0;
    double started_at = 0;  // Wall clock.
    double took_s = 0;
    int exit_code = 0;     // 128 + signal where a signal ended it.
    bool stopped = false;  // It was told to stop, or its deadline passed.
    std::string output;
    std::string errors;
    bool truncated = false;
    std::string error;

    bool over() const { return state == State::ended || state == State::refused; }
    Value to_value() const;
    static KeptStatus from_value(const Value& value);
};

// Takes the lock of a program's folder, which is made if absent (0700). Fails with `still_running`
// where it is held.
Result<Descriptor> lock_kept(const std::string& folder);
// Whether the lock is held; asks without taking it.
bool kept_is_held(const std::string& folder);
// Nothing where the folder holds no status.
Result<std::optional<KeptStatus>> read_kept_status(const std::string& folder);
// The states that decide about a second start are flushed; `running` only says more than `starting`
// and need not outlive a power cut.
Status write_kept_status(const std::string& folder, const KeptStatus& status);

// Asks the keeper to end its program: SIGTERM to its process group, SIGKILL `grace_s` later. True
// where the keeper was there to be asked.
bool ask_keeper_to_stop(const KeptStatus& status, double grace_s);
// Sends a signal to the program's process group, if it is still the program that was started.
bool signal_kept(const KeptStatus& status, int signal);
// Kills what is left of the program's session after its keeper has died. True where there was any.
bool kill_leftovers(const KeptStatus& status);

std::string boot_id();
// The start time of a process in clock ticks after boot; 0 where there is no such process.
std::uint64_t start_ticks(pid_t pid);

}  // namespace perilune
