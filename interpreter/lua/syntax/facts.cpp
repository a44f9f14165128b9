#include "interpreter/lua/syntax/facts.h"

#include <algorithm>
#include <array>

#include "interpreter/lua/syntax/literal_values.h"

namespace perilune::syntax {

namespace {

constexpr std::array<std::string_view, 13> naming_functions = {
    "step",      "approve", "confirm", "ask",         "manual", "wait_until", "hold",
    "meanwhile", "keep",    "require", "run_runbook", "secret", "world"};

// A table that an expression is. Where a local that leads to it is used elsewhere too, it may have
// been changed there.
struct FoundTable {
    const Expression* table = nullptr;
    bool may_be_changed = false;
};

FoundTable table_of(const Scopes& scopes, const Expression& expression) {
    FoundTable found{.table = &without_parentheses(expression)};
    for (int steps = 0; found.table->kind == ExpressionKind::name; ++steps) {
        const Local* local = scopes.local_of(*found.table);
        const bool is_single =
            local != nullptr && local->values.size() == 1 && local->values[0] != nullptr;
        if (!is_single || steps > 16) return {};
        found.may_be_changed |= local->reads > 1;
        found.table = &without_parentheses(*local->values[0]);
    }
    return found.table->kind == ExpressionKind::table ? found : FoundTable{};
}

class FactReader {
public:
    FactReader(const Tree& tree, const Scopes& scopes,
               const std::set<std::string, std::less<>>& families)
        : tree_(tree), scopes_(scopes), families_(families) {}

    Facts read() {
        read_return();
        follow_handles();
        for (const Expression& expression : tree_.expressions) {
            if (expression.kind == ExpressionKind::call) read_call(expression);
            if (expression.kind == ExpressionKind::method_call) read_operation(expression);
        }
        sort(facts_.target_uses);
        sort(facts_.operations);
        sort(facts_.names);
        return std::move(facts_);
    }

private:
    template <class Item>
    static void sort(std::vector<Item>& items) {
        std::stable_sort(items.begin(), items.end(), [](const Item& left, const Item& right) {
            return left.position.offset < right.position.offset;
        });
    }

    void read_return() {
        facts_.returns_position = tree_.main().span.end;
        const auto& statements = tree_.main().body.statements;
        if (statements.empty() || statements.back()->kind != StatementKind::return_values) return;
        const Statement& last = *statements.back();
        facts_.returns_position = last.span.begin;
        if (last.values.size() != 1) return;
        const auto values = scopes_.possible_values(*last.values[0]);
        if (values.size() != 1 || values[0] == nullptr) return;
        const Expression& call = *values[0];
        const std::string_view name = called_name(call);
        if (name.empty() || !scopes_.calls_global(call, name) || call.items.size() != 1) return;
        facts_.returns = name;
        facts_.keys = keys_of(scopes_, *call.items[0]);
        const Key* targets = facts_.keys ? facts_.keys->find("targets") : nullptr;
        if (targets != nullptr) read_targets(*targets->value);
        if (facts_.keys && !facts_.keys->complete) facts_.targets_complete = false;
    }

    void read_targets(const Expression& value) {
        const auto keys = keys_of(scopes_, value);
        facts_.targets_complete = keys && keys->complete;
        if (!keys) return;
        for (const Key& key : keys->keys) {
            DeclaredTarget declared{.key = key.name, .position = key.position};
            const std::size_t slash = key.name.find('/');
            if (slash != std::string::npos && slash > 0 && slash + 1 < key.name.size()) {
                declared.family = key.name.substr(0, slash);
                declared.target = key.name.substr(slash + 1);
            }
            read_changes(declared, *key.value);
            facts_.targets.push_back(std::move(declared));
        }
    }

    void read_changes(DeclaredTarget& declared, const Expression& value) {
        const FoundTable found = table_of(scopes_, value);
        declared.complete = found.table != nullptr && !found.may_be_changed;
        if (found.table == nullptr) return;
        for (const Field& field : found.table->fields) {
            const auto change = literal_value(scopes_, *field.value);
            if (field.key != nullptr || !change || !change->is_text())
                declared.complete = false;
            else
                declared.changes.push_back({change->text(), field.value->span.begin});
        }
    }

    // Marks what is inside parentheses and choices too, as they give on what they hold.
    void follow(const Expression* expression) {
        if (expression == nullptr || followed_[expression->id]) return;
        followed_[expression->id] = true;
        const bool gives_on = expression->kind == ExpressionKind::parentheses ||
                              expression->operation == Operator::logical_or ||
                              expression->operation == Operator::logical_and;
        if (!gives_on) return;
        follow(expression->left);
        follow(expression->right);
    }

    // A handle is followed where a method is called on it and where a local is given it.
    void follow_handles() {
        followed_.resize(tree_.expressions.size());
        for (const Expression& expression : tree_.expressions) {
            if (expression.kind == ExpressionKind::method_call) follow(expression.left);
        }
        for (const Local& local : scopes_.locals) {
            for (const Expression* value : local.values) follow(value);
        }
        // The target of an assignment is a name that reads nothing.
        for (const Assignment& assignment : scopes_.assignments)
            followed_[assignment.target->id] = true;
        for (const Expression& expression : tree_.expressions) {
            const Local* local =
                expression.kind == ExpressionKind::name ? scopes_.local_of(expression) : nullptr;
            if (local == nullptr || followed_[expression.id]) continue;
            for (const Expression* value : scopes_.possible_values(expression)) {
                if (value != nullptr) escaping_.insert(value->id);
            }
        }
    }

    bool is_family_call(const Expression& call) const {
        const std::string_view name = called_name(call);
        return !name.empty() && families_.contains(name) && scopes_.calls_global(call, name);
    }

    void add_names(std::string_view function, const Expression& name) {
        const PossibleTexts possible = possible_texts(scopes_, name);
        for (const std::string& text : possible.texts)
            facts_.names.push_back({std::string(function), text, name.span.begin, true});
        if (!possible.complete)
            facts_.names.push_back({std::string(function), "", name.span.begin, false});
    }

    void read_call(const Expression& call) {
        const std::string_view name = called_name(call);
        if (name.empty() || call.items.empty() || !scopes_.calls_global(call, name)) return;
        const Expression& first = *call.items[0];
        if (families_.contains(name)) {
            const PossibleTexts possible = possible_texts(scopes_, first);
            const bool escapes = !followed_[call.id] || escaping_.contains(call.id);
            for (const std::string& target : possible.texts)
                facts_.target_uses.push_back({std::string(name), target, call.span.begin, escapes});
            if (!possible.complete)
                facts_.names.push_back({std::string(name), "", first.span.begin, false});
        } else if (name == "parallel") {
            read_branches(first);
        } else if (name == "wait_for") {
            read_signals(first);
        } else if (std::find(naming_functions.begin(), naming_functions.end(), name) !=
                   naming_functions.end()) {
            add_names(name, first);
        }
    }

    void read_branches(const Expression& branches) {
        const auto keys = keys_of(scopes_, branches);
        if (keys) {
            for (const Key& key : keys->keys)
                facts_.names.push_back({"parallel", key.name, key.position, true});
        }
        if (!keys || !keys->complete)
            facts_.names.push_back({"parallel", "", branches.span.begin, false});
    }

    // One name, or a list of them.
    void read_signals(const Expression& names) {
        const Expression& value = without_parentheses(names);
        if (value.kind != ExpressionKind::table) return add_names("wait_for", names);
        for (const Field& field : value.fields) add_names("wait_for", *field.value);
    }

    void read_operation(const Expression& call) {
        std::optional<Keys> arguments;
        if (call.items.empty()) arguments = Keys{};
        if (call.items.size() == 1) arguments = keys_of(scopes_, *call.items[0]);
        for (const Expression* handle : scopes_.possible_values(*call.left)) {
            if (handle == nullptr || handle->items.empty() || !is_family_call(*handle)) continue;
            for (const std::string& target : possible_texts(scopes_, *handle->items[0]).texts)
                facts_.operations.push_back({.family = std::string(called_name(*handle)),
                                             .target = target,
                                             .operation = std::string(call.text),
                                             .position = call.text_position,
                                             .arguments = arguments});
        }
    }

    const Tree& tree_;
    const Scopes& scopes_;
    const std::set<std::string, std::less<>>& families_;
    Facts facts_;
    std::vector<bool> followed_;        // By an expression's id.
    std::set<std::uint32_t> escaping_;  // Calls whose value reaches a name that is used otherwise.
};

}  // namespace

std::optional<Keys> keys_of(const Scopes& scopes, const Expression& expression) {
    const FoundTable found = table_of(scopes, expression);
    if (found.table == nullptr) return std::nullopt;
    Keys keys;
    keys.complete = !found.may_be_changed;
    for (const Field& field : found.table->fields) {
        if (field.key == nullptr || field.key->kind != ExpressionKind::text) {
            keys.complete = false;
            continue;
        }
        Key key{.name = std::string(field.key->text),
                .position = field.key->span.begin,
                .value = field.value};
        if (!found.may_be_changed) key.literal = literal_value(scopes, *field.value);
        keys.keys.push_back(std::move(key));
    }
    return keys;
}

const Key* Keys::find(std::string_view name) const {
    for (const Key& key : keys) {
        if (key.name == name) return &key;
    }
    return nullptr;
}

std::vector<const NamedCall*> Facts::named(std::string_view function) const {
    std::vector<const NamedCall*> found;
    for (const NamedCall& call : names) {
        if (call.function == function) found.push_back(&call);
    }
    return found;
}

Facts read_facts(const Tree& tree, const Scopes& scopes,
                 const std::set<std::string, std::less<>>& families) {
    return FactReader(tree, scopes, families).read();
}

}  // namespace perilune::syntax
