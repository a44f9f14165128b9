#include "interpreter/drill/drill.h"

namespace perilune {

namespace {

std::vector<std::string> texts_of(const Value& list) {
    std::vector<std::string> texts;
    for (const auto& one : list.list()) texts.push_back(one.text());
    return texts;
}

DrillAnswer read_answer(const Value& given) {
    DrillAnswer answer;
    answer.answer = given["answer"];
    answer.after_s = given["after"].number();
    if (given.has("by")) answer.by = given["by"].text();
    answer.reason = given["reason"].text();
    return answer;
}

ProbePlan read_probe(const Value& given) {
    ProbePlan probe;
    probe.url = given["url"].text();
    probe.resolve = given["resolve"].text();
    probe.every_s = given["every"].number();
    probe.timeout_s = given["timeout"].number();
    probe.status = static_cast<int>(given["status"].integer());
    probe.contains = given["contains"].text();
    return probe;
}

}  // namespace

Result<DrillPlan> read_drill(const std::string& name, const Value& facts,
                             const std::function<Result<Value>(const Value&)>& fill) {
    const auto filled = fill(facts["drill"]);
    if (!filled) return filled.error();
    const Value& given = *filled;
    DrillPlan plan;
    plan.name = name;
    plan.runbook = given["runbook"].text();
    plan.environment = given["environment"].text();
    plan.notice_s = given["notice"].number();
    plan.probe = read_probe(given["probe"]);
    if (!plan.probe.url.starts_with("http://"))
        return fail("bad_drill", "drills/" + name + ": probe.url is " + plan.probe.url +
                                     "; a drill asks over http://, by the address it looked up.");
    for (const auto& one : given["marks"].list()) {
        MarkPlan mark;
        mark.name = one["name"].text();
        mark.target = one["target"].text();
        mark.survivor = one["survivor"].text();
        mark.every_s = one["every"].number();
        plan.marks.push_back(mark);
    }
    for (const auto& [question, answer] : given["answers"].map())
        plan.answers[question] = read_answer(answer);
    plan.guard_outage_s = given["guard"]["outage"].number();
    plan.guard_within_s = given["guard"]["within"].number();
    plan.simulated = texts_of(given["simulated"]);
    plan.prepares = given["has_prepare"].boolean();
    plan.has_before = given["has_before"].boolean();
    plan.has_parameters = given["has_parameters"].boolean();
    plan.checks = given["has_check"].boolean();
    plan.puts_back = given["has_put_back"].boolean();
    return plan;
}

}  // namespace perilune
