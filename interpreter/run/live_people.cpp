// Who may answer a run's questions: what the environment's policy asks, and never less.
#include <algorithm>

#include "interpreter/run/live_run.h"

namespace perilune {

std::string LiveRun::may_answer(const Value& question, const std::vector<Value>& approvals,
                                const std::string& who) {
    if (engine_.state().begin.has("break_glass")) return {};
    const Value& args = question["args"];
    const auto& rules = host_.environment_.policy.approvals;
    const auto rule = rules.find(args["role"].text());
    const bool not_starter =
        args["not_starter"].boolean() || (rule != rules.end() && rule->second.not_starter);
    if (not_starter && who == engine_.state().begin["who"].text())
        return "You started this run, and \"" + question["name"].text() +
               "\" must be approved by somebody else.";
    for (const auto& given : approvals)
        if (given["who"].text() == who)
            return "You have approved \"" + question["name"].text() + "\" already; it needs " +
                   std::to_string(approvals_needed(question)) + " different people.";
    if (rule == rules.end() || rule->second.from.empty()) return {};
    const std::string person = who.substr(0, who.find('@'));
    const auto& from = rule->second.from;
    if (std::find(from.begin(), from.end(), person) != from.end()) return {};
    std::string all;
    for (const auto& name : from) all += (all.empty() ? "" : ", ") + name;
    return "\"" + question["name"].text() + "\" needs the role " + args["role"].text() +
           ", which here have: " + all + ". You are " + person + ".";
}

std::string LiveRun::may_break_glass() {
    if (host_.environment_.policy.break_glass_for(prepared_.runbook)) return {};
    return "The environment " + host_.environment_.name + " does not let " + prepared_.runbook +
           " pass its policy over.";
}

std::int64_t LiveRun::approvals_needed(const Value& question) {
    if (engine_.state().begin.has("break_glass")) return 1;
    const Value& args = question["args"];
    const auto rule = host_.environment_.policy.approvals.find(args["role"].text());
    const std::int64_t by_policy =
        rule == host_.environment_.policy.approvals.end() ? 1 : rule->second.count;
    return std::max(by_policy, args["count"].integer());
}

}  // namespace perilune
