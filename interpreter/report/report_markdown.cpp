#include "interpreter/report/report_markdown.h"

#include <algorithm>

#include "interpreter/base/units.h"
#include "interpreter/report/describe.h"
#include "interpreter/report/escape.h"
#include "interpreter/report/facts.h"
#include "interpreter/report/history.h"

namespace perilune::report {

namespace {

constexpr int depth_shown_max = 8;

std::string table_row(const std::vector<std::string>& cells) {
    std::string text = "|";
    for (const auto& cell : cells) text += " " + markdown_cell(cell) + " |";
    return text + "\n";
}

std::string table(const std::vector<std::string>& head, const std::string& rows) {
    if (rows.empty()) return {};
    std::string line = "|";
    for (std::size_t i = 0; i < head.size(); ++i) line += "---|";
    return table_row(head) + line + "\n" + rows;
}

std::string section(const std::string& title, const std::string& body) {
    return body.empty() ? "" : "\n## " + title + "\n\n" + body;
}

std::string facts_table(const std::vector<Fact>& facts) {
    std::string rows;
    for (const auto& fact : facts) rows += table_row({fact.label, fact.text});
    return table({"", ""}, rows);
}

// Commands stand in a fence that no line of theirs can close: `shown` leaves no line ends.
std::string commands(const std::vector<NextCommand>& next) {
    std::string text;
    for (const auto& item : next) {
        if (item.command.starts_with("perilune report")) continue;
        text += "    " + shown(item.command) + "  # " + shown(item.purpose) + "\n";
    }
    return text;
}

std::string head(const Timeline& timeline, const Verdict& verdict) {
    const RunFacts& run = timeline.run;
    const bool red = verdict.tone == Tone::bad || verdict.tone == Tone::doubt;
    const std::string light = red ? "🔴 " : verdict.tone == Tone::good ? "🟢 " : "🟡 ";
    std::string text = "# " + light + markdown(outcome_sentence(timeline, verdict)) + "\n\n**" +
                       markdown(run.runbook) + "** in **" + markdown(run.environment) + "**";
    if (!run.summary.empty()) text += ": " + markdown(run.summary);
    text += "\n";
    if (!run.break_glass.empty())
        text += "\n🔴 **Break glass: " + passed_over_text(run) +
                ".** Reason: " + markdown(run.break_glass) + ". " +
                markdown(review_text(timeline)) + "\n";
    if (!verdict.step.empty()) text += "\n- Step: " + markdown(verdict.step);
    if (!verdict.reason.empty())
        text += "\n- Reason: " + markdown_lines(verdict.reason, "  ") +
                (verdict.at.empty() ? "" : " (" + markdown(verdict.at) + ")");
    return text + "\n";
}

std::string left(const Verdict& verdict) {
    if (verdict.word == "done" || (!verdict.left_known && verdict.left.empty())) return {};
    std::string text;
    for (const auto& item : verdict.left)
        text += "- " + markdown(item.what) +
                (item.step.empty() ? "" : " (" + markdown(item.step) + ")") + "\n";
    if (text.empty()) text = "No change of this run is left in the world.\n";
    return section(verdict.left_known ? "Left behind" : "Changed so far", text);
}

std::string objectives(const Timeline& timeline) {
    std::string rows;
    for (const auto& objective : timeline.objectives)
        rows += table_row({objective.label(), objective_text(objective)});
    return table({"objective", "result"}, rows);
}

std::string changes(const Timeline& timeline) {
    std::string rows;
    for (const auto& change : timeline.changes) {
        const std::string name =
            change.child.empty() ? change.target + ":" + change.operation : "run " + change.child;
        const std::string red = tone_of(change) == Tone::doubt ? "🔴 " : "";
        rows +=
            table_row({clock_text(change.began), (change.undoing ? "↶ " : "") + name, change.path,
                       effect_text(change, 200), red + outcome_text(change), undone_text(change)});
    }
    return table({"at (UTC)", "what", "step", "before → after", "outcome", "undo"}, rows);
}

std::string decisions(const Timeline& timeline) {
    std::string rows;
    for (const auto& question : timeline.questions) {
        const std::string name = question.what + " \"" + question.name + "\"";
        if (question.answers.empty())
            rows += table_row({clock_text(question.asked), name, answer_text(question), "", ""});
        for (const auto& answer : question.answers)
            rows += table_row(
                {clock_text(question.asked), name,
                 answer_text(answer, question.what) + (answer.partial ? " (one of several)" : ""),
                 show_duration(answer.at - question.asked), answer.reason});
    }
    for (const auto& failure : timeline.failures) {
        if (failure.decided_by.empty() && !failure.decision.empty()) continue;
        const std::string decided = failure.decision.empty()
                                        ? "waits for a decision"
                                        : failure.decision + " by " + failure.decided_by;
        const std::string waited =
            failure.decided_at > 0 ? show_duration(failure.decided_at - failure.time) : "";
        rows += table_row({clock_text(failure.time), "decision on \"" + failure.name + "\"",
                           decided, waited, failure.reason});
    }
    return table({"asked (UTC)", "question", "answer", "after", "reason"}, rows);
}

// An error of several branches has a line of its own for each.
std::string detail_lines(const std::string& indent, const Detail& detail) {
    std::string text = indent + "- ";
    if (!detail.label.empty()) text += "*" + markdown(detail.label) + ":* ";
    return text + markdown_lines(detail.text, indent + "  ") + "\n";
}

std::string history(const Timeline& timeline) {
    std::string text;
    std::string day = day_text(timeline.run.began);
    for (const auto& line : history_of(timeline)) {
        if (const std::string today = day_text(line.at); today != day) {
            text += "\n" + markdown(today) + "\n\n";
            day = today;
        }
        const auto depth = static_cast<std::size_t>(std::min(line.depth, depth_shown_max));
        const std::string indent(2 * depth, ' ');
        text += indent + "- " + clock_text(line.at) + " " + markdown(line.mark) + " " +
                (line.kind == "step" ? "**" + markdown(line.text) + "**"
                                     : markdown_lines(line.text, indent + "  "));
        if (line.took_s >= 0.0005) text += " (" + show_duration(line.took_s) + ")";
        if (!line.where.empty()) text += " — " + markdown(line.where);
        text += "\n";
        for (const auto& detail : line.details) text += detail_lines(indent + "  ", detail);
    }
    return text;
}

}  // namespace

std::string report_markdown(const Timeline& timeline, const RunRow& row) {
    const Verdict verdict = verdict_of(timeline.state, row);
    std::string text = head(timeline, verdict);
    text += left(verdict);
    text += section("Next", commands(verdict.next));
    text += section("Objectives", objectives(timeline));
    text += section("Facts", facts_table(facts_of(timeline, verdict)));
    text += section("Changes", changes(timeline));
    text += section("What people decided", decisions(timeline));
    text += section("What happened (times are UTC)", history(timeline));
    text += section("Parameters", facts_table(parameters_of(timeline)));
    auto targets = targets_of(timeline);
    if (const std::string locks = locks_text(timeline); !locks.empty())
        targets.push_back({"Locks held", locks});
    text += section("What it was allowed to touch", facts_table(targets));
    return text + section("Proof", facts_table(proof_of(timeline, row)));
}

}  // namespace perilune::report
