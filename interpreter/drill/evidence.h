// The evidence of a drill: what was measured, against what, and everything that makes it credible.
#pragma once

#include <string>
#include <vector>

#include "interpreter/base/result.h"
#include "interpreter/drill/conductor.h"
#include "interpreter/library/objectives.h"
#include "interpreter/report/timeline.h"

namespace perilune {

struct DrillSubject {
    std::string id;  // "20261120-184342-b3nnr2"
    std::string library;
    std::string library_version;
    std::string who;
    Objectives objectives;  // Of the runbook.
};

// One map of plain data, as evidence.json holds it; times are Unix seconds:
//   id drill runbook environment library library_version code program who began_at ended_at
//   disaster_at noticed_at result ("passed", "failed", "unmeasured")
//   run         { id, outcome, exit, began_at, ended_at, killed_at?, killed_in? }
//   rto         { measured_s, by ("probe" or "run"), allowed_s?, met, asked, bad, began_at,
//   ended_at } rpo         list of { name, target, survivor, measured_s, allowed_s?, met, written,
//   lost, … } steps       list of { path, began_at, ended_at, outcome } answers deviations in_doubt
//   simulated   lists parts       map of part to { done, problem? }
Value make_evidence(const DrillSubject& subject, const DrillPlan& plan, const Conducted& conducted,
                    const report::Timeline* timeline, const RunRow& row);

// Writes evidence.json, probes.jsonl and marks-N.jsonl into the folder; adds to the evidence what
// each file's SHA-256 is.
Status write_evidence(const std::string& folder, Value& evidence, const Conducted& conducted);

// All drills below STATE/drills, the newest first; what cannot be read is left out and named.
std::vector<Value> read_all_evidence(const std::string& state_folder,
                                     std::vector<std::string>& problems);
// The one whose id is given, or begins or ends so, or "last".
Result<Value> find_evidence(const std::string& state_folder, const std::string& id);

}  // namespace perilune
