// What can be asked of a run's state: scopes and their paths, changes, doubts, steps by name.
#include <algorithm>

#include "interpreter/run/run_state.h"

namespace perilune {

namespace {

const Scope no_scope;

}  // namespace

const Scope& RunState::scope(const std::string& id) const {
    const auto found = scopes.find(id);
    return found == scopes.end() ? no_scope : found->second;
}

bool RunState::within(const std::string& inner, const std::string& outer) const {
    std::string at = inner;
    while (at != outer) {
        if (at.empty()) return false;
        at = scope(at).parent;
    }
    return true;
}

bool RunState::stopped(const std::string& scope_id) const {
    for (std::string at = scope_id;; at = scope(at).parent) {
        if (scope(at).stopped) return true;
        // Undo functions and `ended` are executed after the run itself was stopped.
        if (at.empty() || scope(at).what == "undo" || scope(at).what == "ended") return false;
    }
}

std::vector<const Change*> RunState::changes_within(const std::string& scope_id) const {
    std::vector<const Change*> found;
    for (const auto& change : changes)
        if (within(change.scope, scope_id)) found.push_back(&change);
    return found;
}

std::vector<const Change*> RunState::changes_left() const {
    std::vector<const Change*> found;
    for (const auto& change : changes)
        if (change.changed && !undone.contains(change.id.key()) &&
            !change.id.strand.starts_with("/undo."))
            found.push_back(&change);
    return found;
}

bool RunState::in_doubt(const EventId& id) const {
    const auto found = intents.find(id);
    return found != intents.end() && found->second.in_doubt;
}

int RunState::doubts() const {
    return static_cast<int>(std::count_if(intents.begin(), intents.end(),
                                          [](const auto& item) { return item.second.in_doubt; }));
}

bool RunState::kept(const std::string& scope_id) const {
    for (std::string at = scope_id; !at.empty(); at = scope(at).parent)
        if (scope(at).options["undo"].text() == "kept") return true;
    return false;
}

std::string RunState::undo_step(const std::string& scope_id, const std::string& limit) const {
    std::string found;
    const auto last = attempts(limit);
    for (std::string at = scope_id; !at.empty(); at = scope(at).parent) {
        if (scope(at).options["undo"].text() == "function") found = at;
        if (std::find(last.begin(), last.end(), at) != last.end()) break;
    }
    if (found.empty()) return found;
    for (const auto& attempt : attempts(found))
        if (scope(attempt).opened_seq > scope(found).opened_seq) found = attempt;
    return found;
}

std::vector<std::string> RunState::attempts(const std::string& scope_id) const {
    const Scope& step = scope(scope_id);
    if (step.what != "step") return {scope_id};
    std::vector<std::string> found;
    for (const auto& [key, other] : scopes)
        if (other.what == "step" && other.path == step.path && other.parent == step.parent &&
            other.strand == step.strand)
            found.push_back(key);
    return found;
}

std::string RunState::find_step(const std::string& name) const {
    const Scope* first = nullptr;
    for (const auto& [key, step] : scopes)
        if (step.what == "step" && (step.name == name || step.path == name) &&
            (!first || step.opened_seq < first->opened_seq))
            first = &step;
    if (first) return first->id;
    for (const auto& mark : keeps)
        if (mark["name"].text() == name) return EventId::from(mark).key();
    return {};
}

std::int64_t RunState::opened_seq(const std::string& key) const {
    for (const auto& mark : keeps)
        if (EventId::from(mark).key() == key) return mark["seq"].integer();
    return scope(key).opened_seq;
}

std::int64_t RunState::settled_seq(const std::string& key) const {
    const Change* found = change(EventId::from_key(key));
    return found ? found->seq : 0;
}

std::int64_t RunState::next_undo_index() const {
    return undo_entries.empty() ? 1 : undo_entries.back().index + 1;
}

bool RunState::asks() const {
    return !questions.empty() || !failures.empty() || !beyond.empty() || doubts() > 0;
}

const Change* RunState::change(const EventId& id) const {
    const auto found = change_places.find(id);
    return found == change_places.end() ? nullptr : &changes[found->second];
}

}  // namespace perilune
