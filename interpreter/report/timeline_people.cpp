// The timeline's questions, answers and failures, and the facts that are known at its end.
#include "interpreter/report/timeline_builder.h"

#include <algorithm>

#include "interpreter/report/describe.h"

namespace perilune::report {

void TimelineBuilder::take_question(const Value& record) {
    const EventId id = EventId::from(record);
    const Value& args = record["args"];
    QuestionEntry question;
    question.key = id.key();
    question.what = args["what"].text();
    question.name = record["name"].text();
    question.path = made_.state.path(record["scope"].text());
    question.role = args["role"].text();
    question.detail = args["detail"].text();
    question.evidence = args["evidence"].text();
    question.choices = args["choices"];
    question.names = args["names"];
    question.count = std::max<std::int64_t>(1, args["count"].integer());
    question.not_starter = args["not_starter"].boolean();
    question.asked = record["time"].number();
    made_.questions.push_back(std::move(question));
    questions_[id.key()] = made_.questions.size() - 1;
    open_people_.insert(id.key());
    question_scopes_[id.key()] = record["scope"].text();
    add_entry(EntryKind::question, made_.questions.size() - 1, place_of(record["scope"].text()),
              record["time"].number());
}

void TimelineBuilder::take_answer(const Value& record) {
    const std::string& key = record["of"].text();
    const double at = record["time"].number();
    if (!record["partial"].boolean()) open_people_.erase(key);
    if (const auto found = failures_.find(key); found != failures_.end()) {
        FailureEntry& failure = made_.failures[found->second];
        failure.decision = record["again"].boolean()  ? "again"
                           : record["skip"].boolean() ? "skip"
                                                      : "raise";
        failure.decided_by = record["who"].text();
        failure.reason = record["reason"].text();
        failure.decided_at = at;
        const auto place = places_.find(question_scopes_[key]);
        if (failure.decision != "skip" || place == places_.end() || place->second == 0) return;
        if (failure.what == "operation" || failure.what == "question") return;
        Step& step = made_.steps[made_.entries[place->second].index];
        step.skipped_by = failure.decided_by;
        step.skip_reason = failure.reason;
        return;
    }
    const auto found = questions_.find(key);
    if (found == questions_.end()) return;
    QuestionEntry& question = made_.questions[found->second];
    AnswerEntry answer;
    answer.at = at;
    answer.who = record["who"].text();
    answer.key = record["signed"]["key"].text();
    answer.how = record["how"].text();
    answer.decision = record["decision"].text();
    answer.value = record.has("data") ? record["data"] : record["value"];
    answer.reason = record["reason"].text();
    answer.problem = record["error"]["message"].text();
    if (record.has("signal")) answer.signal = record["name"].text();
    answer.partial = record["partial"].boolean();
    answer.by_time = record["by"].text() == "time";
    if (record.has("break_glass")) {
        std::string& reasons = made_.run.break_glass;
        reasons += (reasons.empty() ? "" : "; ") + record["break_glass"].text() + " (" +
                   question.name + ")";
        ++made_.run.broke_glass;
    }
    question.answers.push_back(std::move(answer));
    if (record["partial"].boolean()) return;
    question.open = false;
    question.ended = at;
}

void TimelineBuilder::take_failure(const Value& record) {
    const EventId id = EventId::from(record);
    const Value& args = record["args"];
    const Value& decision = record["decision"];
    FailureEntry failure;
    failure.key = id.key();
    failure.what = args["what"].text();
    failure.name = record["name"].text();
    failure.path = made_.state.path(record["scope"].text());
    failure.message = args["error"]["message"].text();
    failure.code = args["error"]["code"].text();
    failure.retry = args["error"]["retry"].text();
    failure.at = first_text(args["error"], {"at"});
    if (failure.at.empty()) failure.at = record["at"].text();
    failure.twice = record["twice"];
    failure.time = record["time"].number();
    if (record.has("decision")) {
        failure.decision = decision["again"].boolean()  ? "again"
                           : decision["skip"].boolean() ? "skip"
                                                        : "raise";
        failure.pause = decision["pause"].number();
        failure.decided_at = failure.time;
    } else {
        open_people_.insert(id.key());
    }
    made_.failures.push_back(std::move(failure));
    failures_[id.key()] = made_.failures.size() - 1;
    question_scopes_[id.key()] = record["scope"].text();
    add_entry(EntryKind::failure, made_.failures.size() - 1, place_of(record["scope"].text()),
              record["time"].number());
}

// Nobody is asked any more in a scope that was stopped.
void TimelineBuilder::end_people_within(const std::string& scope, double at, const Value& stop) {
    const std::set<std::string> open = open_people_;
    for (const auto& key : open) {
        if (!made_.state.within(question_scopes_[key], scope)) continue;
        open_people_.erase(key);
        if (const auto found = questions_.find(key); found != questions_.end()) {
            QuestionEntry& question = made_.questions[found->second];
            question.open = false;
            question.stopped = true;
            question.ended = at;
        } else if (const auto failed = failures_.find(key); failed != failures_.end()) {
            FailureEntry& failure = made_.failures[failed->second];
            failure.decision = stop["why"].text() == "undo" ? "undo" : "stop";
            failure.decided_by = stop["who"].text();
            failure.reason = stop["reason"].text();
            failure.decided_at = at;
        }
    }
}

double waited_for_people_s(const Timeline& timeline) {
    std::vector<std::pair<double, double>> spans;
    const double now = timeline.run.now;
    const auto add = [&](double from, double to) {
        if (to <= 0) to = now;
        if (to > from) spans.emplace_back(from, to);
    };
    for (const auto& question : timeline.questions)
        if (question.what != "signal") add(question.asked, question.ended);
    for (const auto& failure : timeline.failures) add(failure.time, failure.decided_at);
    for (const auto& change : timeline.changes) {
        double since = 0;
        for (const auto& happening : change.happenings) {
            if (happening.what == "doubt") since = happening.at;
            if (happening.what == "settled_by" && since > 0) add(since, happening.at), since = 0;
        }
        if (change.in_doubt && since > 0) add(since, 0);
    }
    std::sort(spans.begin(), spans.end());
    double total = 0, covered_to = 0;
    for (const auto& [from, to] : spans) {
        total += std::max(0.0, to - std::max(from, covered_to));
        covered_to = std::max(covered_to, to);
    }
    return total;
}

Timeline TimelineBuilder::finish(double now) {
    RunFacts& run = made_.run;
    run.now = std::max(now, made_.state.time);
    if (!made_.state.end.is_nil()) run.ended = made_.state.end["time"].number();
    for (auto& wait : made_.waits)
        if (wait.ended <= 0 && !run.open()) wait.ended = std::max(wait.began, run.ended);
    made_.waited_for_people_s = waited_for_people_s(made_);
    made_.objectives = measure_objectives(made_, made_.state.begin["facts"]["objectives"]);
    return std::move(made_);
}

}  // namespace perilune::report
