// A plan as text, as data, and its digest.
#include <algorithm>

#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/run/planner.h"

namespace perilune {

Value PlanEntry::to_value() const {
    Value value;
    value.set("strand", strand).set("path", path).set("target", target);
    value.set("operation", operation).set("args", arguments).set("sign", std::string(1, sign));
    return value.set("detail", detail);
}

Value Plan::to_value() const {
    List changes;
    for (const auto& entry : entries) changes.push_back(entry.to_value());
    Value value;
    value.set("changes", changes).set("approvals", approvals).set("assumed", assumed);
    value.set("not_planned", not_planned).set("problems", problems);
    return value.set("digest", to_hex(digest));
}

namespace {

std::string entry_line(const PlanEntry& entry) {
    std::string line = "  ";
    line += entry.sign;
    line += " " + entry.target + ":" + entry.operation;
    if (!entry.detail.empty()) return line + "  " + entry.detail;
    return line + " " + to_json(entry.arguments);
}

void add_section(std::string& text, const std::string& title, const List& items,
                 const char* field) {
    if (items.empty()) return;
    text += "\n" + title + "\n";
    for (const auto& item : items) {
        const std::string& path = item["path"].text();
        text += "  " + (path.empty() ? "" : path + ": ") + item[field].text();
        if (item.has("at")) text += " (" + item["at"].text() + ")";
        if (item.has("role")) text += " (role " + item["role"].text() + ")";
        text += "\n";
    }
}

}  // namespace

std::string Plan::to_text() const {
    std::string text;
    std::string path = "\n";
    for (const auto& entry : entries) {
        if (entry.path != path)
            text += (entry.path.empty() ? "(outside any step)" : entry.path) + "\n";
        path = entry.path;
        text += entry_line(entry) + "\n";
    }
    if (entries.empty()) text += "Nothing would be changed.\n";
    add_section(text, "Asks people", approvals, "name");
    add_section(text, "Assumed to hold", assumed, "what");
    add_section(text, "Not planned: what follows depends on what only the run will know",
                not_planned, "why");
    add_section(text, "Would fail", problems, "message");
    const auto count = [&](char sign) {
        return std::to_string(std::count_if(entries.begin(), entries.end(),
                                            [&](const auto& entry) { return entry.sign == sign; }));
    };
    text += "\n" + count('+') + " to create, " + count('~') + " to change, " + count('-') +
            " to delete, " + count('!') + " that cannot be undone, " + count('=') +
            " already so.\nPlan " + to_hex(digest) + "\n";
    return text;
}

}  // namespace perilune
