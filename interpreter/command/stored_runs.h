// Runs as the store has them, for the commands that only read.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "interpreter/command/command.h"
#include "interpreter/journal/store.h"
#include "interpreter/report/layout.h"
#include "interpreter/report/timeline.h"
#include "interpreter/report/usual.h"

namespace perilune {

struct StoredRun {
    std::unique_ptr<Store> store;
    RunRow row;
    Records records;
};

// The store that the command line names. What may only be read, such as a copy, is read, and
// that it is one is said.
Result<std::unique_ptr<Store>> open_store(const Invocation& invocation);
// The run that the argument RUN means, with its records; they are read from its store.
Result<StoredRun> read_run(const Invocation& invocation);
// Its first record and its newest ones, at most so many.
Result<std::vector<Value>> read_ends(Store& store, const std::string& run, std::size_t newest);
RunState state_of(const Records& records);

// What an open run is measured to: now. Of an ended one its records say all.
report::Timeline timeline_of(const RunRow& row, const Records& records,
                             report::Depth depth = report::Depth::whole);
// By the ended runs of the same runbook and by its drills, the newest ones.
report::Usual usual_of(Store& store, const std::string& state_folder, const std::string& runbook);

// True where a host that lives executes the run.
bool is_executed(const Invocation& invocation, const RunRow& row);

// Locks by their names: who holds each.
std::map<std::string, LockRow> locks_by_name(Store& store);
// The locks that a run declares or holds, a line each: "traffic/site: held by this run since …".
std::vector<std::string> lock_lines(const std::map<std::string, LockRow>& locks,
                                    const std::string& run, const Value& declared);
// The same as data: list of { name, holder, since }.
Value locks_value(const std::map<std::string, LockRow>& locks, const std::string& run,
                  const Value& declared);

// How text on standard output is drawn: colours and width of the terminal that is there.
report::Style data_style();
// The same of standard error, where people are talked to.
report::Style talk_style();
// Writes the lines as data.
void put_lines(const std::vector<std::string>& lines);

}  // namespace perilune
