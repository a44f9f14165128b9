// The page of a drill: the outage drawn over the steps, and what was measured of it.
#include <algorithm>
#include <array>
#include <cstdio>

#include "interpreter/base/units.h"
#include "interpreter/drill/evidence_text.h"
#include "interpreter/report/escape.h"
#include "interpreter/report/html_parts.h"

namespace perilune {

namespace {

using report::html;
using report::html_class;
using report::Tone;

std::string percent(double part) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3f%%", std::clamp(part, 0.0, 1.0) * 100);
    return text.data();
}

// Everything over one span of time: from shortly before the disaster to the end of what was asked.
class Picture {
public:
    Picture(const Value& evidence, const Conducted& conducted) : evidence_(evidence) {
        const double disaster = conducted.disaster_at;
        from_ = disaster - 1;
        to_ = disaster + 1;
        for (const auto& probe : conducted.probes) to_ = std::max(to_, probe.at + probe.took_s);
        for (const auto& step : evidence["steps"].list())
            to_ = std::max(to_, step["ended_at"].number());
        service_row(conducted.probes);
        for (const auto& series : conducted.marks) mark_row(series, disaster);
        if (conducted.noticed_at > disaster + 0.5)
            row("until somebody noticed", bar(disaster, conducted.noticed_at, Tone::waits),
                conducted.noticed_at - disaster);
        for (const auto& answer : evidence["answers"].list())
            row(answer["by"].text() + ": " + answer["name"].text(),
                bar(answer["asked_at"].number(), answer["at"].number(), Tone::waits, " asked"),
                answer["at"].number() - answer["asked_at"].number());
        for (const auto& step : evidence["steps"].list()) step_row(step);
    }

    std::string text() const { return "<div class=\"rows\">" + rows_ + axis() + "</div>"; }

private:
    double part(double at) const { return (at - from_) / (to_ - from_); }

    std::string bar(double from, double to, Tone tone, const std::string& more = "") const {
        return "<i " + html_class("bar" + more, tone) + " style=\"left:min(" + percent(part(from)) +
               ",100% - 3px);width:" + percent(part(to) - part(from)) + "\"></i>";
    }

    std::string line(double at, const std::string& title) const {
        return "<i class=\"limit-line\" title=\"" + html(title) + "\" style=\"left:min(" +
               percent(part(at)) + ",100% - 2px)\"></i>";
    }

    void row(const std::string& name, const std::string& bars, double took_s) {
        std::string marks = line(evidence_["disaster_at"].number(), "the disaster");
        const Value& rto = evidence_["rto"];
        if (rto.has("ended_at")) marks += line(rto["ended_at"].number(), "served again");
        if (const Value& run = evidence_["run"]; run.has("killed_at"))
            marks += line(run["killed_at"].number(), "kill -9 of the host");
        rows_ += "<div class=\"bar-row\"><span class=\"name\" title=\"" + html(name) + "\">" +
                 html(name) + "</span><span class=\"track\">" + bars + marks +
                 "</span><span class=\"took\">" + html(show_duration(took_s)) + "</span></div>\n";
    }

    // Neighbours that fared alike are one bar.
    void service_row(const std::vector<Probe>& probes) {
        std::string bars;
        double down_s = 0;
        for (std::size_t i = 0; i < probes.size();) {
            std::size_t j = i;
            while (j < probes.size() && probes[j].good == probes[i].good) ++j;
            const double end = j < probes.size() ? probes[j].at : to_;
            if (end > from_)
                bars += bar(std::max(from_, probes[i].at), end,
                            probes[i].good ? Tone::good : Tone::bad);
            if (!probes[i].good) down_s += end - std::max(from_, probes[i].at);
            i = j;
        }
        row("the service, as a user sees it", bars, down_s);
    }

    void mark_row(const MarkSeries& series, double disaster) {
        std::string bars;
        double lost_s = 0;
        const auto& marks = series.marks;
        for (std::size_t i = 0; i < marks.size();) {
            const bool there = series.survived.contains(marks[i].number);
            std::size_t j = i;
            while (j < marks.size() && series.survived.contains(marks[j].number) == there &&
                   (j == i || marks[j].at - marks[j - 1].at < 2))
                ++j;
            const double end = marks[j - 1].at;
            if (end > from_)
                bars += bar(std::max(from_, marks[i].at), end, there ? Tone::good : Tone::bad);
            if (!there) lost_s += std::min(end, disaster) - std::min(marks[i].at, disaster);
            i = j;
        }
        row("marks written to " + series.plan.name, bars, lost_s);
    }

    void step_row(const Value& step) {
        const bool done = step["outcome"] == Value("done");
        row(step["path"].text(),
            bar(step["began_at"].number(), step["ended_at"].number(),
                done ? Tone::runs : Tone::bad),
            step["ended_at"].number() - step["began_at"].number());
    }

    std::string axis() const {
        std::string text =
            "<div class=\"bar-row\"><span class=\"name soft\">since the disaster</span>"
            "<span class=\"axis\">";
        const double disaster = evidence_["disaster_at"].number();
        const double length = to_ - disaster;
        double step = 1;
        for (const double next : {2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0})
            if (length / step > 8) step = next;
        for (double at = 0; at <= length; at += step)
            text += "<span style=\"left:" + percent(part(disaster + at)) + "\">" +
                    html(at == 0 ? "0" : show_duration(at)) + "</span>";
        return text + "</span><span></span></div>\n";
    }

    const Value& evidence_;
    double from_ = 0;
    double to_ = 1;
    std::string rows_;
};

std::string measured(const std::string& label, const Value& value) {
    if (value.has("problem"))
        return "<div " + html_class("objective", Tone::bad) + "><p>" + html(label) +
               " <span class=\"told\">" + html(value["problem"].text()) + "</span></p></div>";
    const double taken = value["measured_s"].number();
    const double allowed = value["allowed_s"].number();
    const bool limited = value.has("allowed_s");
    const bool met = value["met"].boolean();
    std::string text = "<div " + html_class("objective", met ? Tone::good : Tone::bad) + "><p>" +
                       html(label) + " <span class=\"told\">" + html(show_duration(taken)) +
                       (limited ? " of " + html(show_duration(allowed)) : "") +
                       (met ? "" : ", missed") + "</span></p>";
    const double most = std::max(taken, allowed);
    if (limited && most > 0) {
        text += "<div class=\"gauge\"><i class=\"used\" style=\"width:" + percent(taken / most) +
                "\"></i><i class=\"limit\" style=\"left:" + percent(allowed / most) +
                "\"></i></div>";
    }
    return text + "</div>";
}

std::string items(const List& list) {
    std::string text;
    for (const auto& one : list) text += "<li>" + html(one.text()) + "</li>";
    return text.empty() ? "" : "<ul class=\"left\">" + text + "</ul>";
}

std::string facts(const Value& evidence) {
    std::vector<report::Fact> all;
    const auto add = [&](const char* label, const std::string& text) {
        if (!text.empty()) all.push_back({.label = label, .text = text});
    };
    add("Runbook", evidence["runbook"].text());
    add("Library", evidence["library"].text() + " " + evidence["library_version"].text());
    add("Environment", evidence["environment"].text());
    add("Executed by", evidence["who"].text());
    add("Began", show_time(evidence["began_at"].number()));
    add("Disaster", show_time(evidence["disaster_at"].number()));
    add("Ended", show_time(evidence["ended_at"].number()));
    add("Digest of the code", evidence["code"].text());
    const Value& run = evidence["run"];
    if (run.has("killed_at"))
        add("kill -9 of the host",
            "in the step " + run["killed_in"].text() + "; another host went on");
    for (const auto& [name, part] : evidence["parts"].map())
        add("", "The part " + name +
                    (part["done"].boolean() ? " was done" : ": " + part["problem"].text()));
    return report::html_facts(all);
}

}  // namespace

std::string drill_html(const Value& evidence, const Conducted& conducted) {
    const bool passed = evidence["result"] == Value("passed");
    const std::string title = "Drill " + evidence["drill"].text();
    std::string text =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>" +
        html(title) + "</title>\n" + report::html_style() +
        "</head>\n<body><main>\n<header><p class=\"kind\">" +
        html("Evidence of the drill " + evidence["id"].text()) + "</p>\n<h1>" +
        html(evidence["drill"].text()) + " <span class=\"place\">" +
        html(evidence["library"].text()) + "</span></h1>\n<div " +
        html_class("banner", passed ? Tone::good : Tone::bad) + "><strong>" +
        html(passed ? "Passed" : "Not passed: " + evidence["result"].text()) +
        "</strong></div></header>\n";
    std::string objectives;
    if (evidence.has("rto"))
        objectives += measured(evidence["rto"]["by"] == Value("probe")
                                   ? "RTO, from the disaster until a user was served again"
                                   : "RTO, from the disaster to the runbook's end",
                               evidence["rto"]);
    for (const auto& rpo : evidence["rpo"].list())
        objectives +=
            measured("RPO of " + rpo["name"].text() + ": " + std::to_string(rpo["lost"].integer()) +
                         " of " + std::to_string(rpo["written"].integer()) + " marks lost",
                     rpo);
    text += report::html_section("measured", "Measured", objectives);
    if (conducted.disaster_at > 0)
        text += report::html_section("outage", "The outage over the steps",
                                     Picture(evidence, conducted).text());
    text += report::html_section("deviations", "Deviations", items(evidence["deviations"].list()));
    text += report::html_section("doubts", "What was in doubt", items(evidence["in_doubt"].list()));
    text += report::html_section("simulated", "Not real", items(evidence["simulated"].list()));
    text += report::html_section("facts", "Facts", facts(evidence));
    std::string files;
    for (const auto& file : evidence["files"].list())
        files += "<li><code>" + html(file["name"].text()) +
                 "</code> <span class=\"soft\">SHA-256 " + html(file["sha256"].text()) +
                 "</span></li>";
    text += report::html_section("files", "Raw series beside this page",
                                 "<ul class=\"left\">" + files + "</ul>");
    return text + "</main></body></html>\n";
}

}  // namespace perilune
