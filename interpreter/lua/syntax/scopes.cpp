#include "interpreter/lua/syntax/scopes.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace perilune::syntax {

namespace {

constexpr std::size_t followed_max = 64;  // Names and operators that possible_values looks behind.

class Resolver {
public:
    explicit Resolver(const Tree& tree) : tree_(tree) {
        scopes_.functions.resize(tree.functions.size());
        scopes_.meaning.resize(tree.expressions.size());
    }

    Scopes resolve() {
        read_block(tree_.main().body);
        return std::move(scopes_);
    }

private:
    // The value for the name at `index` of a list of names; null where it is not a single one. A
    // call at the end of the values gives its first one here, as if it were the only one.
    static const Expression* value_at(const std::vector<const Expression*>& values,
                                      std::size_t index) {
        return index < values.size() ? values[index] : nullptr;
    }

    void declare(const Name& name, LocalKind kind, const std::vector<const Expression*>& values,
                 std::size_t index) {
        Local local{.name = name, .kind = kind, .function = function_};
        local.visible_from = name.position.offset;
        const bool is_set = kind != LocalKind::variable || !values.empty();
        if (is_set) local.values.push_back(value_at(values, index));
        const auto place = static_cast<std::uint32_t>(scopes_.locals.size());
        visible_.push_back(place);
        by_name_[name.text].push_back(place);
        scopes_.locals.push_back(std::move(local));
    }

    std::optional<std::uint32_t> find(std::string_view name) const {
        const auto found = by_name_.find(name);
        if (found == by_name_.end() || found->second.empty()) return std::nullopt;
        return found->second.back();
    }

    void note_upvalue(std::uint32_t local) {
        for (std::uint32_t at = function_; at != scopes_.locals[local].function;
             at = scopes_.functions[at].parent) {
            auto& upvalues = scopes_.functions[at].upvalues;
            // What an inner function knows already, those around it know too.
            if (std::find(upvalues.begin(), upvalues.end(), local) != upvalues.end()) return;
            if (upvalues.size() > FunctionScope::upvalues_max) return;
            upvalues.push_back(local);
        }
    }

    // Returns the local that the name means.
    std::optional<std::uint32_t> read_name(const Expression& name, bool assigned) {
        const auto local = find(name.text);
        if (local) {
            scopes_.meaning[name.id] = *local + 1;
            note_upvalue(*local);
        } else {
            scopes_.globals.push_back({.name = &name, .assigned = assigned});
        }
        return local;
    }

    void assign(const Expression& target, const Expression* value) {
        if (target.kind != ExpressionKind::name) return read(target);
        const auto found = read_name(target, true);
        if (!found) return;
        Local& local = scopes_.locals[*found];
        ++local.assignments;
        if (local.values.size() < Local::values_max)
            local.values.push_back(value);
        else
            local.values.back() = nullptr;
        scopes_.assignments.push_back({&target, *found, function_});
    }

    void read(const Expression& expression) {
        if (expression.kind == ExpressionKind::name) {
            if (const auto local = read_name(expression, false)) ++scopes_.locals[*local].reads;
            return;
        }
        if (expression.left != nullptr) read(*expression.left);
        if (expression.right != nullptr) read(*expression.right);
        for (const Expression* item : expression.items) read(*item);
        for (const Field& field : expression.fields) {
            if (field.key != nullptr) read(*field.key);
            read(*field.value);
        }
        if (expression.function != nullptr) read_function(*expression.function);
    }

    void read_all(const std::vector<const Expression*>& expressions) {
        for (const Expression* expression : expressions) read(*expression);
    }

    void read_function(const Function& function) {
        scopes_.functions[function.id].parent = function_;
        const std::uint32_t outer = std::exchange(function_, function.id);
        const std::size_t before = visible_.size();
        if (function.is_method) declare({"self", function.span.begin}, LocalKind::parameter, {}, 0);
        for (const Name& name : function.parameters) declare(name, LocalKind::parameter, {}, 0);
        read_block(function.body);
        close(before, function.span.end);
        function_ = outer;
    }

    void close(std::size_t before, const Position& end) {
        for (std::size_t i = before; i < visible_.size(); ++i) {
            Local& local = scopes_.locals[visible_[i]];
            local.visible_to = end.offset;
            by_name_[local.name.text].pop_back();
        }
        visible_.resize(before);
    }

    void read_block(const Block& block) {
        const std::size_t before = visible_.size();
        for (const Statement* statement : block.statements) read_statement(*statement);
        close(before, block.span.end);
    }

    void read_statement(const Statement& statement) {
        switch (statement.kind) {
            case StatementKind::local:
                read_all(statement.values);
                for (std::size_t i = 0; i < statement.names.size(); ++i)
                    declare(statement.names[i], LocalKind::variable, statement.values, i);
                break;
            case StatementKind::local_function:
                declare(statement.names[0], LocalKind::function, statement.values, 0);
                read_all(statement.values);
                break;
            case StatementKind::assign:
            case StatementKind::function:
                read_all(statement.values);
                for (std::size_t i = 0; i < statement.targets.size(); ++i)
                    assign(*statement.targets[i], value_at(statement.values, i));
                break;
            case StatementKind::repeat_loop: read_repeat(statement); break;
            case StatementKind::numeric_for:
            case StatementKind::generic_for: read_for(statement); break;
            case StatementKind::call:
            case StatementKind::return_values:
            case StatementKind::while_loop:
            case StatementKind::do_block:
            case StatementKind::if_branches:
                read_all(statement.values);
                for (const Branch& branch : statement.branches) {
                    if (branch.condition != nullptr) read(*branch.condition);
                    read_block(branch.body);
                }
                break;
            case StatementKind::break_loop:
            case StatementKind::jump:
            case StatementKind::label: break;
        }
    }

    // The condition still sees the locals of the body.
    void read_repeat(const Statement& statement) {
        const std::size_t before = visible_.size();
        for (const Statement* inner : statement.branches[0].body.statements) read_statement(*inner);
        read_all(statement.values);
        close(before, statement.span.end);
    }

    void read_for(const Statement& statement) {
        read_all(statement.values);
        const std::size_t before = visible_.size();
        for (const Name& name : statement.names) declare(name, LocalKind::loop_variable, {}, 0);
        read_block(statement.branches[0].body);
        close(before, statement.span.end);
    }

    const Tree& tree_;
    Scopes scopes_;
    std::vector<std::uint32_t> visible_;  // The locals alive here, in the order of declaration.
    std::unordered_map<std::string_view, std::vector<std::uint32_t>> by_name_;  // The same.
    std::uint32_t function_ = 0;
};

}  // namespace

Scopes resolve(const Tree& tree) { return Resolver(tree).resolve(); }

const Local* Scopes::local_of(const Expression& name) const {
    const std::uint32_t local = meaning[name.id];
    return local == 0 ? nullptr : &locals[local - 1];
}

bool Scopes::is_global(const Expression& expression, std::string_view name) const {
    return expression.kind == ExpressionKind::name && expression.text == name &&
           local_of(expression) == nullptr;
}

bool Scopes::calls_global(const Expression& expression, std::string_view name) const {
    return expression.kind == ExpressionKind::call && is_global(*expression.left, name);
}

std::vector<const Expression*> Scopes::possible_values(const Expression& expression) const {
    std::vector<const Expression*> found;
    std::vector<const Expression*> seen{&expression};
    const auto follow = [&](const Expression* next) {
        if (next == nullptr || seen.size() >= followed_max)
            found.push_back(nullptr);
        else if (std::find(seen.begin(), seen.end(), next) == seen.end())
            seen.push_back(next);
    };
    for (std::size_t i = 0; i < seen.size(); ++i) {
        const Expression& at = *seen[i];
        const Local* local = at.kind == ExpressionKind::name ? local_of(at) : nullptr;
        if (local != nullptr) {
            for (const Expression* value : local->values) follow(value);
        } else if (at.kind == ExpressionKind::parentheses) {
            follow(at.left);
        } else if (at.operation == Operator::logical_or) {
            follow(at.left);
            follow(at.right);
        } else if (at.operation == Operator::logical_and) {
            follow(at.right);  // The left one is the value only where it is false or nil.
        } else {
            found.push_back(&at);
        }
    }
    return found;
}

bool Scopes::is_within(std::uint32_t inner, std::uint32_t outer) const {
    while (inner != outer && inner != 0) inner = functions[inner].parent;
    return inner == outer;
}

}  // namespace perilune::syntax
