// The HTML report's objectives, changes, decisions and facts.
#include "interpreter/report/html_parts.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "interpreter/base/units.h"
#include "interpreter/report/describe.h"
#include "interpreter/report/escape.h"
#include "interpreter/report/history.h"

namespace perilune::report {

namespace {

std::string percent(double part) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2f%%", std::clamp(part, 0.0, 1.0) * 100);
    return text.data();
}

enum class Fit { free, narrow, wide };  // How a cell stands its column being squeezed.

std::string cell(const std::string& label, const std::string& body, Fit fit = Fit::free) {
    const std::string kind = fit == Fit::narrow ? " class=\"short\""
                             : fit == Fit::wide ? " class=\"wide\""
                                                : "";
    // An empty cell stays empty, so that narrow screens leave it out.
    return "<td data-label=\"" + label + "\"" + kind + ">" + body + "</td>";
}

std::string tag(const std::string& text, Tone tone) {
    if (text.empty()) return {};
    return "<span " + html_class("tag", tone) + ">" + html(text) + "</span>";
}

std::string table(const std::vector<std::string>& head, const std::string& rows) {
    std::string text = "<table><thead><tr>";
    for (const auto& name : head) text += "<th scope=\"col\">" + name + "</th>";
    return text + "</tr></thead><tbody>\n" + rows + "</tbody></table>";
}

std::string gauge(const Objective& objective) {
    const double whole = std::max(objective.limit_s, objective.taken_s);
    return "<div class=\"gauge\" aria-hidden=\"true\"><span class=\"used\" style=\"width:" +
           percent(objective.taken_s / whole) + "\"></span><span class=\"limit\" style=\"left:" +
           percent(objective.limit_s / whole) + "\"></span></div><div class=\"legend\" " +
           "aria-hidden=\"true\"><span>0</span><span>" +
           html((objective.taken_s > objective.limit_s ? "taken: " : "objective: ") +
                show_duration(whole)) +
           "</span></div>";
}

Tone undone_tone(const ChangeEntry& change) {
    if (change.undone == "done" || change.undone == "nothing") return Tone::muted;
    return change.undone.empty() ? Tone::plain : Tone::bad;
}

std::string change_row(const ChangeEntry& change) {
    const std::string name =
        change.child.empty() ? change.target + ":" + change.operation
                             : "run " + change.child + " of " + change.operation;
    std::string what = change.undoing ? "↶ " : "";
    what += "<code>" + html(name) + "</code>";
    if (const std::string given = arguments_text(change.arguments, 160); !given.empty())
        what += " <span class=\"soft\">" + html(given) + "</span>";
    if (!change.path.empty()) what += "<span class=\"step\">" + html(change.path) + "</span>";
    const std::string made = html(effect_text(change, 220));
    std::string outcome = tag(outcome_text(change), tone_of(change));
    if (change.was_in_doubt() && !change.in_doubt)
        outcome += " " + tag("was in doubt", Tone::doubt);
    if (change.tries > 1)
        outcome += "<span class=\"step\">sent " + std::to_string(change.tries) + " times</span>";
    return "<tr>" + cell("at", html_clock(change.began)) + cell("what", what, Fit::wide) +
           cell("before → after", made) + cell("outcome", outcome, Fit::narrow) +
           cell("undo", tag(undone_text(change), undone_tone(change)), Fit::narrow) + "</tr>\n";
}

std::string decision_row(const QuestionEntry& question, const AnswerEntry* answer) {
    std::string asked = html(question.what) + " <strong>" + html(question.name) + "</strong>";
    if (!question.role.empty())
        asked += " <span class=\"soft\">of role " + html(question.role) + "</span>";
    if (!question.detail.empty())
        asked += "<span class=\"step\">" + html_lines(question.detail) + "</span>";
    if (!answer)
        return "<tr>" + cell("asked", html_clock(question.asked)) +
               cell("question", asked, Fit::wide) +
               cell("answer", tag(answer_text(question),
                                  question.open ? Tone::waits : Tone::muted)) +
               cell("after", "") + cell("reason", "") + "</tr>\n";
    const bool no = answer->decision == "reject" || !answer->problem.empty();
    std::string given = tag(answer_text(*answer, question.what), no ? Tone::bad : Tone::good);
    if (answer->partial) given += " <span class=\"soft\">one of several</span>";
    if (!answer->how.empty())
        given += "<span class=\"step\">" + html(answer->how) + "</span>";
    return "<tr>" + cell("asked", html_clock(question.asked)) + cell("question", asked, Fit::wide) +
           cell("answer", given) +
           cell("after", html(show_duration(answer->at - question.asked)), Fit::narrow) +
           cell("reason", html_lines(answer->reason)) + "</tr>\n";
}

std::string failure_row(const FailureEntry& failure) {
    std::string asked = "decision on <strong>" + html(failure.name) +
                        "</strong><span class=\"step\">" + html_lines(failure.message) + "</span>";
    const std::string decided =
        (failure.decision == "again" ? "try again" : failure.decision) +
        (failure.decided_by.empty() ? "" : " by " + failure.decided_by);
    return "<tr>" + cell("asked", html_clock(failure.time)) + cell("question", asked, Fit::wide) +
           cell("answer", failure.decision.empty() ? tag("waits for a decision", Tone::bad)
                                                   : tag(decided, Tone::waits)) +
           cell("after", failure.decided_at > 0
                             ? html(show_duration(failure.decided_at - failure.time))
                             : "", Fit::narrow) +
           cell("reason", html_lines(failure.reason)) + "</tr>\n";
}

std::string doubt_rows(const ChangeEntry& change) {
    std::string rows;
    for (const auto& happening : change.happenings) {
        if (happening.what != "settled_by") continue;
        const std::string asked = "doubt about <code>" +
                                  html(change.target + ":" + change.operation) + "</code>";
        const auto colon = happening.text.find(": ");
        const bool reasoned = colon != std::string::npos;
        rows += "<tr>" + cell("asked", html_clock(happening.at)) +
                cell("question", asked, Fit::wide) +
                cell("answer", tag(happening.text.substr(0, colon) + " by " + happening.who,
                                   Tone::doubt)) +
                cell("after", "") +
                cell("reason", reasoned ? html_lines(happening.text.substr(colon + 2)) : "") +
                "</tr>\n";
    }
    return rows;
}

}  // namespace

std::string html_objectives(const Timeline& timeline) {
    std::string text;
    for (const auto& objective : timeline.objectives) {
        text += "<div " + html_class("objective", tone_of(objective)) + "><p><strong>" +
                html(objective.label()) + "</strong> <span class=\"told\">" +
                html(objective_text(objective)) + "</span></p>";
        if (objective.state != Objective::State::unmeasured) text += gauge(objective);
        text += "</div>\n";
    }
    return text;
}

std::string html_changes(const Timeline& timeline) {
    std::string rows;
    for (const auto& change : timeline.changes) rows += change_row(change);
    if (rows.empty()) return "<p class=\"soft\">Nothing was changed.</p>";
    return table({"at (UTC)", "what", "before → after", "outcome", "undo"}, rows);
}

// What people decided: answers, what became of failures, and doubts that were settled.
std::string html_decisions(const Timeline& timeline) {
    std::string rows;
    for (const auto& question : timeline.questions) {
        if (question.answers.empty()) rows += decision_row(question, nullptr);
        for (const auto& answer : question.answers) rows += decision_row(question, &answer);
    }
    for (const auto& failure : timeline.failures)
        if (!failure.decided_by.empty() || failure.decision.empty()) rows += failure_row(failure);
    for (const auto& change : timeline.changes) rows += doubt_rows(change);
    if (rows.empty()) return {};
    return table({"asked (UTC)", "question", "answer", "after", "reason"}, rows);
}

std::string html_facts(const std::vector<Fact>& facts) {
    if (facts.empty()) return {};
    std::string text = "<dl class=\"facts\">";
    for (const auto& fact : facts)
        text += "<div><dt>" + html(fact.label) + "</dt><dd>" + html(fact.text) + "</dd></div>";
    return text + "</dl>";
}

}  // namespace perilune::report
