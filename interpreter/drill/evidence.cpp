#include "interpreter/drill/evidence.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "interpreter/base/digest.h"
#include "interpreter/base/files.h"
#include "interpreter/base/json.h"
#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

namespace fs = std::filesystem;

std::optional<double> allowed_s(const NamedDurations& limits, const std::string& name) {
    if (const auto found = limits.find(name); found != limits.end()) return found->second;
    if (const auto found = limits.find(""); found != limits.end()) return found->second;
    return std::nullopt;
}

void set_verdict(Value& measured, double seconds, std::optional<double> allowed) {
    measured.set("measured_s", seconds);
    if (allowed) measured.set("allowed_s", *allowed);
    measured.set("met", !allowed || seconds <= *allowed);
}

Value rto_value(const Conducted& conducted, const Objectives& objectives, double run_ended_at) {
    const Outage outage = measure_outage(conducted.probes, conducted.disaster_at);
    Value rto;
    // A service that answered all the time was ill in another way: it was well when the run said
    // so.
    const double seconds = outage.any ? outage.rto_s : run_ended_at - conducted.disaster_at;
    set_verdict(rto, std::max(0.0, seconds), strictest_s(objectives.rto));
    rto.set("by", outage.any ? "probe" : "run").set("asked", outage.asked).set("bad", outage.bad);
    if (outage.any) rto.set("began_at", outage.began_at).set("over", outage.over);
    if (outage.over) rto.set("ended_at", outage.ended_at);
    if (outage.any && !outage.over) rto.set("met", false);
    return rto;
}

Value rpo_value(const MarkSeries& series, const Objectives& objectives,
                const Conducted& conducted) {
    Value rpo;
    rpo.set("name", series.plan.name).set("target", series.plan.target);
    rpo.set("survivor", series.plan.survivor);
    if (!series.problem.empty()) return rpo.set("problem", series.problem).set("met", false);
    const Loss loss =
        measure_loss(series.marks, series.survived, conducted.disaster_at, conducted.caused_at);
    set_verdict(rpo, loss.rpo_s, allowed_s(objectives.rpo, series.plan.name));
    rpo.set("written", loss.written).set("lost", loss.lost).set("lost_late", loss.lost_late);
    rpo.set("holes", loss.holes);
    if (loss.written == 0) rpo.set("met", false).set("problem", "no mark was written");
    return rpo;
}

List step_values(const report::Timeline& timeline) {
    List steps;
    for (const auto& step : timeline.steps) {
        if (step.what != "step" && step.what != "wait" && step.what != "hold") continue;
        Value value;
        value.set("path", step.path)
            .set("what", step.what)
            .set("outcome", step.outcome)
            .set("began_at", step.began);
        steps.push_back(value.set("ended_at", step.ended));
    }
    return steps;
}

List doubt_values(const report::Timeline& timeline) {
    List doubts;
    for (const auto& change : timeline.changes)
        if (change.was_in_doubt())
            doubts.push_back(Value(change.target + ":" + change.operation + " in " + change.path +
                                   ", settled by " + change.by));
    return doubts;
}

List texts(const std::vector<std::string>& from) {
    List list;
    for (const auto& text : from) list.emplace_back(text);
    return list;
}

std::string result_of(const Value& evidence) {
    if (!evidence.has("rto")) return "unmeasured";
    bool met = evidence["rto"]["met"].boolean() && evidence["deviations"].list().empty();
    for (const auto& rpo : evidence["rpo"].list())
        met = met && rpo["met"].boolean() && rpo["lost_late"].integer() == 0;
    return met && evidence["run"]["exit"].integer() == 0 ? "passed" : "failed";
}

}  // namespace

Value make_evidence(const DrillSubject& subject, const DrillPlan& plan, const Conducted& conducted,
                    const report::Timeline* timeline, const RunRow& row) {
    Value evidence;
    evidence.set("format", 1).set("id", subject.id).set("drill", plan.name);
    evidence.set("runbook", plan.runbook).set("environment", plan.environment);
    evidence.set("library", subject.library).set("library_version", subject.library_version);
    evidence.set("program", "perilune 0.1.0").set("who", subject.who);
    evidence.set("began_at", conducted.began_at).set("ended_at", conducted.ended_at);
    evidence.set("deviations", texts(conducted.deviations));
    evidence.set("simulated", texts(plan.simulated)).set("answers", conducted.answers);
    Map parts;
    for (const auto& [name, part] : conducted.parts) {
        Value& value = parts[name];
        value.set("done", part.done);
        if (!part.problem.empty()) value.set("problem", part.problem);
    }
    evidence.set("parts", Value(std::move(parts)));
    if (conducted.disaster_at > 0) evidence.set("disaster_at", conducted.disaster_at);
    if (timeline) {
        Value run;
        run.set("id", row.id).set("outcome", row.outcome);
        run.set("began_at", timeline->run.began).set("ended_at", timeline->run.ended);
        run.set("exit", timeline->state.end.is_nil() ? Value(-1) : timeline->state.end["exit"]);
        if (conducted.killed_at > 0)
            run.set("killed_at", conducted.killed_at).set("killed_in", conducted.killed_in);
        evidence.set("noticed_at", conducted.noticed_at).set("run", run).set("code", row.bundle);
        evidence.set("steps", step_values(*timeline)).set("in_doubt", doubt_values(*timeline));
        const double ended_at = timeline->run.open() ? conducted.ended_at : timeline->run.ended;
        evidence.set("rto", rto_value(conducted, subject.objectives, ended_at));
        List rpo;
        for (const auto& series : conducted.marks)
            rpo.push_back(rpo_value(series, subject.objectives, conducted));
        evidence.set("rpo", std::move(rpo));
    }
    return evidence.set("result", result_of(evidence));
}

Status write_evidence(const std::string& folder, Value& evidence, const Conducted& conducted) {
    List files;
    const auto keep = [&](const std::string& name, const std::string& text) -> Status {
        std::ofstream file(folder + "/" + name, std::ios::binary);
        file << text;
        file.close();
        if (!file) return fail("bad_folder", folder + "/" + name + " cannot be written.");
        files.push_back(Value().set("name", name).set("sha256", to_hex(sha256(text))));
        return Done{};
    };
    std::string probes;
    for (const auto& probe : conducted.probes) probes += to_json(value_of(probe)) + "\n";
    if (const auto kept = keep("probes.jsonl", probes); !kept) return kept;
    for (std::size_t i = 0; i < conducted.marks.size(); ++i) {
        std::string marks;
        for (const auto& mark : conducted.marks[i].marks) {
            Value value = value_of(mark);
            value.set("survived", conducted.marks[i].survived.contains(mark.number));
            marks += to_json(value) + "\n";
        }
        const auto kept = keep("marks-" + std::to_string(i + 1) + ".jsonl", marks);
        if (!kept) return kept;
    }
    evidence.set("files", files);
    return keep("evidence.json", to_json(evidence, 2) + "\n");
}

std::vector<Value> read_all_evidence(const std::string& state_folder,
                                     std::vector<std::string>& problems) {
    std::vector<Value> all;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(state_folder + "/drills", code)) {
        const fs::path path = entry.path() / "evidence.json";
        if (!fs::exists(path, code)) continue;  // A drill that goes on, or never came to its end.
        std::ifstream file(path);
        const std::string text((std::istreambuf_iterator<char>(file)), {});
        const auto read = from_json(text);
        if (!read || !read->has("id")) {
            problems.push_back(path.string() + " cannot be read.");
            continue;
        }
        all.push_back(*read);
        all.back().set("folder", entry.path().string());
    }
    std::sort(all.begin(), all.end(), [](const Value& left, const Value& right) {
        return left["began_at"].number() > right["began_at"].number();
    });
    return all;
}

Result<Value> find_evidence(const std::string& state_folder, const std::string& id) {
    std::vector<std::string> problems;
    const auto all = read_all_evidence(state_folder, problems);
    std::vector<std::string> known;
    const Value* found = nullptr;
    for (const auto& one : all) {
        const std::string& name = one["id"].text();
        known.push_back(name);
        if (id == "last") return one;
        if (id.empty() || (!name.starts_with(id) && !name.ends_with(id))) continue;
        if (found)
            return fail("ambiguous", "Several drills are meant by " + in_quotes(id) + ": " +
                                         (*found)["id"].text() + ", " + name + ".");
        found = &one;
    }
    if (found) return *found;
    return fail("not_found", "There is no drill " + in_quotes(id) + "." + did_you_mean(id, known) +
                                 " See: perilune drills");
}

}  // namespace perilune
