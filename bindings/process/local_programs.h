// What the handlers of process's local driver share: declared programs, where keepers write, and
// how ends are told.
#pragma once

#include <memory>
#include <string>

#include "bindings/process/declared.h"
#include "bindings/process/keeper_link.h"
#include "interpreter/base/child.h"
#include "interpreter/base/kept.h"

namespace perilune {

struct LocalPrograms {
    Loop& loop;
    std::string target;
    std::string supervisor;  // Path of perilune-supervisor.
    std::string folder;      // <state folder>/process
    DeclaredPrograms declared;
    std::shared_ptr<KeeperLink> keeper;  // Of programs that `run` executes.
    // What every intent of `run` notes beside it; made at the first.
    std::shared_ptr<Value> standing = std::make_shared<Value>();

    // The logs of what `run` executes.
    std::string runs_folder() const { return folder + "/runs"; }
    // The keeper's folder of a started program, by the runbook's key.
    std::string key_folder(const std::string& key) const;
};

using SharedPrograms = std::shared_ptr<const LocalPrograms>;

// What blocks, for off_loop and poll_until. Name one before it is awaited: g++ 12.2 frees a
// temporary function twice.
template <class T>
using Work = std::function<T()>;

// A number of this state folder, made at the first use. A run that is resumed elsewhere reads
// another one and so knows that the keepers' files here are not the ones it looks for.
Result<std::string> place_of(const LocalPrograms& local);

// "pg_dump --schema-only", for plans and messages.
std::string show_invocation(const Call& call);

// The result record of a program that has ended.
Value exit_value(const KeptStatus& status);
Value exit_value(const Ended& ended);
bool is_expected(const DeclaredProgram& program, const Call& call, int exit_code);
Error exit_status_error(const Call& call, int exit_code, Value exit);

// Starts the keeper of one program that goes on by itself, with the lock of `folder` (held in
// `lock`, given up once the keeper has it). Ends when the program runs, or could not be started.
struct KeeperStart {
    std::string folder;
    std::shared_ptr<Descriptor> lock;
    std::string program;  // A KeptProgram as JSON.
};
Awaitable<Ended> start_keeper(SharedPrograms local, KeeperStart start, double deadline_s);

// The outcome of a `run` whose program's status is over.
Outcome outcome_of(const DeclaredProgram& program, const Call& call, const KeptStatus& status);
// What became of a `run` whose answer was lost; waits for a program that still runs.
Awaitable<Sighting> look_run(SharedPrograms local, Call& call, const Value& before);

// Polls until `ready` says so; false where `until_s` (boot clock) came first or a stop was asked.
Awaitable<bool> poll_until(Loop& loop, Work<bool> ready, double until_s,
                           std::shared_ptr<Cancel> cancel);

// The handlers.
Handler inspect_handler(SharedPrograms local);
Handler run_handler(SharedPrograms local);
Handler start_handler(SharedPrograms local);
Handler stop_handler(SharedPrograms local);
Handler status_handler(SharedPrograms local);
Handler output_handler(SharedPrograms local);
Handler wait_ended_handler(SharedPrograms local);

}  // namespace perilune
