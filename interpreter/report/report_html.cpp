#include "interpreter/report/report_html.h"

#include <algorithm>

#include "interpreter/base/units.h"
#include "interpreter/report/describe.h"
#include "interpreter/report/escape.h"
#include "interpreter/report/history.h"
#include "interpreter/report/html_parts.h"

namespace perilune::report {

namespace {

constexpr int depth_shown_max = 8;

std::string capitalised(std::string text) {
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
        text[0] = static_cast<char>(text[0] - 'a' + 'A');
    return text;
}

std::string head(const Timeline& timeline, const Verdict& verdict) {
    const RunFacts& run = timeline.run;
    std::string text = "<header>\n<p class=\"kind\">Report of the run " + html(run.id) +
                       "</p>\n<h1>" + html(run.runbook) + " <span class=\"place\">" +
                       html(run.environment) + "</span></h1>\n";
    if (!run.summary.empty()) text += "<p class=\"summary\">" + html(run.summary) + "</p>\n";
    text += "<div " + html_class("banner", verdict.tone) + "><strong>" +
            html(outcome_sentence(timeline, verdict)) + "</strong>";
    const auto add = [&](const char* label, const std::string& body) {
        text += "<p><span class=\"label\">" + std::string(label) + "</span>" + body + "</p>";
    };
    if (!verdict.step.empty()) add("Step", html(verdict.step));
    if (!verdict.reason.empty())
        add("Reason",
            html_lines(verdict.reason) +
                (verdict.at.empty() ? ""
                                    : " <span class=\"where\">" + html(verdict.at) + "</span>"));
    text += "</div>\n";
    if (!run.break_glass.empty())
        text += "<div " + html_class("banner", Tone::bad) +
                "><strong>Break glass: " + passed_over_text(run) + ".</strong><p>" +
                "<span class=\"label\">Reason</span>" + html(run.break_glass) + "</p><p>" +
                "<span class=\"label\">Review</span>" + html(review_text(timeline)) +
                "</p></div>\n";
    return text + "</header>\n";
}

std::string left_and_next(const Verdict& verdict) {
    std::string text;
    if (verdict.word != "done" && (verdict.left_known || !verdict.left.empty())) {
        std::string body;
        for (const auto& left : verdict.left)
            body +=
                "<li><code>" + html(left.what) + "</code>" +
                (left.step.empty() ? "" : " <span class=\"soft\">" + html(left.step) + "</span>") +
                "</li>";
        body = body.empty() ? "<p class=\"soft\">No change of this run is left in the world.</p>"
                            : "<ul class=\"left\">" + body + "</ul>";
        text += html_section("left", verdict.left_known ? "Left behind" : "Changed so far", body);
    }
    std::string commands;
    for (const auto& next : verdict.next)
        if (!next.command.starts_with("perilune report"))
            commands += "<li><code class=\"command\">" + html(next.command) +
                        "</code><span class=\"soft\">" + html(next.purpose) + "</span></li>";
    if (!commands.empty())
        text += html_section("next", "Next", "<ul class=\"commands\">" + commands + "</ul>");
    return text;
}

std::string history_item(const HistoryLine& line) {
    const bool named = line.kind == "step" || line.kind == "branch" || line.kind == "ended";
    const bool loud = line.tone != Tone::good && line.tone != Tone::plain;
    std::string text = "<li " + html_class("", line.tone) + ">" + html_clock(line.at) +
                       "<div class=\"what\" style=\"--depth:" +
                       std::to_string(std::min(line.depth, depth_shown_max)) +
                       "\"><span class=\"mark\">" + html(line.mark) + "</span> <span class=\"" +
                       (named ? "named" : "said") + (loud ? " loud" : "") + "\">" +
                       html_lines(line.text) + "</span>";
    if (!line.where.empty()) text += " <span class=\"where\">" + html(line.where) + "</span>";
    if (!line.details.empty()) {
        text += "<dl>";
        for (const auto& detail : line.details) {
            text += "<div " + html_class("", detail.tone) + ">";
            // Every description has a term; one without words is only not seen.
            text +=
                "<dt>" + html(detail.label) + "</dt><dd>" + html_lines(detail.text) + "</dd></div>";
        }
        text += "</dl>";
    }
    text += "</div><span class=\"took\">";
    if (line.took_s >= 0.0005) text += html(show_duration(line.took_s));
    return text + "</span></li>\n";
}

std::string parameters(const Timeline& timeline) {
    std::string text =
        html_section("parameters", "Parameters", html_facts(parameters_of(timeline)));
    auto targets = targets_of(timeline);
    if (const std::string locks = locks_text(timeline); !locks.empty())
        targets.push_back({"Locks held", locks});
    return text + html_section("targets", "What it was allowed to touch", html_facts(targets));
}

}  // namespace

std::string html_section(const std::string& id, const std::string& title, const std::string& body) {
    if (body.empty()) return {};
    return "<section id=\"" + id + "\" aria-labelledby=\"" + id + "-title\"><h2 id=\"" + id +
           "-title\">" + title + "</h2>\n" + body + "\n</section>\n";
}

std::string html_class(const std::string& name, Tone tone) {
    return "class=\"" + name + (name.empty() ? "" : " ") + "tone-" + std::string(to_text(tone)) +
           "\"";
}

std::string html_clock(double unix_s) {
    return "<time datetime=\"" + html(show_time(unix_s)) + "\">" + html(clock_text(unix_s)) +
           "</time>";
}

std::string html_history(const Timeline& timeline) {
    std::string text = "<ol class=\"story\">\n";
    std::string day = day_text(timeline.run.began);
    for (const auto& line : history_of(timeline)) {
        if (const std::string today = day_text(line.at); today != day) {
            text += "<li class=\"day\">" + html(today) + "</li>\n";
            day = today;
        }
        text += history_item(line);
    }
    return text + "</ol>";
}

std::string report_html(const Timeline& timeline, const RunRow& row) {
    const Verdict verdict = verdict_of(timeline.state, row);
    const RunFacts& run = timeline.run;
    std::string text =
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "style-src 'unsafe-inline'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"referrer\" content=\"no-referrer\">\n<title>" +
        html(capitalised(verdict.word) + ": " + run.runbook + " in " + run.environment + ", " +
             day_text(run.began)) +
        "</title>\n" + html_style() + "</head>\n<body>\n<main>\n";
    text += head(timeline, verdict);
    text += left_and_next(verdict);
    text += html_section("objectives", "Objectives", html_objectives(timeline));
    text += html_section("facts", "Facts", html_facts(facts_of(timeline, verdict)));
    text += html_section("drawing", "Steps over time", html_drawing(timeline));
    text += html_section("changes", "Changes", html_changes(timeline));
    text += html_section("decisions", "What people decided", html_decisions(timeline));
    text += html_section("history", "What happened (times are UTC)", html_history(timeline));
    text += parameters(timeline);
    text += "<footer id=\"proof\">\n<h2>Proof</h2>\n" + html_facts(proof_of(timeline, row)) +
            "<p>Check that the journal is as it was written: <code class=\"command\">" +
            html("perilune verify " + command_word(run.id)) + "</code></p>\n</footer>\n";
    return text + "</main>\n</body>\n</html>\n";
}

}  // namespace perilune::report
