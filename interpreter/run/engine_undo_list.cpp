// What an undo takes back, in which order, what it cannot take back, and what is meant to stay.
#include "interpreter/base/json.h"
#include "interpreter/run/engine.h"

namespace perilune {

namespace {

std::string name_of(const Change& change) {
    if (!change.child.empty()) return "the run " + change.child + " of " + change.operation;
    return describe_event("operation", change.operation, change.target, change.arguments());
}

}  // namespace

// A failure takes back nothing that settled before the last keep mark.
std::int64_t Engine::undo_from(bool by_failure, const std::string& to) const {
    if (!to.empty()) return state_.opened_seq(to);
    return by_failure && !state_.keeps.empty() ? state_.keeps.back()["seq"].integer() : 0;
}

// Rules 8.2, 8.3, 8.6: the entries to take back, last settled first.
std::vector<Value> Engine::plan_undo(const std::string& within, bool by_failure) const {
    std::vector<Value> entries;
    std::map<std::string, std::size_t> steps;  // Steps with an undo of their own, to their entry.
    const std::int64_t from = undo_from(by_failure, "");
    const auto attempts = state_.attempts(within);
    const auto within_scope = [&](const std::string& scope) {
        for (const auto& attempt : attempts)
            if (state_.within(scope, attempt)) return true;
        return false;
    };
    const auto left = state_.changes_left();
    for (auto it = left.rbegin(); it != left.rend(); ++it) {
        const Change& change = **it;
        if (!within.empty() && !within_scope(change.scope)) continue;
        if (change.seq < from || state_.kept(change.scope)) continue;
        const std::string step = state_.undo_step(change.scope, within);
        if (step.empty() && !leaves_something(change)) continue;
        if (const auto found = steps.find(step); !step.empty() && found != steps.end()) {
            Value& covers = entries[found->second].as_map()["covers"];
            covers.as_list().emplace_back(change.id.key());
            continue;
        }
        Value entry;
        entry.set("covers", List{change.id.key()});
        if (step.empty()) {
            entry.set("of", change.id.key()).set("name", name_of(change));
        } else {
            steps.emplace(step, entries.size());
            entry.set("of", step).set("function", true);
            entry.set("name", state_.scope(step).name);
        }
        entries.push_back(std::move(entry));
    }
    return entries;
}

// The entries within a scope, or (`undo --to STEP`) those that settled after `to` opened.
void Engine::fill_undo_plan(const std::string& within, const std::string& to) {
    undo_plan_.clear();
    for (auto& entry : plan_undo(within, undo_why_ == "failure"))
        if (to.empty() || settled_after(entry, to)) undo_plan_.push_back(std::move(entry));
}

bool Engine::settled_after(const Value& entry, const std::string& to) const {
    return state_.settled_seq(entry["covers"].list()[0].text()) >= state_.opened_seq(to);
}

// Rule 8.6: what a step with `undo = false` did, and what a keep mark covers.
List Engine::kept_changes(bool by_failure, const std::string& to) const {
    List kept;
    const std::int64_t from = undo_from(by_failure, to);
    for (const auto* change : state_.changes_left()) {
        if (!leaves_something(*change)) continue;
        const bool by_step = state_.kept(change->scope) && (to.empty() || change->seq >= from);
        const bool by_mark = to.empty() && change->seq < from;
        if (!by_step && !by_mark) continue;
        Value item;
        item.set("what", name_of(*change));
        if (const std::string path = state_.path(change->scope); !path.empty())
            item.set("step", path);
        if (!by_step) item.set("mark", state_.keeps.back()["name"]);
        kept.push_back(std::move(item));
    }
    return kept;
}

// Empty where the entry can be taken back; else why not.
std::string Engine::cannot_undo(const Value& entry) const {
    if (entry["function"].boolean())
        return function_lost(entry) ? "its undo function cannot be executed" : "";
    const Change* change = state_.change(of(entry));
    if (!change || !change->child.empty()) return {};
    return restore_of(*change) || !leaves_something(*change) ? "" : "it cannot be undone";
}

// What takes a change back. Rule 4.5: one of which nobody knows the outcome is taken for done. What
// only its answer would have said is missing then: where that is needed, it is a person's to do.
std::optional<Restore> Engine::restore_of(const Change& change) const {
    Call original;
    original.operation = change.operation;
    original.target = change.target;
    const ChangeDetail detail = change.detail();
    original.arguments = detail.arguments;
    if (!detail.value.is_nil()) return port_.restore_of(original, detail.before, detail.value);
    auto restore = port_.restore_of(original, detail.before, Value().set("changed", true));
    if (!restore) return restore;
    const Family* family = find_family_(change.target.substr(0, change.target.find('/')));
    const Operation* row = family->operation(restore->operation);
    if (row && !check_arguments(*family, *row, restore->arguments.map())) return std::nullopt;
    return restore;
}

Value Engine::undo_outlook(const std::deque<Value>& entries, bool by_failure,
                           const std::string& to) const {
    List takes_back, cannot;
    for (const auto& entry : entries) {
        Value item;
        item.set("what", entry["function"].boolean() ? "step \"" + entry["name"].text() + "\""
                                                     : entry["name"].text());
        const EventId first = EventId::from_key(entry["covers"].list()[0].text());
        if (const Change* change = state_.change(first); change && !entry["function"].boolean())
            if (const std::string path = state_.path(change->scope); !path.empty())
                item.set("step", path);
        const std::string why = cannot_undo(entry);
        if (why.empty()) {
            takes_back.push_back(std::move(item));
        } else {
            cannot.push_back(item.set("why", why));
        }
    }
    Value outlook;
    const auto set = [&](const char* name, List items) {
        if (!items.empty()) outlook.set(name, std::move(items));
    };
    set("takes_back", std::move(takes_back));
    set("cannot", std::move(cannot));
    set("kept", kept_changes(by_failure, to));
    return outlook;
}

Result<Value> Engine::undo_outlook(const std::string& step) const {
    std::string to;
    if (!step.empty()) to = state_.find_step(step);
    if (!step.empty() && to.empty())
        return fail("bad_argument", "The run has no step or keep mark \"" + step + "\".");
    std::deque<Value> entries;
    for (auto& entry : plan_undo("", false))
        if (to.empty() || settled_after(entry, to)) entries.push_back(std::move(entry));
    return undo_outlook(entries, false, to);
}

}  // namespace perilune
