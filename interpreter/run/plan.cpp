// A plan as data and as text.
#include "interpreter/run/plan.h"

#include <algorithm>

#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/run/plan_guide.h"

namespace perilune {

namespace {

List values_of(const std::vector<PlanNote>& notes) {
    List values;
    for (const auto& note : notes) values.push_back(note.to_value());
    return values;
}

void sort_by_place(auto& items) {
    std::stable_sort(items.begin(), items.end(),
                     [](const auto& left, const auto& right) { return left.place < right.place; });
}

Value without_detail(const PlanEntry& entry) {
    Value value = entry.to_value();
    List inside;
    for (const auto& held : entry.inside) inside.push_back(without_detail(held));
    if (!inside.empty()) value.set("changes", std::move(inside));
    return value.set("detail", {});
}

std::string entry_line(const PlanEntry& entry, const std::string& indent) {
    std::string line = indent;
    line += entry.sign;
    line += " " + shortened(describe_change(entry.operation, entry.target, entry.arguments));
    if (!entry.detail.empty()) line += "  (" + entry.detail + ")";
    return line + (entry.repeats ? "  (again and again)" : "");
}

void add_entries(std::string& text, const std::vector<PlanEntry>& entries,
                 const std::string& indent) {
    std::string path = "\n";
    for (const auto& entry : entries) {
        if (entry.done) continue;
        if (entry.path != path)
            text += indent + (entry.path.empty() ? "(outside any step)" : entry.path) + "\n";
        path = entry.path;
        text += entry_line(entry, indent + "  ") + "\n";
        add_entries(text, entry.inside, indent + "    ");
    }
}

void add_section(std::string& text, const std::string& title, const std::vector<PlanNote>& notes,
                 const char* field) {
    if (notes.empty()) return;
    text += "\n" + title + "\n";
    for (const auto& note : notes) {
        text += "  " + (note.path.empty() ? "" : note.path + ": ") + note.value[field].text();
        if (note.value.has("at")) text += " (" + note.value["at"].text() + ")";
        if (note.value.has("role")) text += " (role " + note.value["role"].text() + ")";
        text += "\n";
    }
}

std::ptrdiff_t count_of(const std::vector<PlanEntry>& entries, char sign) {
    std::ptrdiff_t count = 0;
    for (const auto& entry : entries)
        count += (!entry.done && entry.sign == sign && entry.operation != "run_runbook") +
                 count_of(entry.inside, sign);
    return count;
}

}  // namespace

Value PlanEntry::to_value() const {
    Value value;
    value.set("path", path).set("ordinal", ordinal).set("target", target);
    value.set("operation", operation).set("args", arguments).set("sign", std::string(1, sign));
    if (!detail.empty()) value.set("detail", detail);
    if (done) value.set("done", true);
    if (repeats) value.set("repeats", true);
    List changes;
    for (const auto& entry : inside) changes.push_back(entry.to_value());
    if (operation == "run_runbook") value.set("changes", std::move(changes));
    return value;
}

Value PlanNote::to_value() const {
    Value told = value;
    return told.set("path", path);
}

void Plan::sort() {
    sort_by_place(entries);
    for (auto* notes : {&approvals, &assumed, &not_planned, &unanswered, &problems})
        sort_by_place(*notes);
}

void Plan::add_inside(PlanEntry& entry, Plan child) {
    const auto take = [&](std::vector<PlanNote>& mine, std::vector<PlanNote>& theirs) {
        for (auto& note : theirs) {
            note.path = entry.target + (note.path.empty() ? "" : " › ") + note.path;
            if (!entry.path.empty()) note.path = entry.path + " › " + note.path;
            note.place.insert(note.place.begin(), entry.place.begin(), entry.place.end());
            mine.push_back(std::move(note));
        }
    };
    take(approvals, child.approvals);
    take(assumed, child.assumed);
    take(not_planned, child.not_planned);
    take(unanswered, child.unanswered);
    take(problems, child.problems);
    entry.inside = std::move(child.entries);
}

Value Plan::covered() const {
    List changes;
    for (const auto& entry : entries) changes.push_back(without_detail(entry));
    Value value;
    value.set("changes", std::move(changes)).set("approvals", values_of(approvals));
    return value.set("assumed", values_of(assumed)).set("not_planned", values_of(not_planned));
}

Value Plan::to_value() const {
    List changes;
    for (const auto& entry : entries) changes.push_back(entry.to_value());
    Value value = covered();
    value.set("changes", std::move(changes)).set("unanswered", values_of(unanswered));
    value.set("problems", values_of(problems)).set("digest", to_hex(digest));
    if (!run.empty()) value.set("run", run);
    value.set("bundle", bundle);
    return value;
}

std::string Plan::to_text() const {
    std::string text;
    const auto done = std::count_if(entries.begin(), entries.end(),
                                    [](const PlanEntry& entry) { return entry.done; });
    const bool anything = static_cast<std::size_t>(done) < entries.size();
    if (!run.empty())
        text += "The rest of the run " + run +
                ", from where it waits; made already: " + std::to_string(done) +
                (done == 1 ? " change.\n\n" : " changes.\n\n");
    add_entries(text, entries, "");
    if (!anything)
        text += not_planned.empty() ? "Nothing would be changed.\n"
                                    : "As far as it can be planned, nothing would be changed.\n";
    add_section(text, "Asks people", approvals, "name");
    add_section(text, "Assumed to hold", assumed, "what");
    add_section(text, "Not planned: what follows depends on what only the run will know",
                not_planned, "why");
    add_section(text, "Could not be read", unanswered, "what");
    add_section(text, "Would fail", problems, "message");
    const auto count = [&](char sign) { return std::to_string(count_of(entries, sign)); };
    text += "\n" + count('+') + " to create, " + count('~') + " to change, " + count('-') +
            " to delete, " + count('!') + " that cannot be undone, " + count('=') +
            " already so.\nPlan " + to_hex(digest) + "\n";
    return text;
}

}  // namespace perilune
