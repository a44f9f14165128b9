// What an exploration found and what it tried, for people and for programs.
#include <algorithm>
#include <cstdio>
#include <set>

#include "interpreter/testing/explorer.h"

namespace perilune {

namespace {

constexpr const char* columns[] = {"before",    "dropped", "after",  "failed",  "throttled",
                                   "late",      "down",    "edited", "happens", "death",
                                   "overtaken", "undo",    "refuse", "silence"};

std::string padded(std::string text, std::size_t width) {
    if (text.size() < width) text.resize(width, ' ');
    return text;
}

std::string indented(const std::string& text) {
    std::string made;
    std::size_t at = 0;
    while (at < text.size()) {
        const auto end = std::min(text.find('\n', at), text.size());
        made += "    " + text.substr(at, end - at) + "\n";
        at = end + 1;
    }
    return made;
}

// As one word of a shell command: a question's name may hold anything.
std::string in_quotes(const std::string& word) {
    std::string quoted = "'";
    for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
    return quoted + "'";
}

std::string finding_text(const Finding& found, const std::string& name) {
    std::string text = "✗ " + found.name + "\n";
    text += "  " + found.why + "\n";
    const bool good = found.code == "none";
    text += "  Faults  " + (good ? "none: the good path itself" : found.code) + "\n";
    if (found.times > 1) text += "  Shown by " + std::to_string(found.times) + " schedules\n";
    const std::string replay = "perilune explore " + name + " --replay " + in_quotes(found.code);
    text += "  Replay  " + replay + "\n";
    text += "  Keep    " + replay + " --keep NAME  # as a test\n";
    if (!found.story.empty()) text += "  The run:\n" + indented(found.story);
    return text + "\n";
}

// Operations × faults; a dot where it was not tried.
std::string table_text(const Exploration& explored) {
    std::size_t width = 9;
    std::set<std::string> used;
    for (const auto& [subject, faults] : explored.tried) {
        width = std::max(width, subject.size());
        for (const auto& [fault, count] : faults) used.insert(fault);
    }
    std::string text = padded("Explored", width);
    for (const char* column : columns)
        if (used.contains(column)) text += "  " + std::string(column);
    text += "\n";
    for (const auto& [subject, faults] : explored.tried) {
        text += padded(subject, width);
        for (const char* column : columns) {
            if (!used.contains(column)) continue;
            const auto count = faults.find(column);
            text += "  " + padded(count == faults.end() ? "." : std::to_string(count->second),
                                  std::string_view(column).size());
        }
        while (text.ends_with(' ')) text.pop_back();
        text += "\n";
    }
    return text;
}

}  // namespace

std::string exploration_text(const Exploration& explored, const std::string& name) {
    std::string text;
    for (const auto& found : explored.findings) text += finding_text(found, name);
    if (explored.findings.empty() && !explored.story.empty())
        text += "The run:\n" + indented(explored.story) + "\n";
    // Little is explored of a runbook that goes no further than its first lines.
    if (!explored.outcome.empty() && explored.outcome != "done")
        text += "Without any fault the run was: " + explored.outcome +
                (explored.reason.empty() ? "" : ", " + explored.reason) + "\n";
    if (!explored.tried.empty()) text += table_text(explored);
    for (const auto& fault : explored.unmet)
        text += "Not met   " + fault + ": the run does not come to it\n";
    if (explored.pairs_known > 0)
        text += "Pairs     " + std::to_string(explored.pairs) + " of " +
                std::to_string(explored.pairs_known) + "\n";
    text += "Runs were";
    const char* comma = " ";
    for (const auto& [outcome, count] : explored.outcomes) {
        text += comma + outcome + " " + std::to_string(count);
        comma = ", ";
    }
    char line[160];
    const double runs = static_cast<double>(explored.singles + explored.pairs + 1);
    std::snprintf(line, sizeof line, "\n%s: %d found in %.0f %s, %.1f s (%.0f runs a second)%s",
                  explored.runbook.c_str(), static_cast<int>(explored.findings.size()), runs,
                  runs > 1 ? "runs" : "run", explored.took_s,
                  explored.took_s > 0 ? runs / explored.took_s : 0,
                  explored.cut ? "; there was more to try" : "");
    return text + line;
}

Value exploration_value(const Exploration& explored) {
    List findings;
    for (const auto& found : explored.findings)
        findings.push_back(Value()
                               .set("name", found.name)
                               .set("why", found.why)
                               .set("faults", found.code)
                               .set("outcome", found.outcome)
                               .set("times", found.times)
                               .set("story", found.story));
    Value tried{Map{}};
    for (const auto& [subject, faults] : explored.tried) {
        Value row{Map{}};
        for (const auto& [fault, count] : faults) row.set(fault, count);
        tried.set(subject, std::move(row));
    }
    Value outcomes{Map{}};
    for (const auto& [outcome, count] : explored.outcomes) outcomes.set(outcome, count);
    List unmet;
    for (const auto& fault : explored.unmet) unmet.emplace_back(fault);
    return Value()
        .set("runbook", explored.runbook)
        .set("outcome", explored.outcome)
        .set("story", explored.story)
        .set("findings", std::move(findings))
        .set("tried", std::move(tried))
        .set("outcomes", std::move(outcomes))
        .set("pairs", static_cast<double>(explored.pairs))
        .set("pairs_known", static_cast<double>(explored.pairs_known))
        .set("took_s", explored.took_s)
        .set("cut", explored.cut)
        .set("unmet", std::move(unmet));
}

}  // namespace perilune
