// Records after which a run does something else: it is stopped, undone, or follows another plan or
// other code.
#include <algorithm>

#include "interpreter/run/run_state.h"

namespace perilune {

// What was reviewed before says nothing of it.
void RunState::take_broken_glass(const Value& record) {
    ++broke_glass;
    broke_glass_by.insert(record["who"].text());
    review = Value();
}

void RunState::take_stop(const Value& record) {
    if (record.has("strand")) settling[EventId::from(record)] = record;
    std::string scope_id = record["args"]["scope"].text();
    if (record.has("of")) scope_id = record["of"].text();
    if (!record.has("strand") && !record.has("of")) {
        stop = record;
        if (record["why"].text() == "undo") undo_request = record;
        scope_id.clear();
    }
    if (const auto found = scopes.find(scope_id); found != scopes.end())
        found->second.stopped = true;
    const auto inside = [&](const Value& held) { return within(held["scope"].text(), scope_id); };
    std::erase_if(questions, [&](const auto& item) { return inside(item.second.record); });
    std::erase_if(failures, [&](const auto& item) { return inside(item.second); });
    std::erase_if(beyond, [&](const auto& item) { return inside(item.second); });
    std::erase_if(timers, [&](const auto& item) {
        const Value& held = item.second.record;
        return item.second.why == "timeout" ? within(held["of"].text(), scope_id) : inside(held);
    });
}

// What an approved plan does not show is no longer waited for: it is looked at anew.
void RunState::take_plan(const Value& record) {
    if (!record.has("plan")) return;
    plan = Value().set("plan", record["plan"]).set("plan_changes", record["plan_changes"]);
    beyond.clear();
}

// Rule 7.8: from here on the run is what the new code declares. Earlier approvals cover only what
// is recorded, and what failed outside any step is where the new code goes on.
void RunState::take_code(const Value& record) {
    begin.set("bundle", record["bundle"]).set("facts", record["facts"]);
    if (!plan.is_nil()) plan.set("plan_changes", {});
    for (auto& [id, question] : questions) question.approvals.clear();
    std::erase_if(failures,
                  [](const auto& item) { return item.second["args"]["what"].text() == "body"; });
}

void RunState::take_undo(const Value& record) {
    if (!record["within"].boolean()) {
        undoing = true;
        end = Value();  // An ended run is open again until its undo has ended.
    }
    if (record.has("who")) undo_request = record;
    if (record["settled"].boolean()) return;
    UndoEntry entry;
    entry.index = record["index"].integer();
    entry.function = record["function"].boolean();
    entry.record = record;
    undo_entries.push_back(std::move(entry));
}

void RunState::take_undone(const Value& record) {
    const std::string& outcome = record["outcome"].text();
    const bool taken_back = outcome == "done" || outcome == "nothing";
    // Entries are numbered as they come.
    for (auto& entry :
         std::ranges::equal_range(undo_entries, record["index"].integer(), {}, &UndoEntry::index)) {
        entry.settled = true;
        if (!taken_back) continue;
        for (const auto& key : entry.record["covers"].list()) undone.insert(key.text());
    }
}

}  // namespace perilune
