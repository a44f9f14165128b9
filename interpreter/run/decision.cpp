#include "interpreter/run/decision.h"

namespace perilune {

namespace {

Value subject_of_step(const Scope& scope) {
    const EventId id = EventId::from_key(scope.id);
    Value step;
    step.set("kind", "open").set("strand", id.strand).set("n", id.n);
    return step.set("name", scope.path);
}

}  // namespace

const OpenQuestion* find_question(const RunState& state, const Command& command, EventId& id) {
    const std::string& wanted = command.body["name"].text();
    const OpenQuestion* found = nullptr;
    int matches = 0;
    for (const auto& [key, question] : state.questions) {
        if (question.record["args"]["what"].text() == "signal") continue;
        if (!wanted.empty() && question.record["name"].text() != wanted && key.key() != wanted)
            continue;
        found = &question;
        id = key;
        ++matches;
    }
    return matches == 1 ? found : nullptr;
}

const Value* find_failure(const RunState& state, const Command& command, EventId& id) {
    const std::string& wanted = command.body["step"].text();
    const Value* found = nullptr;
    int matches = 0;
    for (const auto& [key, failure] : state.failures) {
        const bool named =
            failure["name"].text() == wanted || state.path(failure["scope"].text()) == wanted;
        if (!wanted.empty() && !named) continue;
        found = &failure;
        id = key;
        ++matches;
    }
    return matches == 1 ? found : nullptr;
}

const OpenIntent* find_doubt(const RunState& state, const Command& command, EventId& id) {
    const std::string& wanted = command.body["name"].text();
    const OpenIntent* found = nullptr;
    int matches = 0;
    for (const auto& [key, intent] : state.intents) {
        if (!intent.in_doubt) continue;
        const std::string shown =
            intent.record["target"].text() + ":" + intent.record["name"].text();
        if (!wanted.empty() && wanted != shown && wanted != key.key()) continue;
        found = &intent;
        id = key;
        ++matches;
    }
    return matches == 1 ? found : nullptr;
}

std::vector<const Scope*> open_steps(const RunState& state, const Command& command) {
    const std::string& wanted = command.body["step"].text();
    std::vector<const Scope*> found;
    if (wanted.empty()) return found;
    for (const auto& [key, scope] : state.scopes) {
        if (!scope.open || scope.stopped || scope.what != "step") continue;
        if (scope.name == wanted || scope.path == wanted) found.push_back(&scope);
    }
    return found;
}

const Scope* find_open_step(const RunState& state, const Command& command) {
    const auto found = open_steps(state, command);
    return found.size() == 1 ? found.front() : nullptr;
}

Value subject_of(const RunState& state, const Command& command) {
    const std::string& kind = command.kind;
    EventId id;
    if (kind == "approve" || kind == "reject" || kind == "answer") {
        const OpenQuestion* question = find_question(state, command, id);
        return question ? question->record : Value();
    }
    if (kind == "settle") {
        const OpenIntent* intent = find_doubt(state, command, id);
        return intent ? intent->record : Value();
    }
    if (kind != "retry" && kind != "skip") return {};
    if (const Value* failure = find_failure(state, command, id)) return *failure;
    const Scope* step = kind == "skip" ? find_open_step(state, command) : nullptr;
    return step ? subject_of_step(*step) : Value();
}

Value subject_at(const RunState& state, const EventId& id) {
    if (const auto asked = state.questions.find(id); asked != state.questions.end())
        return asked->second.record;
    if (const auto failed = state.failures.find(id); failed != state.failures.end())
        return failed->second;
    if (const auto intent = state.intents.find(id); intent != state.intents.end())
        return intent->second.record;
    const auto scope = state.scopes.find(id.key());
    return scope == state.scopes.end() ? Value() : subject_of_step(scope->second);
}

}  // namespace perilune
