#include "interpreter/lua/syntax/mutants.h"

#include <algorithm>
#include <array>
#include <set>

#include "interpreter/lua/syntax/parser.h"
#include "interpreter/lua/syntax/scopes.h"

namespace perilune::syntax {

namespace {

constexpr std::array<std::string_view, 4> waits = {"wait_until", "hold", "sleep", "wait_for"};
constexpr std::array<std::string_view, 2> approvals = {"approve", "confirm"};
constexpr std::array<std::string_view, 3> steps = {"step", "manual", "run_runbook"};

template <class Words>
bool is_one_of(const Words& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

struct Edit {
    std::size_t begin;
    std::size_t end;
    std::string text;
};

std::string_view opposite_of(Operator operation) {
    switch (operation) {
        case Operator::equal: return "~=";
        case Operator::not_equal: return "==";
        case Operator::less: return ">=";
        case Operator::greater_equal: return "<";
        case Operator::greater: return "<=";
        case Operator::less_equal: return ">";
        default: return "";
    }
}

// What decides an `if`, behind parentheses and `not`: to turn it around is to negate it.
const Expression& core_of(const Expression& condition) {
    const Expression* at = &without_parentheses(condition);
    while (at->operation == Operator::logical_not) at = &without_parentheses(*at->left);
    return *at;
}

class Breaker {
public:
    explicit Breaker(const Tree& tree)
        : tree_(tree), scopes_(resolve(tree)), source_(*tree.source) {}

    std::vector<Mutant> make() {
        walk(tree_.main().body);
        std::stable_sort(made_.begin(), made_.end(), [](const Mutant& one, const Mutant& other) {
            return one.position.offset < other.position.offset;
        });
        return std::move(made_);
    }

private:
    void walk(const Block& block) {
        for (std::size_t i = 0; i < block.statements.size(); ++i) {
            const Statement* outer = statement_;
            statement_ = block.statements[i];
            if (statement_->kind == StatementKind::call) break_call(*statement_);
            swap_with_next(block, i);
            walk(*statement_);
            statement_ = outer;
        }
    }

    void walk(const Statement& statement) {
        for (const Expression* target : statement.targets) walk(*target);
        const bool is_call = statement.kind == StatementKind::call;
        for (const Expression* value : statement.values) {
            if (!is_call) break_value(*value);
            is_call ? walk_parts(*value) : walk(*value);
        }
        for (const Branch& branch : statement.branches) {
            const bool decides =
                statement.kind == StatementKind::if_branches && branch.condition != nullptr;
            if (decides) {
                negate(*branch.condition);
                decided_.insert(&core_of(*branch.condition));
                walk(*branch.condition);
            }
            walk(branch.body);
        }
    }

    void walk(const Expression& expression) {
        if (expression.kind == ExpressionKind::call) break_check(expression);
        walk_parts(expression);
    }

    void walk_parts(const Expression& expression) {
        if (expression.function != nullptr) return walk(expression.function->body);
        if (!decided_.contains(&expression)) turn_around(expression);
        if (expression.kind == ExpressionKind::call) drop_undo(expression);
        for (const Expression* part : {expression.left, expression.right})
            if (part != nullptr) walk(*part);
        for (const Expression* item : expression.items) walk(*item);
        for (const Field& field : expression.fields) {
            if (field.key != nullptr) walk(*field.key);
            walk(*field.value);
        }
    }

    std::string_view global_word(const Expression& call) const {
        const std::string_view word = called_name(call);
        return !word.empty() && scopes_.is_global(*call.left, word) ? word : "";
    }

    // A call whose value nobody uses.
    void break_call(const Statement& statement) {
        const Expression& call = *statement.values[0];
        const std::string_view word = global_word(call);
        const std::string_view method =
            call.kind == ExpressionKind::method_call ? call.text : std::string_view();
        std::string what;
        if (is_one_of(waits, word) || method.starts_with("wait_")) what = "drops a wait";
        if (is_one_of(approvals, word)) what = "drops an approval";
        if (is_one_of(steps, word)) what = "drops a step";
        if (word == "ensure" || method.starts_with("verify") || method.starts_with("check"))
            what = "drops a check";
        if (!what.empty()) add(what, statement.span.begin, {edit_of(statement.span, "do end")}, "");
    }

    // `local sure = confirm("…")` becomes `local sure = true`.
    void break_value(const Expression& value) {
        if (global_word(value) == "confirm")
            add("drops an approval", value.span.begin, {edit_of(value.span, "true")});
    }

    // `ensure(value, "…")` within something becomes `(value)`.
    void break_check(const Expression& call) {
        if (global_word(call) != "ensure" || call.items.empty()) return;
        const std::string value(tree_.text_of(call.items[0]->span));
        add("drops a check", call.span.begin, {edit_of(call.span, "(" + value + ")")});
    }

    void drop_undo(const Expression& call) {
        if (global_word(call).empty()) return;
        for (const Expression* item : call.items)
            for (const Field& field : item->fields) {
                const bool named = field.key != nullptr &&
                                   field.key->kind == ExpressionKind::text &&
                                   field.key->text == "undo";
                if (!named) continue;
                const Span span{field.key->span.begin, field.value->span.end};
                Edit edit = edit_of(span, "");
                while (edit.end < source_.size() && source_[edit.end] == ' ') ++edit.end;
                // A comma before it may stay: a table may end in one.
                if (edit.end < source_.size() && (source_[edit.end] == ',')) ++edit.end;
                add("drops an undo", span.begin, {edit});
            }
    }

    void negate(const Expression& condition) {
        const Expression& inner = without_parentheses(condition);
        if (inner.operation == Operator::logical_not) {
            const std::string left(tree_.text_of(inner.left->span));
            return add("negates a condition", condition.span.begin,
                       {edit_of(condition.span, " " + left + " ")});
        }
        add("negates a condition", condition.span.begin,
            {{condition.span.begin.offset, condition.span.begin.offset, " not ("},
             {condition.span.end.offset, condition.span.end.offset, ") "}});
    }

    void turn_around(const Expression& comparison) {
        const std::string_view other = opposite_of(comparison.operation);
        if (other.empty() || comparison.right == nullptr) return;
        const std::size_t begin = comparison.left->span.end.offset;
        const std::size_t end = comparison.right->span.begin.offset;
        const std::string_view between = source_.substr(begin, end - begin);
        const std::string_view written = spelling_of(comparison.operation);
        const std::size_t at = between.find(written);
        // A comment there might hold the same letters.
        if (at == std::string_view::npos || between.find("--") != std::string_view::npos) return;
        add("turns a comparison around", comparison.span.begin,
            {{begin + at, begin + at + written.size(), std::string(other)}});
    }

    // The next step of the block, where no more than calls stand between.
    void swap_with_next(const Block& block, std::size_t index) {
        const auto is_step = [&](const Statement& statement) {
            return statement.kind == StatementKind::call &&
                   global_word(*statement.values[0]) == "step";
        };
        const Statement& first = *block.statements[index];
        if (!is_step(first)) return;
        std::size_t next = index + 1;
        while (next < block.statements.size() &&
               block.statements[next]->kind == StatementKind::call &&
               !is_step(*block.statements[next]))
            ++next;
        if (next == block.statements.size() || !is_step(*block.statements[next])) return;
        const Statement& second = *block.statements[next];
        const std::string one(tree_.text_of(first.span));
        const std::string other(tree_.text_of(second.span));
        add("swaps two steps", first.span.begin,
            {{first.span.begin.offset, first.span.end.offset, other},
             {second.span.begin.offset, second.span.end.offset, one}});
    }

    // As many lines as before, so that what fails later names the right ones.
    Edit edit_of(const Span& span, std::string text) const {
        const std::string_view old = tree_.text_of(span);
        const auto had = std::count(old.begin(), old.end(), '\n');
        const auto has = std::count(text.begin(), text.end(), '\n');
        if (had > has) text.append(static_cast<std::size_t>(had - has), '\n');
        return {span.begin.offset, span.end.offset, std::move(text)};
    }

    static std::string line_of(std::string_view text, std::size_t offset) {
        const std::size_t begin = text.rfind('\n', offset == 0 ? 0 : offset - 1);
        std::size_t from = offset == 0 || begin == std::string_view::npos ? 0 : begin + 1;
        while (from < text.size() && (text[from] == ' ' || text[from] == '\t')) ++from;
        return std::string(text.substr(from, text.find('\n', from) - from));
    }

    void add(const std::string& what, const Position& position, const std::vector<Edit>& edits,
             const char* after = nullptr) {
        std::string text;
        std::size_t done = 0;
        for (const Edit& edit : edits) {
            text += source_.substr(done, edit.begin - done);
            text += edit.text;
            done = edit.end;
        }
        text += source_.substr(done);
        if (!parse_lua(text, tree_.file)) return;
        Mutant mutant{.what = what,
                      .position = position,
                      .statement = statement_->span.begin.offset,
                      .before = line_of(source_, position.offset),
                      .after = after ? after : line_of(text, position.offset),
                      .text = std::move(text)};
        made_.push_back(std::move(mutant));
    }

    const Tree& tree_;
    const Scopes scopes_;
    const std::string_view source_;
    const Statement* statement_ = nullptr;
    std::set<const Expression*> decided_;  // Comparisons that an `if` is negated by.
    std::vector<Mutant> made_;
};

}  // namespace

std::vector<Mutant> make_mutants(const Tree& tree) { return Breaker(tree).make(); }

}  // namespace perilune::syntax
