#include "interpreter/report/status.h"

#include <algorithm>

#include "interpreter/base/units.h"
#include "interpreter/report/closing.h"
#include "interpreter/report/describe.h"
#include "interpreter/report/facts.h"
#include "interpreter/report/next_commands.h"

namespace perilune::report {

namespace {

constexpr std::size_t waiting_shown_max = 6;
constexpr std::size_t running_shown_max = 4;

// Open steps in which no other one is open.
std::vector<const Step*> innermost_open(const Timeline& timeline) {
    std::vector<const Step*> open;
    const auto is_open = [&](const Entry& entry) {
        return entry.kind == EntryKind::step && timeline.steps[entry.index].ended <= 0;
    };
    for (const auto& entry : timeline.entries) {
        if (!is_open(entry)) continue;
        const bool inner =
            std::none_of(entry.inside.begin(), entry.inside.end(),
                         [&](std::size_t place) { return is_open(timeline.entries[place]); });
        if (inner) open.push_back(&timeline.steps[entry.index]);
    }
    return open;
}

std::string since_text(double since, double now) {
    if (since <= 0) return {};
    return ", since " + clock_text(since) + " UTC (" + show_duration(std::max(0.0, now - since)) +
           ")";
}

void add_running(Page& page, const Timeline& timeline, const Usual& usual) {
    std::size_t count = 0;
    for (const auto* step : innermost_open(timeline)) {
        if (++count > running_shown_max) {
            page.add("Step     ", "and further ones", Tone::muted);
            break;
        }
        const double so_far_s = timeline.run.now - step->began;
        std::string text = step->path + ", " + show_duration(so_far_s);
        const UsualDuration known = usual.step(step->path);
        if (known.runs > 0) text += "; usually " + show_duration(known.median_s);
        const bool late = known.runs > 0 && so_far_s > known.longest_s;
        if (late) text += ", never so long before";
        page.add("Step     ", text, Tone::muted, late ? Tone::waits : Tone::plain);
    }
}

void add_waiting(Page& page, const Timeline& timeline) {
    std::size_t count = 0;
    const auto waiting = waiting_for(timeline.state);
    for (const auto& item : waiting) {
        if (++count > waiting_shown_max) {
            page.add("Waits    ",
                     "for " + std::to_string(waiting.size() - waiting_shown_max) + " more things",
                     Tone::muted);
            break;
        }
        page.add("Waits    ",
                 "for " + item.what + (item.path.empty() ? "" : " in " + item.path) +
                     since_text(item.since, timeline.run.now),
                 Tone::muted, item.tone);
    }
    for (const auto& question : timeline.questions) {
        if (!question.open) continue;
        if (!question.detail.empty()) page.add("         ", question.detail, Tone::muted);
        if (!question.role.empty())
            page.add("         ", "asked of role " + question.role, Tone::muted, Tone::muted);
        const std::size_t given = question.answers.size();
        if (given > 0)
            page.add("         ",
                     count_text(given, "approval", "approvals") + " so far, of " +
                         std::to_string(std::max<std::int64_t>(
                             question.count, static_cast<std::int64_t>(given) + 1)),
                     Tone::muted, Tone::muted);
    }
}

List waiting_value(const Timeline& timeline) {
    List waiting;
    for (const auto& item : waiting_for(timeline.state)) {
        Value value;
        value.set("what", item.what).set("path", item.path).set("since", item.since);
        waiting.push_back(value.set("tone", to_text(item.tone)));
    }
    return waiting;
}

void add_labelled(Page& page, const std::string& heading, const std::vector<Fact>& facts) {
    if (facts.empty()) return;
    page.add_empty();
    page.add(heading, Tone::strong);
    int widest = 0;
    for (const auto& fact : facts) widest = std::max(widest, static_cast<int>(fact.label.size()));
    for (const auto& fact : facts)
        page.add("  " + pad(fact.label, std::min(widest, 28)) + "  ", fact.text, Tone::muted);
}

}  // namespace

std::vector<std::string> status_lines(const Timeline& timeline, const RunRow& row,
                                      const Style& style, const Usual& usual) {
    const RunFacts& run = timeline.run;
    const Verdict verdict = verdict_of(timeline.state, row);
    Page page(style);
    page.add("Run      ", run.runbook + " in " + run.environment + ", run " + run.id, Tone::muted,
             Tone::strong);
    if (!run.break_glass.empty())
        page.add("         ", "BREAK GLASS: " + run.break_glass + ". " + review_text(timeline),
                 Tone::bad, Tone::bad);
    page.add("State    ", outcome_sentence(timeline, verdict), Tone::muted, verdict.tone);
    if (run.open()) {
        std::string text = day_and_clock(run.began) + ", " + show_duration(run.took_s()) + " ago";
        if (!run.who.empty()) text += ", by " + run.who;
        if (!run.who.empty() && run.key.empty()) text += " (the operating system's word)";
        if (usual.run.runs > 0) text += "; usually takes " + show_duration(usual.run.median_s);
        page.add("Started  ", text, Tone::muted);
        add_running(page, timeline, usual);
        add_waiting(page, timeline);
    } else {
        page.add("Ended    ", day_and_clock(run.ended), Tone::muted);
    }
    if (!verdict.reason.empty()) {
        const std::string at = verdict.at.empty() ? "" : " (" + verdict.at + ")";
        page.add("Reason   ", verdict.reason + at, Tone::muted);
    }
    if (!verdict.kept.empty()) page.add("Kept     ", kept_text(verdict), Tone::muted);
    for (const auto& objective : timeline.objectives)
        if (objective.state != Objective::State::unmeasured)
            page.add(pad(objective.label(), 9), objective_text(objective), Tone::muted,
                     tone_of(objective));
    add_next(page, "Next     ", verdict.next);
    return page.lines();
}

Value status_value(const Timeline& timeline, const RunRow& row, const Usual& usual) {
    Value value = closing_value(timeline.state, row);
    value.set("facts", facts_value(timeline)).set("waiting", waiting_value(timeline));
    List running;
    for (const auto* step : innermost_open(timeline)) {
        Value item;
        item.set("path", step->path).set("began", step->began);
        if (const UsualDuration known = usual.step(step->path); known.runs > 0)
            item.set("usual_s", known.median_s);
        running.push_back(item);
    }
    if (usual.run.runs > 0) value.set("usual_s", usual.run.median_s);
    return value.set("running", running);
}

std::vector<std::string> show_lines(const Timeline& timeline, const RunRow& row,
                                    const Style& style) {
    const Verdict verdict = verdict_of(timeline.state, row);
    Page page(style);
    page.add(timeline.run.runbook + ": " + outcome_sentence(timeline, verdict), verdict.tone);
    if (!timeline.run.summary.empty()) page.add(timeline.run.summary);
    if (!timeline.run.break_glass.empty())
        page.add("BREAK GLASS: " + timeline.run.break_glass + ". " + review_text(timeline),
                 Tone::bad);
    add_labelled(page, "Facts", facts_of(timeline, verdict));
    add_labelled(page, "Parameters", parameters_of(timeline));
    add_labelled(page, "Targets", targets_of(timeline));
    if (const std::string locks = locks_text(timeline); !locks.empty())
        add_labelled(page, "Locks", {{"held", locks}});
    add_labelled(page, "Proof", proof_of(timeline, row));
    return page.lines();
}

Value show_value(const Timeline& timeline, const RunRow& row) {
    Value value = facts_value(timeline);
    Value proof;
    for (const auto& fact : proof_of(timeline, row)) proof.set(fact.label, fact.text);
    return value.set("proof", proof).set("state", state_word(timeline.state, row));
}

}  // namespace perilune::report
