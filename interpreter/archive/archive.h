// Runs as a folder of plain files: read with any editor, checked, and put into another store.
//
//   README.txt                 what this is, and how it is checked by hand
//   checkpoint                 every run's number of records and newest hash; see checkpoint.h
//   runs/ID/run.json           the run's row
//   runs/ID/journal.jsonl      its records, a line each, as they are hashed
//   runs/ID/report.html, .md   its report
//   runs/ID/signed/SEQ-WHAT.*  what people signed: text, signature, and whose the keys are
//   code/DIGEST/PATH           the texts it was executed from
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "interpreter/journal/checkpoint.h"
#include "interpreter/journal/store.h"

namespace perilune {

// What of a run is written as a report; the archive itself draws none.
struct RunReports {
    std::string html;
    std::string markdown;
    std::map<std::string, std::string> signed_files;  // By their names in signed/.
};

// Looks at records and at the code they name (by digest) before they are put into a store.
using CheckArchived = std::function<Status(const std::vector<RecordRow>& records,
                                           const std::map<std::string, Files>& code)>;

// Writes one run into the folder. Its journal must hold.
Status archive_run(Store& store, const RunRow& row, const RunReports& reports,
                   const std::string& folder);
// Writes what belongs to the whole: README.txt and the checkpoint, whose text is returned.
Result<std::string> archive_whole(const Checkpoint& checkpoint, const std::string& folder);

// The ids of the archived runs, parents before children.
Result<std::vector<std::string>> archived_runs(const std::string& folder);
// Puts an archived run that has ended into the store, once its chain, its head and its code are
// seen to be whole, and `check` finds nothing. Error `run_exists` where the store has it already.
Status restore_run(Store& store, const std::string& folder, const std::string& id,
                   const CheckArchived& check);

}  // namespace perilune
