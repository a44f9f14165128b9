// What the handlers of process's driver `ssh` share: scripts, and what is read from their answers.
#pragma once

#include "bindings/process/local_programs.h"
#include "interpreter/base/ssh_talk.h"

namespace perilune {

struct SshPrograms {
    SshLine line;
    std::string target;
    std::string folder;  // Of its state there; relative to where a login starts.
    DeclaredPrograms declared;

    Loop& loop() const { return line.loop; }
};

using SharedSsh = std::shared_ptr<const SshPrograms>;

// How long after its deadline a call waits for a program that was told to stop, or for a host that
// does not answer.
constexpr double ssh_overtime_s = 10;
constexpr std::size_t ssh_tail_bytes_max = 64 << 10;  // Of each stream of a started program.

// One run there, as the script that begins it needs it.
struct SshRun {
    std::string id;
    Value note;
    std::string deadline;        // Seconds from its begin; empty: none.
    std::size_t output_max = 0;  // Kept of each stream: at least so many of the newest bytes.
    bool is_log = false;         // Keeps the time of each piece of output.
};

// The name of an intent's run, and of a key's folder.
std::string ssh_run_id(const std::string& intent);
std::string ssh_key_id(const SshPrograms& programs, const std::string& key);

// permit(), and that every variable's name is one that a shell can set.
Result<const DeclaredProgram*> permit_over_ssh(const SshPrograms& programs, const Call& call);

// A script: `commands` after the functions; it says "done" last.
std::string ssh_script(const SshPrograms& programs, const std::string& commands);
// The same, and before the commands what begins `run`. Opens secrets: call it off the loop.
Result<std::string> ssh_run_script(const SshPrograms& programs, const DeclaredProgram& program,
                                   const Call& call, const SshRun& run,
                                   const std::string& commands);

// A run as its folder tells of it.
struct SshFound {
    enum class State {
        absent,
        starting,
        running,  // Also where its keeper was killed: `orphaned`.
        lost,     // Gone, and nothing says how it ended.
        over,     // status.over().
    };
    State state = State::absent;
    KeptStatus status;
    std::string id;
    std::string place;
    std::string boot;

    bool goes_on() const { return state == State::starting || state == State::running; }
};
SshFound ssh_found(const SshAnswer& answer);

// Asks with a script that only reads (besides the state folder itself).
Awaitable<SshAnswer> ask_over_ssh(SharedSsh programs, Call& call, std::string commands,
                                  double until_s, std::size_t answer_max);

// Of an observe whose script did not answer.
Error of_a_question(Error error);
// Of a change whose script did not answer: not sent, failed, or unknown.
Outcome unanswered(Error error);

std::string whole_seconds(double seconds);

// The handlers.
Handler ssh_inspect_handler(SharedSsh programs);
Handler ssh_run_handler(SharedSsh programs);
Handler ssh_start_handler(SharedSsh programs);
Handler ssh_stop_handler(SharedSsh programs);
Handler ssh_status_handler(SharedSsh programs);
Handler ssh_output_handler(SharedSsh programs);
Handler ssh_wait_ended_handler(SharedSsh programs);

}  // namespace perilune
