#include "interpreter/report/history.h"

#include <algorithm>

#include "interpreter/base/units.h"
#include "interpreter/report/describe.h"

namespace perilune::report {

namespace {

struct Look {
    Tone tone;
    const char* mark;
    const char* word;
};

Look look_of(const std::string& outcome) {
    if (outcome == "done") return {Tone::good, "✓", "done"};
    if (outcome == "failed") return {Tone::bad, "✗", "failed"};
    if (outcome == "timeout") return {Tone::bad, "✗", "timed out"};
    if (outcome == "skipped") return {Tone::waits, "»", "skipped"};
    if (outcome == "not_needed") return {Tone::muted, "–", "not needed"};
    if (outcome == "stopped") return {Tone::muted, "■", "stopped"};
    return {Tone::runs, "▸", "under way"};
}

std::string note_word(const std::string& kind) {
    if (kind == "caught") return "caught";
    if (kind == "fault") return "worker died";
    if (kind == "claim") return "taken over";
    if (kind == "refused") return "refused: tried";
    if (kind == "review") return "reviewed";
    if (kind == "code") return "code replaced";
    if (kind == "keep") return "keep";
    if (kind == "undo") return "undo begins";
    if (kind == "beyond") return "stopped before a change";
    if (kind == "plan") return "plan of the rest approved";
    return kind;
}

class Historian {
public:
    explicit Historian(const Timeline& timeline) : timeline_(timeline) {}

    void tell_inside(const Entry& entry, int depth);

    std::vector<HistoryLine> lines;

private:
    void tell(const Entry& entry, int depth);
    HistoryLine line_of_step(const Step& step) const;
    HistoryLine line_of_attempt(const Step& step, int number) const;
    HistoryLine line_of_read(const ReadEntry& read) const;
    HistoryLine line_of_wait(const WaitEntry& wait) const;
    HistoryLine line_of_note(const NoteEntry& note) const;
    HistoryLine line_of_undo(const UndoEntryView& undo) const;
    double took(double began, double ended) const {
        return (ended > 0 ? ended : timeline_.run.now) - began;
    }

    const Timeline& timeline_;
};

HistoryLine Historian::line_of_step(const Step& step) const {
    const Look look = look_of(step.outcome);
    HistoryLine line;
    line.at = step.began;
    line.kind = step.what;
    line.tone = look.tone;
    line.mark = look.mark;
    line.where = step.at;
    line.took_s = took(step.began, step.ended);
    const bool unnamed = step.what == "parallel" || step.what == "each";
    line.text = unnamed ? step.what : step.name;
    if (step.outcome != "done") line.text += " — " + std::string(look.word);
    if (step.what == "ended") line.text = "after the end";
    if (!step.value.is_nil()) line.details.push_back({"gave", preview(step.value, 120)});
    if (!step.skipped_by.empty())
        line.details.push_back(
            {"skipped by",
             step.skipped_by + (step.skip_reason.empty() ? "" : ": " + step.skip_reason),
             Tone::waits});
    if (step.kept) line.details.push_back({"", "meant to stay: never undone"});
    return line;
}

HistoryLine Historian::line_of_attempt(const Step& step, int number) const {
    const Attempt& attempt = step.attempts[static_cast<std::size_t>(number - 1)];
    const Look look = look_of(attempt.outcome);
    HistoryLine line;
    line.at = attempt.began;
    line.kind = "attempt";
    line.tone = look.tone;
    line.mark = look.mark;
    line.text = "attempt " + std::to_string(number) + " — " + look.word;
    line.took_s = took(attempt.began, attempt.ended);
    return line;
}

HistoryLine Historian::line_of_read(const ReadEntry& read) const {
    HistoryLine line;
    line.at = read.first_at;
    line.kind = "read";
    line.where = read.at;
    line.mark = "·";
    line.tone = read.problem.empty() ? Tone::muted : Tone::bad;
    line.text = call_text(read.target, read.operation, read.arguments, 160);
    if (read.times > 1) {
        line.text += ", asked " + std::to_string(read.times) + " times";
        line.took_s = read.last_at - read.first_at;
    }
    const std::string label = read.times > 1 ? "last answer" : "answer";
    if (!read.problem.empty()) {
        line.details.push_back({"error", read.problem, Tone::bad});
    } else {
        line.details.push_back({label, preview(read.value, 200)});
    }
    return line;
}

HistoryLine Historian::line_of_wait(const WaitEntry& wait) const {
    HistoryLine line;
    line.at = wait.began;
    line.kind = "wait";
    line.mark = "…";
    line.tone = wait.ended > 0 ? Tone::muted : Tone::runs;
    line.took_s = took(wait.began, wait.ended);
    if (wait.why == "sleep") {
        line.text = "slept";
    } else if (wait.why == "backoff") {
        line.text = "waited before the next attempt";
    } else if (wait.why == "poll") {
        line.text = "waited for \"" + wait.name + "\", polled " +
                    count_text(static_cast<std::size_t>(wait.times), "time", "times");
    } else {
        line.text = "told every " + show_duration(wait.seconds);
    }
    return line;
}

HistoryLine Historian::line_of_note(const NoteEntry& note) const {
    HistoryLine line;
    line.at = note.at;
    line.kind = note.kind;
    line.mark = "│";
    line.text = note.text;
    if (note.kind == "log") {
        if (note.level == "warning") line.tone = Tone::waits;
        if (note.level == "error") line.tone = Tone::bad;
    } else {
        const std::string by = note.who.empty() ? "" : " by " + note.who;
        line.text = note_word(note.kind) + by + (note.text.empty() ? "" : ": " + note.text);
        if (note.kind == "claim" && note.text == "resumed") line.text = "resumed" + by;
        if (note.kind == "stop") line.text = "the run was stopped" + by + ": " + note.text;
        const bool bad = note.kind == "fault" || note.kind == "refused";
        line.tone = bad ? Tone::bad : Tone::waits;
        line.mark = bad ? "✗" : "◆";
    }
    if (!note.data.map().empty()) line.details.push_back({"", arguments_text(note.data, 400)});
    for (const auto& [field, what] : note.told)
        line.details.push_back({field == "kept" ? "kept" : "cannot be undone", what, Tone::waits});
    if (note.kind == "signal" && !note.data.is_nil() && note.data.map().empty())
        line.details.push_back({"data", preview(note.data, 200)});
    return line;
}

HistoryLine Historian::line_of_undo(const UndoEntryView& undo) const {
    HistoryLine line;
    line.at = undo.began;
    line.kind = "undo";
    line.mark = "↶";
    line.took_s = took(undo.began, undo.ended);
    line.text = "undo of " + undo.name;
    line.tone = Tone::good;
    if (undo.outcome.empty()) {
        line.tone = Tone::runs;
        line.text += " — under way";
    } else if (undo.outcome == "nothing") {
        line.tone = Tone::muted;
        line.text += " — nothing to take back";
    } else if (undo.outcome != "done") {
        line.tone = Tone::bad;
        line.text += " — " + undo.outcome;
    }
    if (undo.function) line.details.push_back({"", "by the step's own undo function"});
    if (!undo.problem.empty()) line.details.push_back({"problem", undo.problem, Tone::bad});
    return line;
}

void Historian::tell(const Entry& entry, int depth) {
    // The scope of an undo function says nothing that its undo entry does not say.
    if (entry.kind == EntryKind::step && timeline_.steps[entry.index].what == "undo")
        return tell_inside(entry, depth);
    HistoryLine line;
    switch (entry.kind) {
        case EntryKind::step: line = line_of_step(timeline_.steps[entry.index]); break;
        case EntryKind::change:
            line = line_of(timeline_.changes[entry.index], timeline_.run);
            break;
        case EntryKind::read: line = line_of_read(timeline_.reads[entry.index]); break;
        case EntryKind::question:
            line = line_of(timeline_.questions[entry.index], timeline_.run);
            break;
        case EntryKind::wait: line = line_of_wait(timeline_.waits[entry.index]); break;
        case EntryKind::note: line = line_of_note(timeline_.notes[entry.index]); break;
        case EntryKind::failure:
            line = line_of(timeline_.failures[entry.index], timeline_.run);
            break;
        case EntryKind::undo: line = line_of_undo(timeline_.undos[entry.index]); break;
        case EntryKind::run: break;
    }
    line.depth = depth;
    lines.push_back(std::move(line));
    tell_inside(entry, depth + 1);
}

void Historian::tell_inside(const Entry& entry, int depth) {
    const Step* step = entry.kind == EntryKind::step ? &timeline_.steps[entry.index] : nullptr;
    const bool attempts = step && step->attempts.size() > 1;
    int attempt = 0;
    const auto begin_attempts = [&](int until) {
        while (attempts && attempt < until) {
            ++attempt;
            lines.push_back(line_of_attempt(*step, attempt));
            lines.back().depth = depth;
        }
    };
    for (const std::size_t place : entry.inside) {
        begin_attempts(timeline_.entries[place].attempt);
        tell(timeline_.entries[place], depth + (attempts ? 1 : 0));
    }
    if (attempts) begin_attempts(static_cast<int>(step->attempts.size()));
}

}  // namespace

std::vector<HistoryLine> history_of(const Timeline& timeline) {
    Historian historian(timeline);
    if (!timeline.entries.empty()) historian.tell_inside(timeline.entries.front(), 0);
    return std::move(historian.lines);
}

}  // namespace perilune::report
