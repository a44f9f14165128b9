#include "interpreter/report/report_text.h"

#include <algorithm>

#include "interpreter/base/units.h"
#include "interpreter/report/describe.h"
#include "interpreter/report/facts.h"
#include "interpreter/report/history.h"
#include "interpreter/report/next_commands.h"

namespace perilune::report {

namespace {

constexpr int depth_shown_max = 8;

void add_heading(Page& page, const std::string& text) {
    page.add_empty();
    page.add(text, Tone::strong);
}

void add_facts(Page& page, const std::vector<Fact>& facts) {
    int widest = 0;
    for (const auto& fact : facts) widest = std::max(widest, static_cast<int>(fact.label.size()));
    widest = std::min(widest, 28);
    for (const auto& fact : facts)
        page.add("  " + pad(fact.label, widest) + "  ", fact.text, Tone::muted, fact.tone);
}

void add_head(Page& page, const Timeline& timeline, const Verdict& verdict) {
    const RunFacts& run = timeline.run;
    page.add(outcome_sentence(timeline, verdict), verdict.tone);
    page.add(run.runbook + (run.summary.empty() ? "" : ": " + run.summary));
    if (!run.break_glass.empty())
        page.add("BREAK GLASS: " + passed_over_text(run) + ". Reason: " + run.break_glass + ". " +
                     review_text(timeline),
                 Tone::bad);
    if (!verdict.step.empty() || !verdict.reason.empty()) {
        page.add_empty();
        if (!verdict.step.empty()) page.add("Step    ", verdict.step, Tone::muted);
        const std::string at = verdict.at.empty() ? "" : " (" + verdict.at + ")";
        if (!verdict.reason.empty()) page.add("Reason  ", verdict.reason + at, Tone::muted);
    }
}

void add_left(Page& page, const Verdict& verdict) {
    if (verdict.word != "done" && (verdict.left_known || !verdict.left.empty())) {
        add_heading(page, verdict.left_known ? "Left behind" : "Changed so far");
        if (verdict.left.empty()) page.add("  No change is left.");
        for (const auto& left : verdict.left)
            page.add("  - ", left.what + (left.step.empty() ? "" : " (" + left.step + ")"),
                     Tone::bad);
    }
    if (verdict.ended && verdict.next.size() < 2) return;
    if (verdict.next.empty()) return;
    add_heading(page, "Next");
    add_next(page, "  ", verdict.next);
}

void add_changes(Page& page, const Timeline& timeline) {
    if (timeline.changes.empty()) return;
    add_heading(page, "Changes");
    Table table;
    table.whole = {0};
    table.head = {"at", "what", "outcome", "before → after", "undo"};
    for (const auto& change : timeline.changes) {
        const std::string what =
            change.child.empty() ? change.target + ":" + change.operation : "run " + change.child;
        table.rows.push_back({{clock_text(change.began), Tone::muted},
                              {(change.undoing ? "↶ " : "") + what, Tone::plain},
                              {outcome_text(change), tone_of(change)},
                              {effect_text(change, 200), Tone::plain},
                              {undone_text(change), Tone::plain}});
    }
    page.add(table);
}

void add_decisions(Page& page, const Timeline& timeline) {
    Table table;
    table.whole = {0};
    table.head = {"at", "question", "answer", "reason"};
    for (const auto& question : timeline.questions) {
        if (question.what == "signal") continue;
        const std::string name = question.what + " \"" + question.name + "\"";
        if (question.answers.empty())
            table.rows.push_back({{clock_text(question.asked), Tone::muted},
                                  {name, Tone::plain},
                                  {answer_text(question), Tone::waits},
                                  {"", Tone::plain}});
        for (const auto& answer : question.answers)
            table.rows.push_back({{clock_text(answer.at), Tone::muted},
                                  {name, Tone::plain},
                                  {answer_text(answer, question.what),
                                   answer.decision == "reject" ? Tone::bad : Tone::plain},
                                  {answer.reason, Tone::plain}});
    }
    if (table.rows.empty()) return;
    add_heading(page, "Approvals and answers");
    page.add(table);
}

}  // namespace

void add_history_line(Page& page, const HistoryLine& line) {
    const int depth = std::min(line.depth, depth_shown_max);
    const std::string indent(static_cast<std::size_t>(2 * depth), ' ');
    std::string text = line.text;
    if (line.took_s >= 0.0005) text += "  (" + show_duration(line.took_s) + ")";
    page.add(clock_text(line.at) + "  " + indent + line.mark + " ", text, line.tone,
             line.tone == Tone::good ? Tone::plain : line.tone);
    const std::string under(static_cast<std::size_t>(12 + 2 * depth), ' ');
    for (const auto& detail : line.details) {
        const std::string label = detail.label.empty() ? "" : detail.label + ": ";
        page.add(under + label, detail.text, detail.tone, detail.tone);
    }
}

std::string report_text(const Timeline& timeline, const RunRow& row, const Style& style) {
    const Verdict verdict = verdict_of(timeline.state, row);
    Page page(style);
    add_head(page, timeline, verdict);
    add_left(page, verdict);
    if (!timeline.objectives.empty()) {
        add_heading(page, "Objectives");
        std::vector<Fact> objectives;
        objectives.reserve(timeline.objectives.size());
        for (const auto& objective : timeline.objectives)
            objectives.push_back(
                {objective.label(), objective_text(objective), tone_of(objective)});
        add_facts(page, objectives);
    }
    add_heading(page, "Facts");
    add_facts(page, facts_of(timeline, verdict));
    if (const auto parameters = parameters_of(timeline); !parameters.empty()) {
        add_heading(page, "Parameters");
        add_facts(page, parameters);
    }
    add_changes(page, timeline);
    add_decisions(page, timeline);
    add_heading(page, "What happened (times are UTC)");
    std::string day = day_text(timeline.run.began);
    for (const auto& line : history_of(timeline)) {
        if (const std::string today = day_text(line.at); today != day && line.at > 0) {
            page.add(today, Tone::muted);
            day = today;
        }
        add_history_line(page, line);
    }
    add_heading(page, "Proof");
    add_facts(page, proof_of(timeline, row));
    return page.text();
}

}  // namespace perilune::report
