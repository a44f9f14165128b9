// The HTML report's drawing: every step, question and undo as a bar over the time of the run.
#include "interpreter/report/html_parts.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "interpreter/base/units.h"
#include "interpreter/report/escape.h"

namespace perilune::report {

namespace {

constexpr std::size_t rows_max = 80;
constexpr int ticks_max = 6;

struct Bar {
    double from = 0;
    double to = 0;
    Tone tone = Tone::plain;
    bool asked = false;  // A person was asked: hatched.
    bool open = false;
};

struct Row {
    int depth = 0;
    std::string name;
    std::string title;
    double took_s = 0;
    std::vector<Bar> bars;
};

Tone tone_of_outcome(const std::string& outcome) {
    if (outcome == "done") return Tone::good;
    if (outcome == "failed" || outcome == "timeout") return Tone::bad;
    if (outcome == "skipped") return Tone::waits;
    if (outcome.empty()) return Tone::runs;
    return Tone::muted;
}

std::string percent(double part) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3f%%", std::clamp(part, 0.0, 1.0) * 100);
    return text.data();
}

class Drawing {
public:
    explicit Drawing(const Timeline& timeline);

    std::string text() const;

private:
    void collect(const Entry& entry, int depth);
    void add_step(const Step& step, int depth);
    void add_question(const QuestionEntry& question, int depth);
    void add_decision(const FailureEntry& failure, int depth);
    void add_undo(const UndoEntryView& undo, int depth);
    std::string row_text(const Row& row) const;
    std::string axis_text() const;
    std::string key_text() const;
    double until(double ended) const { return ended > 0 ? ended : timeline_.run.now; }
    double part(double at) const { return (at - from_) / (to_ - from_); }

    const Timeline& timeline_;
    std::vector<Row> rows_;
    std::size_t left_out_ = 0;
    double from_ = 0;
    double to_ = 1;
    double limit_at_ = 0;  // Where the recovery objective runs out; 0: not in the drawing.
};

Drawing::Drawing(const Timeline& timeline) : timeline_(timeline) {
    const RunFacts& run = timeline.run;
    from_ = std::min(run.clock_began(), run.began);
    to_ = run.open() ? run.now : run.ended;
    for (const auto& step : timeline.steps) to_ = std::max(to_, step.ended);
    for (const auto& objective : timeline.objectives) {
        const double at = run.clock_began() + objective.limit_s;
        // A limit far to the right would squeeze everything that happened to the left.
        if (objective.kind != "rto" || limit_at_ > 0) continue;
        if (at - from_ <= 1.6 * (to_ - from_)) limit_at_ = at;
    }
    to_ = std::max(to_, limit_at_);
    if (to_ <= from_) to_ = from_ + 1;
    if (run.outage_began > 0 && run.outage_began < run.began) {
        Row row;
        row.name = "Outage before the run";
        row.took_s = run.began - run.outage_began;
        row.bars.push_back({.from = run.outage_began, .to = run.began, .tone = Tone::bad});
        rows_.push_back(std::move(row));
    }
    if (!timeline.entries.empty()) collect(timeline.entries.front(), 0);
}

void Drawing::collect(const Entry& entry, int depth) {
    for (const std::size_t place : entry.inside) {
        const Entry& inner = timeline_.entries[place];
        const std::size_t before = rows_.size();
        if (rows_.size() >= rows_max) {
            if (inner.kind == EntryKind::step) ++left_out_;
            collect(inner, depth + 1);
            continue;
        }
        const std::size_t at = inner.index;
        if (inner.kind == EntryKind::step) add_step(timeline_.steps[at], depth);
        if (inner.kind == EntryKind::question) add_question(timeline_.questions[at], depth);
        if (inner.kind == EntryKind::failure) add_decision(timeline_.failures[at], depth);
        if (inner.kind == EntryKind::undo) add_undo(timeline_.undos[at], depth);
        // Scopes without a name of their own, such as a parallel, do not indent.
        collect(inner, rows_.size() > before ? depth + 1 : depth);
    }
}

void Drawing::add_step(const Step& step, int depth) {
    if (step.what == "parallel" || step.what == "each" || step.what == "meanwhile") return;
    if (step.what == "undo") return;  // Its undo entry is drawn.
    if (step.outcome == "not_needed") return;
    Row row;
    row.depth = depth;
    row.name = step.what == "ended" ? "after the end" : step.name;
    row.title = step.path;
    row.took_s = until(step.ended) - step.began;
    for (const auto& attempt : step.attempts)
        row.bars.push_back({.from = attempt.began,
                            .to = until(attempt.ended),
                            .tone = tone_of_outcome(attempt.outcome),
                            .open = attempt.ended <= 0});
    rows_.push_back(std::move(row));
}

void Drawing::add_question(const QuestionEntry& question, int depth) {
    Row row;
    row.depth = depth;
    row.name = question.what + ": " + question.name;
    row.title = row.name;
    row.took_s = until(question.ended) - question.asked;
    row.bars.push_back({.from = question.asked,
                        .to = until(question.ended),
                        .tone = Tone::waits,
                        .asked = true,
                        .open = question.open});
    rows_.push_back(std::move(row));
}

// Only where somebody had to decide.
void Drawing::add_decision(const FailureEntry& failure, int depth) {
    const double to = until(failure.decided_at);
    if (to <= failure.time) return;
    Row row;
    row.depth = depth;
    row.name = "decision: " + failure.name;
    row.title = failure.message;
    row.took_s = to - failure.time;
    row.bars.push_back({.from = failure.time,
                        .to = to,
                        .tone = Tone::bad,
                        .asked = true,
                        .open = failure.decided_at <= 0});
    rows_.push_back(std::move(row));
}

void Drawing::add_undo(const UndoEntryView& undo, int depth) {
    Row row;
    row.depth = depth;
    row.name = "↶ " + undo.name;
    row.title = undo.name;
    row.took_s = until(undo.ended) - undo.began;
    const bool well = undo.outcome == "done" || undo.outcome == "nothing";
    row.bars.push_back({.from = undo.began,
                        .to = until(undo.ended),
                        .tone = undo.outcome.empty() ? Tone::runs : well ? Tone::muted : Tone::bad,
                        .open = undo.ended <= 0});
    rows_.push_back(std::move(row));
}

std::string Drawing::row_text(const Row& row) const {
    const int depth = std::min(row.depth, 6);
    std::string text = "<div class=\"bar-row\"><span class=\"name\" style=\"--depth:" +
                       std::to_string(depth) + "\" title=\"" + html(row.title) + "\">" +
                       html(row.name) + "</span><span class=\"track\">";
    for (const auto& bar : row.bars) {
        const double from = part(bar.from);
        const std::string kind =
            std::string("bar") + (bar.asked ? " asked" : "") + (bar.open ? " open" : "");
        text += "<i " + html_class(kind, bar.tone) + " style=\"left:min(" + percent(from) +
                ",100% - 3px);width:" + percent(part(bar.to) - from) + "\"></i>";
    }
    if (limit_at_ > 0)
        text += "<i class=\"limit-line\" style=\"left:min(" + percent(part(limit_at_)) +
                ",100% - 2px)\"></i>";
    return text + "</span><span class=\"took\">" + html(show_duration(row.took_s)) +
           "</span></div>\n";
}

std::string Drawing::axis_text() const {
    static constexpr std::array<double, 20> steps = {1,    2,    5,    10,    15,    30,   60,
                                                     120,  300,  600,  900,   1800,  3600, 7200,
                                                     14400, 21600, 43200, 86400, 604800, 2592000};
    const double length = to_ - from_;
    double step = length;
    for (auto it = steps.rbegin(); it != steps.rend(); ++it)
        if (length / *it <= ticks_max) step = *it;
    std::string text = "<div class=\"bar-row\"><span class=\"name soft\">" +
                       std::string(from_ < timeline_.run.began ? "since the outage began"
                                                               : "since the start") +
                       "</span><span class=\"axis\">";
    for (int tick = 0; tick * step <= length && tick <= ticks_max; ++tick) {
        const double at = tick * step / length;
        text += "<span" + std::string(at > 0.93 ? " class=\"last\"" : "") + " style=\"left:" +
                percent(at) + "\">" + html(tick == 0 ? "0" : show_duration(tick * step)) +
                "</span>";
    }
    return text + "</span><span></span></div>\n";
}

std::string Drawing::key_text() const {
    std::string text = "<ul class=\"key\">";
    const auto add = [&](const char* kind, Tone tone, const char* what) {
        text += "<li><i " + html_class(kind, tone) + "></i>" + what + "</li>";
    };
    bool bad = false, asked = false, muted = false, runs = false, waits = false;
    for (const auto& row : rows_)
        for (const auto& bar : row.bars) {
            asked |= bar.asked;
            bad |= bar.tone == Tone::bad && !bar.asked;
            muted |= bar.tone == Tone::muted;
            runs |= bar.tone == Tone::runs;
            waits |= bar.tone == Tone::waits && !bar.asked;
        }
    add("done", Tone::good, "done");
    if (bad) add("failed", Tone::bad, "failed or out of service");
    if (waits) add("skipped", Tone::waits, "skipped");
    if (asked) add("asked", Tone::waits, "waiting for people");
    if (runs) add("runs", Tone::runs, "under way");
    if (muted) add("stopped", Tone::muted, "stopped or undo");
    if (limit_at_ > 0) text += "<li>│ where the RTO runs out</li>";
    return text + "</ul>";
}

std::string Drawing::text() const {
    if (rows_.empty()) return {};
    // What the bars show is said in words in the history; readers of the text skip the drawing.
    std::string all = "<div class=\"rows\" aria-hidden=\"true\">\n" + axis_text();
    for (const auto& row : rows_) all += row_text(row);
    all += "</div>\n";
    if (left_out_ > 0)
        all += "<p class=\"soft\">" + std::to_string(left_out_) +
               " further steps are in the history below.</p>\n";
    return all + key_text();
}

}  // namespace

std::string html_drawing(const Timeline& timeline) { return Drawing(timeline).text(); }

}  // namespace perilune::report
