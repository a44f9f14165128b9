// Changes, questions and failures in words.
#include "interpreter/report/history.h"

#include <algorithm>

#include "interpreter/base/units.h"
#include "interpreter/report/describe.h"
#include "interpreter/report/escape.h"

namespace perilune::report {

namespace {

double took(double began, double ended, const RunFacts& run) {
    return (ended > 0 ? ended : run.now) - began;
}

std::string with_reason(std::string text, const std::string& reason) {
    if (!reason.empty()) text += ": " + reason;
    return text;
}

void add_happenings(HistoryLine& line, const ChangeEntry& change) {
    for (const auto& happening : change.happenings) {
        const std::string at = clock_text(happening.at) + " ";
        if (happening.what == "not_done") {
            line.details.push_back({"not done", at + happening.text, Tone::waits});
        } else if (happening.what == "try") {
            const std::string by = happening.who == "perilune" || happening.who.empty()
                                       ? ""
                                       : ", " + happening.who;
            line.details.push_back({"sent again", at + by, Tone::waits});
        } else if (happening.what == "doubt") {
            line.details.push_back({"in doubt", at + happening.text, Tone::doubt});
        } else if (happening.what == "settled_by") {
            line.details.push_back(
                {"doubt settled by", happening.who + " at " + at + "— " + happening.text,
                 Tone::doubt});
        } else {
            line.details.push_back({"part done", at + happening.text});
        }
    }
}

std::string decision_text(const FailureEntry& failure) {
    const std::string by = failure.decided_by.empty() ? "" : " by " + failure.decided_by;
    if (failure.decision.empty()) return "waits for a decision";
    if (failure.decision == "again")
        return "tried again" + by +
               (failure.pause > 0 ? " after " + show_duration(failure.pause) : "");
    if (failure.decision == "skip") return "skipped" + by;
    if (failure.decision == "undo") return "the run was undone" + by;
    if (failure.decision == "stop") return "the run was stopped" + by;
    return "raised to what is around it" + by;
}

}  // namespace

std::string effect_text(const ChangeEntry& change, int width) {
    const bool settled = change.outcome == "done" && change.changed && !change.after.is_nil();
    const bool told = change.plan.find("→") != std::string::npos;
    if (told || !settled) return cut(shown(change.plan), width);
    const std::string made = difference(change.before, change.after, width);
    if (change.plan.empty() || made.empty()) return made.empty() ? shown(change.plan) : made;
    return cut(shown(change.plan) + ": " + made, width);
}

std::string outcome_text(const ChangeEntry& change) {
    if (change.in_doubt) return "in doubt";
    if (change.outcome.empty()) return "under way";
    if (change.outcome == "failed")
        return change.left_some ? "failed, a part was done" : "failed";
    if (change.outcome == "unknown")
        return change.recovery == "leave" ? "maybe sent" : "maybe done";
    if (change.by == "already so" || !change.changed) return "already so";
    return "done";
}

Tone tone_of(const ChangeEntry& change) {
    if (change.in_doubt) return Tone::doubt;
    if (change.outcome.empty()) return Tone::runs;
    if (change.outcome == "failed") return Tone::bad;
    if (change.outcome == "unknown") return change.recovery == "leave" ? Tone::waits : Tone::doubt;
    return change.changed ? Tone::good : Tone::muted;
}

std::string undone_text(const ChangeEntry& change) {
    if (change.undone == "done") return "undone";
    if (change.undone == "nothing") return "nothing to undo";
    if (change.undone == "impossible") return "cannot be undone";
    if (change.undone == "failed") return "undo failed";
    if (change.undone == "conflict") return "conflict: not undone";
    return change.kept && change.changed ? "kept on purpose" : "";
}

HistoryLine line_of(const ChangeEntry& change, const RunFacts& run) {
    HistoryLine line;
    line.at = change.began;
    line.kind = "change";
    line.tone = tone_of(change);
    line.mark = change.sign.empty() ? "~" : change.sign;
    line.where = change.at;
    line.took_s = took(change.began, change.ended, run);
    line.text = change.child.empty()
                    ? call_text(change.target, change.operation, change.arguments, 160)
                    : "run " + change.child + " of " + change.operation;
    line.text += " — " + outcome_text(change);
    if (const std::string undone = undone_text(change); !undone.empty())
        line.text += "; " + undone;
    if (const std::string effect = effect_text(change, 300); !effect.empty())
        line.details.push_back({"", effect});
    add_happenings(line, change);
    if (!change.problem.empty()) line.details.push_back({"error", change.problem, line.tone});
    const bool plain = change.by.empty() || change.by == "driver" || change.by == "already so";
    const bool told = change.by.starts_with("person: ");  // The doubt's own line says who.
    if (!plain && !told) line.details.push_back({"settled by", change.by});
    return line;
}

std::string answer_text(const AnswerEntry& answer, const std::string& what) {
    const std::string by = answer.who.empty() ? "" : " by " + answer.who;
    if (!answer.problem.empty()) return "nobody answered in time";
    if (answer.by_time) return "nobody answered in time: " + preview(answer.value, 60);
    if (!answer.signal.empty()) return "signal " + answer.signal + by;
    if (answer.decision == "reject") return "rejected" + by;
    if (answer.decision == "approve" && what == "approve") return "approved" + by;
    if (what == "confirm")
        return (answer.value.boolean() || answer.decision == "approve" ? "yes" : "no") + by;
    if (what == "manual" && answer.value.is_nil()) return "done" + by;
    return preview(answer.value, 120) + by;
}

std::string answer_text(const QuestionEntry& question) {
    if (question.stopped) return "not asked any more";
    if (question.open) {
        const std::size_t given = question.answers.size();
        if (given == 0) return "waits for an answer";
        return "waits for further approvals; so far " + std::to_string(given);
    }
    std::string text;
    for (const auto& answer : question.answers)
        text += (text.empty() ? "" : ", ") + answer_text(answer, question.what);
    return text;
}

HistoryLine line_of(const QuestionEntry& question, const RunFacts& run) {
    HistoryLine line;
    line.at = question.asked;
    line.kind = question.what;
    line.mark = "?";
    line.took_s = took(question.asked, question.ended, run);
    line.tone = question.open ? Tone::waits : question.stopped ? Tone::muted : Tone::good;
    for (const auto& answer : question.answers)
        if (answer.decision == "reject" || !answer.problem.empty()) line.tone = Tone::bad;
    line.text = question.what + " \"" + question.name + "\" — " + answer_text(question);
    if (!question.detail.empty()) line.details.push_back({"detail", question.detail});
    std::string asked;
    if (!question.role.empty()) asked = "of role " + question.role;
    if (question.count > 1)
        asked += (asked.empty() ? "" : ", ") + std::to_string(question.count) + " people";
    if (question.not_starter) asked += std::string(asked.empty() ? "" : ", ") + "not the starter";
    if (!asked.empty()) line.details.push_back({"asked", asked});
    for (const auto& answer : question.answers) {
        std::string text = clock_text(answer.at) + " " + answer_text(answer, question.what);
        if (!answer.how.empty()) text += " (" + answer.how + ")";
        const bool says_more = question.answers.size() > 1 || !answer.how.empty();
        if (says_more || !answer.reason.empty())
            line.details.push_back({"answer", with_reason(text, answer.reason)});
        if (!answer.signal.empty() && !answer.value.is_nil())
            line.details.push_back({"data", preview(answer.value, 200)});
    }
    return line;
}

HistoryLine line_of(const FailureEntry& failure, const RunFacts& run) {
    HistoryLine line;
    line.at = failure.time;
    line.kind = "failure";
    line.mark = "✗";
    line.tone = Tone::bad;
    line.where = failure.at;
    const std::string what = failure.what == "body" ? "the script" : failure.what;
    line.text = what + " \"" + failure.name + "\" failed — " + decision_text(failure);
    const double waited = took(failure.time, failure.decided_at, run);
    if (waited > 0) line.took_s = waited;
    line.details.push_back({"error", failure.message, Tone::bad});
    if (!failure.reason.empty()) line.details.push_back({"reason", failure.reason, Tone::waits});
    std::string twice;
    for (const auto& change : failure.twice.list())
        twice += (twice.empty() ? "" : "; ") + change.text();
    if (!twice.empty()) line.details.push_back({"made twice if tried again", twice, Tone::waits});
    return line;
}

}  // namespace perilune::report
