// Checks one Lua file by itself, and the declaration of a runbook.
#include "interpreter/command/check.h"

#include <algorithm>

#include "interpreter/base/suggest.h"
#include "interpreter/command/words.h"
#include "interpreter/library/objectives.h"

namespace perilune {

namespace {

void check_requires(Sources& sources, const SourceFile& file) {
    for (const auto* call : file.facts.named("require")) {
        if (!call->known || find_module(sources.library(), call->name)) continue;
        add_finding(sources, file, call->position, "unknown_module",
                    "There is no module \"" + call->name +
                        "\" in this library or in what it depends on." +
                        did_you_mean(call->name, module_names(sources.library())) +
                        " Modules lie in lib/.");
    }
}

void check_child_runs(Sources& sources, const SourceFile& file) {
    for (const auto* call : file.facts.named("run_runbook")) {
        if (!call->known) continue;
        const auto found = find_runbook(sources.library(), call->name);
        if (!found)
            add_finding(sources, file, call->position, "unknown_runbook", found.error().message);
    }
}

void check_keys(Sources& sources, const SourceFile& runbook) {
    const std::vector<std::string> known(runbook_keys().begin(), runbook_keys().end());
    const syntax::Keys& keys = *runbook.facts.keys;
    for (const auto& key : keys.keys)
        if (std::find(known.begin(), known.end(), key.name) == known.end())
            add_finding(sources, runbook, key.position, "unknown_key",
                        "runbook has no key \"" + key.name + "\"." + did_you_mean(key.name, known));
    for (const auto* needed : {"summary", "run"})
        if (keys.complete && !keys.find(needed))
            add_finding(sources, runbook, runbook.facts.returns_position, "missing_key",
                        std::string("runbook needs ") +
                            (needed == std::string_view("run")
                                 ? "run = function(params) … end."
                                 : "summary = \"…\": one line that says what it does."));
    const syntax::Key* policy = keys.find("on_failure");
    if (!policy || !policy->literal) return;
    const std::vector<std::string> choices = {"ask", "undo", "stop"};
    if (std::find(choices.begin(), choices.end(), policy->literal->text()) == choices.end())
        add_finding(sources, runbook, policy->position, "bad_declaration",
                    "on_failure must be \"ask\", \"undo\" or \"stop\"." +
                        did_you_mean(policy->literal->text(), choices));
}

// Each parameter by itself where the file says which it is, so that its own place is told.
void check_parameters(Sources& sources, const SourceFile& runbook) {
    const syntax::Key* key = runbook.facts.keys->find("parameters");
    if (!key) return;
    const auto named = syntax::keys_of(runbook.scopes, *key->value);
    bool placed = false;
    for (const auto& parameter : named ? named->keys : std::vector<syntax::Key>()) {
        if (!parameter.literal) continue;
        Value alone;
        const auto read = read_declarations(alone.set(parameter.name, *parameter.literal));
        if (read) continue;
        placed = true;
        add_finding(sources, runbook, parameter.position, "bad_declaration", read.error().message);
    }
    if (placed || !key->literal) return;
    const auto read = read_declarations(*key->literal);
    if (!read)
        add_finding(sources, runbook, key->position, "bad_declaration", read.error().message);
}

void check_objectives(Sources& sources, const SourceFile& runbook) {
    const syntax::Key* key = runbook.facts.keys->find("objectives");
    if (!key || !key->literal) return;
    const auto read = read_objectives(*key->literal);
    if (!read)
        add_finding(sources, runbook, key->position, "bad_declaration", read.error().message);
}

// Whether a function has this expression's local as its first parameter.
bool is_parameter_of(const SourceFile& file, const syntax::Expression& name,
                     const syntax::Function& function) {
    const syntax::Local* local = file.scopes.local_of(name);
    return local && local->kind == syntax::LocalKind::parameter && local->function == function.id &&
           !function.parameters.empty() && local->name.text == function.parameters[0].text &&
           local->values.size() <= 1;
}

// `params.outage_begn` gives nil at three in the morning.
void check_parameter_reads(Sources& sources, const SourceFile& runbook) {
    const auto declared = declared_parameters(runbook);
    if (!declared || !declared->ok()) return;
    std::vector<std::string> names;
    for (const auto& [name, parameter] : **declared) names.push_back(name);
    for (const auto* word : {"run", "refuse", "ended"}) {
        const syntax::Key* key = runbook.facts.keys->find(word);
        const syntax::Expression* body = key ? &syntax::without_parentheses(*key->value) : nullptr;
        if (!body || !body->function) continue;
        for (const auto& index : runbook.tree.expressions) {
            if (index.kind != syntax::ExpressionKind::index ||
                index.left->kind != syntax::ExpressionKind::name ||
                index.right->kind != syntax::ExpressionKind::text ||
                !is_parameter_of(runbook, *index.left, *body->function))
                continue;
            const std::string name(index.right->text);
            if (std::find(names.begin(), names.end(), name) != names.end()) continue;
            add_finding(
                sources, runbook, index.right->span.begin, "unknown_parameter",
                "The runbook declares no parameter \"" + name + "\"." + did_you_mean(name, names));
        }
    }
}

}  // namespace

void add_finding(Sources& sources, const SourceFile& file, const syntax::Position& position,
                 std::string_view code, std::string message, syntax::Severity severity) {
    sources.findings.push_back(
        {file.path, position, std::string(code), std::move(message), severity});
}

void check_file(Sources& sources, const SourceFile& file) {
    for (auto& found : syntax::diagnose(file.tree, file.scopes, known_names()))
        sources.findings.push_back(std::move(found));
    check_requires(sources, file);
    check_child_runs(sources, file);
    check_operations(sources, file);
}

void check_declarations(Sources& sources, const SourceFile& runbook) {
    if (!runbook.facts.is_runbook()) {
        add_finding(sources, runbook, runbook.facts.returns_position, "no_runbook",
                    "The file must return runbook { … }.");
        return;
    }
    if (!runbook.facts.keys) return;
    check_keys(sources, runbook);
    check_parameters(sources, runbook);
    check_objectives(sources, runbook);
    check_parameter_reads(sources, runbook);
}

}  // namespace perilune
