#include "interpreter/run/supposed.h"

#include <algorithm>

namespace perilune {

std::string why_refused(LiveRun& run, const Event& event, const Family* family,
                        const Operation* row) {
    if (!family || !row) return "There is no operation " + event.target + ":" + event.name + ".";
    const Value& declared = run.prepared().facts["targets"];
    if (!declared.has(event.target)) return event.target + " is not among the runbook's targets.";
    const List& allowed = declared[event.target].list();
    if (row->effect == Effect::change &&
        std::find(allowed.begin(), allowed.end(), Value(event.name)) == allowed.end())
        return "The runbook's targets do not allow " + event.name + " on " + event.target + ".";
    return run.lacks(event.target, event.name);
}

Value supposed_answer(const Event& question) {
    const std::string& what = question.data["what"].text();
    Value answer;
    answer.set("decision", what == "approve" ? "approve" : "yes");
    if (what == "ask" || what == "manual")
        answer.set("value", Value(Unknown{"the answer to \"" + question.name + "\""}));
    if (what == "confirm") answer.set("value", true);
    if (what == "signal")
        answer.set("name", question.data["names"].list().front())
            .set("data", Value(Unknown{"the data of the signal " + question.name}));
    return answer;
}

Value unknown_result(const Event& operation) {
    return Value(Unknown{"result of " + operation.name + " of " + operation.target});
}

}  // namespace perilune
