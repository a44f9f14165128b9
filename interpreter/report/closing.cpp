#include "interpreter/report/closing.h"

#include <algorithm>

#include "interpreter/base/units.h"
#include "interpreter/report/describe.h"
#include "interpreter/report/next_commands.h"

namespace perilune::report {

namespace {

constexpr std::size_t left_shown_max = 3;

std::string headline(const RunState& state, const RunRow& row, const Verdict& verdict) {
    const Value& begin = state.begin;
    std::string text = begin["runbook"].text() + " in " + begin["environment"].text();
    text += ", run " + (begin.has("run") ? begin["run"].text() : row.id);
    const Value& began = begin[begin.has("started_at") ? "started_at" : "time"];
    if (!state.end.is_nil())
        text += ", after " + show_duration(state.end["time"].number() - began.number());
    if (verdict.exit >= 0) text += " (exit " + std::to_string(verdict.exit) + ")";
    return verdict.sentence + " " + text;
}

std::string first_of(const std::vector<Left>& items) {
    std::string text;
    const std::size_t shown = std::min(left_shown_max, items.size());
    for (std::size_t i = 0; i < shown; ++i) text += (i > 0 ? "; " : "") + items[i].what;
    if (items.size() > shown) text += "; and " + std::to_string(items.size() - shown) + " more";
    return text;
}

std::string left_text(const Verdict& verdict) {
    if (verdict.left.empty())
        return verdict.left_known ? "no change is left" : "nothing has been changed";
    return count_text(verdict.left.size(), "change", "changes") +
           (verdict.left_known ? " left: " : " made so far: ") + first_of(verdict.left);
}

List left_value(const std::vector<Left>& items) {
    List values;
    for (const auto& item : items)
        values.push_back(Value().set("what", item.what).set("step", item.step));
    return values;
}

}  // namespace

std::string kept_text(const Verdict& verdict) { return first_of(verdict.kept) + ": meant to stay"; }

std::vector<std::string> closing_lines(const RunState& state, const RunRow& row, const Style& style,
                                       std::optional<int> exit) {
    Verdict verdict = verdict_of(state, row);
    if (exit) verdict.exit = *exit;
    Page page(style);
    page.add(headline(state, row, verdict), verdict.tone);
    if (!verdict.step.empty()) page.add("Step    ", verdict.step, Tone::muted);
    if (!verdict.reason.empty()) {
        const std::string at = verdict.at.empty() ? "" : " (" + verdict.at + ")";
        page.add("Reason  ", verdict.reason + at, Tone::muted);
    }
    if (verdict.word != "done" && verdict.word != "running")
        page.add("State   ", left_text(verdict), Tone::muted);
    if (!verdict.kept.empty()) page.add("Kept    ", kept_text(verdict), Tone::muted);
    add_next(page, "Next    ", verdict.next);
    return page.lines();
}

Value closing_value(const RunState& state, const RunRow& row, std::optional<int> exit) {
    Verdict verdict = verdict_of(state, row);
    if (exit) verdict.exit = *exit;
    Value value;
    value.set("run", state.begin.has("run") ? state.begin["run"].text() : row.id);
    value.set("state", state_word(state, row)).set("word", verdict.word);
    value.set("outcome", state.end["outcome"]).set("sentence", verdict.sentence);
    if (verdict.exit >= 0) value.set("exit", verdict.exit);
    const auto set_text = [&](std::string_view name, const std::string& text) {
        if (!text.empty()) value.set(name, text);
    };
    set_text("step", verdict.step);
    set_text("reason", verdict.reason);
    set_text("at", verdict.at);
    if (verdict.since > 0) value.set("since", verdict.since);
    List next;
    for (const auto& item : verdict.next)
        next.push_back(Value().set("command", item.command).set("purpose", item.purpose));
    if (!verdict.left.empty()) value.set("left", left_value(verdict.left));
    if (!verdict.kept.empty()) value.set("kept", left_value(verdict.kept));
    return value.set("next", next);
}

}  // namespace perilune::report
