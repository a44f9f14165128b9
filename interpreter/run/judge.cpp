#include "interpreter/run/judge.h"

#include <algorithm>

namespace perilune {

namespace {

// The rule for a question: what policy asks of its role, and what the runbook adds.
struct Asked {
    ApprovalRule rule;
    bool by_policy = false;  // The environment has a rule for the role.
};

Asked asked_of(const Policy& policy, const Value& question) {
    const Value& args = question["args"];
    Asked asked;
    if (const auto found = policy.approvals.find(args["role"].text());
        found != policy.approvals.end()) {
        asked.rule = found->second;
        asked.by_policy = true;
    }
    asked.rule.not_starter = asked.rule.not_starter || args["not_starter"].boolean();
    asked.rule.count = std::max(asked.rule.count, static_cast<int>(args["count"].integer()));
    return asked;
}

std::string refuse_unsigned(const Law& law, const std::string& starter, const Value& question,
                            const Asked& asked, const Command& command) {
    const std::string name = "\"" + question["name"].text() + "\"";
    if (!law.asks_for_keys()) return {};
    if (command.person.empty() &&
        (asked.by_policy || asked.rule.not_starter || asked.rule.count > 1))
        return name + " counts only when it is signed by the SSH key of a person in people.yaml; " +
               command.who +
               " is the operating system's word. Sign it: perilune approve, with --key FILE or "
               "with the key in ssh-agent.";
    if (asked.rule.not_starter && !is_by_key(starter))
        return name +
               " must be given by somebody else than who started the run, and who that is says "
               "the operating system alone (" +
               starter + "). Start it anew by a person with a key, or break the glass.";
    return {};
}

// Where nobody wrote down who is who, the operating system's names are the people.
std::string refuse_by_name(const ApprovalRule& rule, const std::string& person,
                           const Value& question) {
    const auto& from = rule.from;
    if (from.empty() || std::find(from.begin(), from.end(), person) != from.end()) return {};
    std::string all;
    for (const auto& name : from) all += (all.empty() ? "" : ", ") + name;
    return "\"" + question["name"].text() + "\" needs the role " + question["args"]["role"].text() +
           ", which here have: " + all + ". You are " + person + "; ask one of them.";
}

}  // namespace

std::string plain_name(const std::string& who) { return who.substr(0, who.find('@')); }

bool is_by_key(const std::string& who) { return who.find('@') == std::string::npos; }

std::string refuse_answer(const Law& law, const Value& begin, const Value& question,
                          const std::vector<Value>& approvals, const Command& command) {
    if (begin.has("break_glass")) return {};
    const Asked asked = asked_of(law.policy, question);
    const std::string& name = question["name"].text();
    const std::string& starter = begin["who"].text();
    if (std::string refused = refuse_unsigned(law, starter, question, asked, command);
        !refused.empty())
        return refused;
    if (asked.rule.not_starter && command.name() == starter)
        return "You started this run, and \"" + name +
               "\" must be approved by somebody else. Let them: perilune approve " +
               begin["run"].text();
    for (const auto& given : approvals)
        if (given["who"].text() == command.name())
            return "You have approved \"" + name + "\" already; it needs " +
                   std::to_string(asked.rule.count) + " different people. Ask another one.";
    const std::string person = plain_name(command.name());
    const std::string by_name = refuse_by_name(asked.rule, person, question);
    if (!law.people.any() || !asked.by_policy) return by_name;
    if (law.plays_people() && by_name.empty()) return {};
    const auto allowed = law.people.may_approve(asked.rule, person, plain_name(starter));
    return allowed ? std::string() : "\"" + name + "\": " + allowed.error().message;
}

std::int64_t approvals_needed(const Law& law, const Value& begin, const Value& question) {
    return begin.has("break_glass") ? 1 : asked_of(law.policy, question).rule.count;
}

std::string refuse_break_glass(const Law& law, const std::string& runbook) {
    if (law.policy.break_glass_for(runbook)) return {};
    return "The environment " + law.environment + " does not let " + runbook +
           " pass its policy over.";
}

std::string refuse_review(const Law& law, const RunState& state, const Command& command) {
    const std::string& run = state.begin["run"].text();
    if (state.broke_glass == 0)
        return "Policy was kept to in the run " + run + ": no review is due.";
    if (!state.wants_review())
        return "The run " + run + " was reviewed by " + state.review["who"].text() +
               ". See: perilune report " + run;
    if (law.asks_for_keys() && command.person.empty())
        return "A review counts only when it is signed by a key of somebody in people.yaml; " +
               command.who + " is the operating system's word. Sign it: perilune review " + run +
               " --reason TEXT --key FILE";
    const std::string person = plain_name(command.name());
    if (const Person* known = law.people.find(person); known && !known->owner.empty())
        return person + " is a service account, and a review is a person's.";
    for (const auto& who : state.broke_glass_by)
        if (law.people.person_behind(plain_name(who)) == law.people.person_behind(person))
            return "You have passed policy over in the run " + run +
                   ", so somebody else must review it. Let them: perilune review " + run +
                   " --reason TEXT";
    return {};
}

}  // namespace perilune
