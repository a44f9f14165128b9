#include "interpreter/lua/syntax/rewrite.h"

#include <algorithm>

#include "interpreter/lua/syntax/scopes.h"
#include "interpreter/lua/syntax/tokens.h"

namespace perilune::syntax {

namespace {

bool is_comparison(Operator operation) {
    return operation >= Operator::less && operation <= Operator::equal;
}

bool is_choice(const Expression& expression) {
    return expression.operation == Operator::logical_and ||
           expression.operation == Operator::logical_or;
}

// Whether no execution can make it an unknown value.
bool is_certain(const Expression& expression) {
    switch (expression.kind) {
        case ExpressionKind::nil:
        case ExpressionKind::boolean:
        case ExpressionKind::number:
        case ExpressionKind::text:
        case ExpressionKind::function:
        case ExpressionKind::table: return true;
        case ExpressionKind::parentheses: return is_certain(*expression.left);
        case ExpressionKind::unary:
            return expression.operation == Operator::logical_not || is_certain(*expression.left);
        case ExpressionKind::binary:
            return is_comparison(expression.operation) ||
                   (is_certain(*expression.left) && is_certain(*expression.right));
        default: return false;
    }
}

struct Insertion {
    std::size_t offset;
    std::string text;
};

class Rewriter {
public:
    Rewriter(const Tree& tree, std::string_view check)
        : tree_(tree), source_(*tree.source), check_(check) {
        marked_.resize(tree.expressions.size());
    }

    std::string rewrite() {
        const Scopes scopes = resolve(tree_);
        for (const Expression& expression : tree_.expressions) mark_within(expression);
        for (const Statement& statement : tree_.statements) mark_conditions(statement, scopes);
        for (const Expression& expression : tree_.expressions) {
            if (marked_[expression.id]) wrap(expression);
        }
        // No two checked values begin or end at one place, so that the offset alone orders them.
        std::sort(insertions_.begin(), insertions_.end(),
                  [](const Insertion& left, const Insertion& right) {
                      return left.offset < right.offset;
                  });
        return assemble();
    }

private:
    // A choice passes on a value that one of its sides was checked for, so that its sides are
    // checked where they stand: chains of choices do not nest calls as deep as they are long.
    void mark(const Expression& expression) {
        const Expression& inner = without_parentheses(expression);
        if (is_choice(inner)) {
            mark(*inner.left);
            mark(*inner.right);
        } else if (!is_certain(inner)) {
            marked_[expression.id] = true;
        }
    }

    void mark_within(const Expression& expression) {
        const bool tests_left = is_choice(expression) || is_comparison(expression.operation) ||
                                expression.operation == Operator::logical_not;
        if (tests_left) mark(*expression.left);
        if (is_comparison(expression.operation)) mark(*expression.right);
        if (expression.kind == ExpressionKind::index) mark(*expression.right);
        for (const Field& field : expression.fields) {
            if (field.key != nullptr) mark(*field.key);
        }
    }

    void mark_conditions(const Statement& statement, const Scopes& scopes) {
        switch (statement.kind) {
            case StatementKind::if_branches:
                for (const Branch& branch : statement.branches) {
                    if (branch.condition != nullptr) mark(*branch.condition);
                }
                break;
            case StatementKind::while_loop:
            case StatementKind::repeat_loop:
            case StatementKind::numeric_for:
                for (const Expression* value : statement.values) mark(*value);
                break;
            case StatementKind::generic_for: mark_iterators(statement, scopes); break;
            default: break;
        }
    }

    void mark_iterators(const Statement& loop, const Scopes& scopes) {
        for (const Expression* value : loop.values) {
            const bool is_last = value == loop.values.back();
            if (!is_last || !gives_many_values(*value)) mark(*value);
        }
        const Expression& first = *loop.values[0];
        if (scopes.calls_global(first, "pairs") || scopes.calls_global(first, "ipairs")) return;
        // The word before the body is `do`, and the semicolon keeps what follows from being called.
        insertions_.push_back(
            {loop.branches[0].body.span.begin.offset,
             " " + std::string(check_) + "(" + std::string(loop.names[0].text) + ");"});
    }

    void wrap(const Expression& expression) {
        const std::size_t begin = expression.span.begin.offset;
        const bool joins = begin > 0 && is_name_byte(source_[begin - 1]);
        // More than one value would reach the check without parentheses of its own.
        const bool many = gives_many_values(expression);
        insertions_.push_back(
            {begin, (joins ? " " : "") + std::string(check_) + (many ? "((" : "(")});
        insertions_.push_back({expression.span.end.offset, many ? "))" : ")"});
    }

    std::string assemble() const {
        std::string rewritten;
        std::size_t done = 0;
        for (const Insertion& insertion : insertions_) {
            rewritten += source_.substr(done, insertion.offset - done);
            rewritten += insertion.text;
            done = insertion.offset;
        }
        rewritten += source_.substr(done);
        return rewritten;
    }

    const Tree& tree_;
    std::string_view source_;
    std::string_view check_;
    std::vector<bool> marked_;  // By an expression's id: passes through the check.
    std::vector<Insertion> insertions_;
};

std::optional<Position> find_name(const Tree& tree, std::string_view name) {
    for (const Expression& expression : tree.expressions) {
        if (expression.kind == ExpressionKind::name && expression.text == name)
            return expression.span.begin;
    }
    const auto declared = [&](const std::vector<Name>& names) -> std::optional<Position> {
        for (const Name& at : names) {
            if (at.text == name) return at.position;
        }
        return std::nullopt;
    };
    for (const Statement& statement : tree.statements) {
        if (const auto position = declared(statement.names)) return position;
    }
    for (const Function& function : tree.functions) {
        if (const auto position = declared(function.parameters)) return position;
    }
    return std::nullopt;
}

}  // namespace

Result<std::string> rewrite_for_plan(const Tree& tree, std::string_view check) {
    if (const auto position = find_name(tree, check))
        return fail("reserved_name",
                    show_problem(tree.file, {*position, "The name \"" + std::string(check) +
                                                            "\" is reserved for plans. Choose "
                                                            "another one."}));
    return Rewriter(tree, check).rewrite();
}

}  // namespace perilune::syntax
