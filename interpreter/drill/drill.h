// What a file of drills/ says of its drill: everything but its functions, which runs execute.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

// What a user would ask for, again and again.
struct ProbePlan {
    std::string url;      // http://HOST[:PORT]/PATH
    std::string resolve;  // The zone, "dns/site", that says where HOST is; empty: HOST is asked.
    double every_s = 0.2;
    double timeout_s = 1;
    int status = 200;
    std::string contains;  // What a good answer has in its body; empty: anything.
};

// Numbered marks that are written until the drill ends.
struct MarkPlan {
    std::string name;
    std::string target;    // "database/primary": where they are written.
    std::string survivor;  // Where is looked which are left.
    double every_s = 0.1;
};

struct DrillAnswer {
    Value answer;  // "approve", "reject" or a value.
    double after_s = 0;
    std::string by = "drill";
    std::string reason;
};

struct DrillPlan {
    std::string name;
    std::string runbook;
    std::string environment;
    double notice_s = 0;  // From the disaster to somebody's starting the runbook.
    ProbePlan probe;
    std::vector<MarkPlan> marks;
    std::map<std::string, DrillAnswer> answers;  // By the question's name.
    double guard_outage_s = 0;                   // A longer outage ends the drill; 0: none does.
    double guard_within_s = 0;                   // As of the whole runbook.
    std::vector<std::string> simulated;          // What is no real service, and why.
    bool prepares = false;
    bool has_before = false;  // Something is done while marks are written, and no disaster yet.
    bool has_parameters = false;
    bool checks = false;
    bool puts_back = false;
};

// Reads what the file declares (its facts' field `drill`). `fill` replaces {services.NAME.FACT}.
Result<DrillPlan> read_drill(const std::string& name, const Value& facts,
                             const std::function<Result<Value>(const Value&)>& fill);

}  // namespace perilune
