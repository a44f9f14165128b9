#include "interpreter/drill/evidence_text.h"

#include <algorithm>
#include <map>

#include "interpreter/base/units.h"

namespace perilune {

namespace {

std::string against(const Value& measured) {
    if (measured.has("problem")) return "not measured: " + measured["problem"].text();
    std::string text = show_duration(measured["measured_s"].number());
    if (measured.has("allowed_s"))
        text += " of " + show_duration(measured["allowed_s"].number()) +
                (measured["met"].boolean() ? "" : " – MISSED");
    return text;
}

std::string rpo_line(const Value& rpo) {
    std::string text = "  RPO of " + rpo["name"].text() + ": " + against(rpo);
    if (!rpo.has("measured_s")) return text + "\n";
    text += " (" + std::to_string(rpo["lost"].integer()) + " of " +
            std::to_string(rpo["written"].integer()) + " marks lost";
    if (rpo["lost_late"].integer() > 0)
        text += ", " + std::to_string(rpo["lost_late"].integer()) +
                " more that were taken after the disaster";
    return text + (rpo["holes"].boolean() ? ", with holes" : "") + ")\n";
}

std::size_t width_of(const std::string& text) {
    std::size_t shown = 0;
    for (const char c : text) shown += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    return shown;
}

std::string pad(std::string text, std::size_t width) {
    if (const std::size_t shown = width_of(text); shown < width) text.append(width - shown, ' ');
    return text;
}

std::vector<std::string> lines_of(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths(rows.front().size());
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width_of(row[i]));
    std::vector<std::string> lines;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i)
            line += i + 1 < row.size() ? pad(row[i], widths[i] + 2) : row[i];
        lines.push_back(line);
    }
    return lines;
}

}  // namespace

std::string drill_text(const Value& evidence) {
    const Value& rto = evidence["rto"];
    std::string text = "Drill " + evidence["drill"].text() + " of " + evidence["library"].text() +
                       ": " + evidence["result"].text() + "\n";
    if (!rto.is_nil()) {
        text += "  RTO: " + against(rto);
        text += rto["by"] == Value("probe")
                    ? " (" + std::to_string(rto["bad"].integer()) + " of " +
                          std::to_string(rto["asked"].integer()) + " questions unanswered)\n"
                    : " (the service answered all the time; measured to the runbook's end)\n";
    }
    for (const auto& rpo : evidence["rpo"].list()) text += rpo_line(rpo);
    const Value& run = evidence["run"];
    if (run.has("killed_at"))
        text +=
            "  The host was killed in \"" + run["killed_in"].text() + "\"; another one went on.\n";
    for (const auto& doubt : evidence["in_doubt"].list())
        text += "  In doubt: " + doubt.text() + "\n";
    for (const auto& deviation : evidence["deviations"].list())
        text += "  ! " + deviation.text() + "\n";
    for (const auto& simulated : evidence["simulated"].list())
        text += "  Not real: " + simulated.text() + "\n";
    return text;
}

std::vector<std::string> drill_table(const std::vector<Value>& all) {
    std::vector<std::vector<std::string>> rows = {
        {"library", "drill", "RTO", "RPO", "in doubt", "result", "not real"}};
    std::vector<std::string> notes;
    const auto number_of = [&](const std::string& note) {
        const auto found = std::ranges::find(notes, note);
        const auto place = found - notes.begin();
        if (found == notes.end()) notes.push_back(note);
        return std::to_string(place + 1);
    };
    for (const auto& one : all) {
        std::string rpo;
        for (const auto& each : one["rpo"].list()) rpo += (rpo.empty() ? "" : ", ") + against(each);
        std::string simulated;
        for (const auto& each : one["simulated"].list())
            simulated += (simulated.empty() ? "" : ", ") + number_of(each.text());
        rows.push_back({one["library"].text(), one["drill"].text(),
                        one.has("rto") ? against(one["rto"]) : "–", rpo.empty() ? "–" : rpo,
                        std::to_string(one["in_doubt"].list().size()), one["result"].text(),
                        simulated.empty() ? "–" : simulated});
    }
    auto lines = lines_of(rows);
    if (!notes.empty()) lines.insert(lines.end(), {"", "Not real"});
    for (std::size_t i = 0; i < notes.size(); ++i)
        lines.push_back(pad(std::to_string(i + 1), 4) + notes[i]);
    return lines;
}

std::string drill_comparison(const Value& before, const Value& after) {
    std::map<std::string, std::pair<double, double>> took;
    std::vector<std::string> order;
    const auto add = [&](const Value& evidence, bool second) {
        for (const auto& step : evidence["steps"].list()) {
            const std::string& path = step["path"].text();
            const auto [found, is_new] = took.try_emplace(path, -1, -1);
            if (is_new) order.push_back(path);
            auto& into = second ? found->second.second : found->second.first;
            into = std::max(0.0, into) + step["ended_at"].number() - step["began_at"].number();
        }
    };
    add(before, false);
    add(after, true);
    const auto shown = [](double seconds) {
        return seconds < 0 ? std::string("–") : show_duration(seconds);
    };
    std::string text = pad("", 44) + pad(before["id"].text().substr(0, 15), 18) +
                       after["id"].text().substr(0, 15) + "\n";
    text += pad("RTO", 44) + pad(against(before["rto"]), 18) + against(after["rto"]) + "\n";
    for (const auto& path : order) {
        const auto [first, second] = took[path];
        std::string change;
        if (first > 0 && second > 0) {
            const double more = second - first;
            change = std::string(more < 0 ? "–" : "+") + show_duration(std::max(more, -more));
        }
        text +=
            pad(path + " ", 44) + pad(shown(first), 18) + pad(shown(second), 14) + change + "\n";
    }
    return text;
}

}  // namespace perilune
