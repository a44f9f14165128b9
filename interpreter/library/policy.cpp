// Reads the policy section of an environment.
#include "interpreter/library/policy.h"

#include "interpreter/base/suggest.h"
#include "interpreter/library/fields.h"

namespace perilune {

namespace {

const std::vector<std::string> plan_rules = {"required", "shown", "off"};

std::optional<PlanRule> read_plan(const YamlNode& node, const std::string& what,
                                  Problems& problems) {
    const auto read = read_choice(node, what, plan_rules, problems);
    if (!read) return std::nullopt;
    if (*read == "required") return PlanRule::required;
    return *read == "shown" ? PlanRule::shown : PlanRule::off;
}

ApprovalRule read_approval(const YamlEntry& entry, Problems& problems) {
    const std::string what = "policy.approvals." + entry.key;
    ApprovalRule rule;
    rule.place = entry.place;
    if (!expect_map(entry.value, what, problems)) return rule;
    refuse_unknown_keys(entry.value, what, {"from", "count", "not_starter"}, problems);
    if (const YamlNode* from = entry.value.find("from"))
        for (const auto& name : read_texts(*from, what + ".from", problems))
            rule.from.push_back(name.text);
    if (rule.from.empty() && !entry.value.is_nothing() &&
        (!entry.value.find("from") || entry.value.find("from")->is_list()))
        problems.add(entry.place, what +
                                      " names nobody in \"from\", so nobody could approve. Name "
                                      "roles or people there.");
    if (entry.value.is_nothing())
        problems.add(entry.place, what + " is empty. Write { from: [ROLE], count: 1 }.");
    if (const YamlNode* count = entry.value.find("count"))
        rule.count = read_count(*count, what + ".count", problems).value_or(1);
    if (const YamlNode* not_starter = entry.value.find("not_starter"))
        rule.not_starter =
            read_boolean(*not_starter, what + ".not_starter", problems).value_or(true);
    return rule;
}

RunbookPolicy read_runbook_policy(const YamlEntry& entry, Problems& problems) {
    const std::string what = "policy.runbooks." + entry.key;
    RunbookPolicy policy;
    if (!expect_map(entry.value, what, problems)) return policy;
    refuse_unknown_keys(entry.value, what, {"plan", "break_glass"}, problems);
    if (const YamlNode* plan = entry.value.find("plan"))
        policy.plan = read_plan(*plan, what + ".plan", problems);
    if (const YamlNode* allowed = entry.value.find("break_glass"))
        policy.break_glass = read_boolean(*allowed, what + ".break_glass", problems);
    return policy;
}

}  // namespace

std::string_view to_text(PlanRule rule) { return plan_rules[static_cast<std::size_t>(rule)]; }

PlanRule Policy::plan_for(const std::string& runbook) const {
    const auto found = runbooks.find(runbook_name(runbook));
    return found == runbooks.end() ? plan : found->second.plan.value_or(plan);
}

bool Policy::break_glass_for(const std::string& runbook) const {
    const auto found = runbooks.find(runbook_name(runbook));
    return found == runbooks.end() ? break_glass : found->second.break_glass.value_or(break_glass);
}

std::optional<std::string> known_runbook(const YamlEntry& entry, std::string_view what,
                                         const Library& library, Problems& problems) {
    const std::string name = runbook_name(entry.key);
    if (library.runbooks.contains(name)) return name;
    std::vector<std::string> names;
    for (const auto& [known, path] : library.runbooks) names.push_back(known);
    problems.add(entry.place, std::string(what) + " names the runbook " + in_quotes(entry.key) +
                                  ", which this library has not." + did_you_mean(name, names) +
                                  " Correct or remove it.");
    return std::nullopt;
}

Policy read_policy(const YamlNode& node, const Library& library, Problems& problems) {
    Policy policy;
    if (!expect_map(node, "policy", problems)) return policy;
    refuse_unknown_keys(node, "policy", {"approvals", "plan", "break_glass", "runbooks"}, problems);
    if (const YamlNode* approvals = node.find("approvals");
        approvals && expect_map(*approvals, "policy.approvals", problems))
        for (const auto& entry : approvals->entries)
            policy.approvals[entry.key] = read_approval(entry, problems);
    if (const YamlNode* plan = node.find("plan"))
        policy.plan = read_plan(*plan, "policy.plan", problems).value_or(PlanRule::required);
    if (const YamlNode* allowed = node.find("break_glass"))
        policy.break_glass = read_boolean(*allowed, "policy.break_glass", problems).value_or(false);
    if (const YamlNode* runbooks = node.find("runbooks");
        runbooks && expect_map(*runbooks, "policy.runbooks", problems))
        for (const auto& entry : runbooks->entries)
            if (const auto name = known_runbook(entry, "policy.runbooks", library, problems))
                policy.runbooks[*name] = read_runbook_policy(entry, problems);
    return policy;
}

}  // namespace perilune
