#include "interpreter/lua/syntax/probes.h"

#include <algorithm>
#include <array>

#include "interpreter/lua/syntax/literal_values.h"
#include "interpreter/lua/syntax/scopes.h"

namespace perilune::syntax {

namespace {

constexpr std::array<std::string_view, 13> step_words = {
    "step", "approve",   "confirm", "ask",      "manual",   "wait_until", "hold",
    "keep", "meanwhile", "each",    "parallel", "wait_for", "run_runbook"};

class Prober {
public:
    Prober(const Tree& tree, std::uint32_t first, std::string_view hit)
        : tree_(tree), scopes_(resolve(tree)), first_(first), hit_(hit) {}

    ProbedSource add() {
        walk(tree_.main().body);
        // What belongs to one place was inserted in its order.
        std::stable_sort(
            insertions_.begin(), insertions_.end(),
            [](const auto& left, const auto& right) { return left.first < right.first; });
        const std::string_view source = *tree_.source;
        std::size_t done = 0;
        for (const auto& [offset, text] : insertions_) {
            made_.text += source.substr(done, offset - done);
            made_.text += text;
            done = offset;
        }
        made_.text += source.substr(done);
        const auto by_place = [](const auto& left, const auto& right) {
            return left.position.offset < right.position.offset;
        };
        std::stable_sort(made_.steps.begin(), made_.steps.end(), by_place);
        std::stable_sort(made_.branches.begin(), made_.branches.end(), by_place);
        return std::move(made_);
    }

private:
    // What is executed together: a statement, but for operands that may be left out.
    struct Region {
        std::uint32_t probe = 0;
        const Expression* operand = nullptr;  // Gets a probe of its own where a step is in it.
    };

    std::uint32_t add_probe() { return first_ + made_.probes++; }
    std::string call(std::uint32_t probe) const { return hit_ + "(" + std::to_string(probe) + ")"; }
    void insert(std::size_t offset, std::string text) {
        insertions_.emplace_back(offset, std::move(text));
    }

    void walk(const Block& block) {
        for (const Statement* statement : block.statements) walk(*statement);
    }

    void walk(const Statement& statement) {
        if (statement.kind == StatementKind::label) return;
        const std::uint32_t probe = add_probe();
        made_.statements.push_back({statement.span, probe});
        // The semicolon keeps a statement that begins with a parenthesis from being arguments.
        insert(statement.span.begin.offset, " " + call(probe) + "; ");
        Region region{.probe = probe};
        for (const Expression* target : statement.targets) walk(*target, region);
        if (statement.kind == StatementKind::if_branches) return walk_if(statement, region);
        const bool repeats = statement.kind == StatementKind::repeat_loop;
        if (!repeats)
            for (const Expression* value : statement.values) walk(*value, region);
        const bool may_skip = statement.kind == StatementKind::while_loop ||
                              statement.kind == StatementKind::numeric_for ||
                              statement.kind == StatementKind::generic_for;
        if (may_skip)
            add_branch(ProbedBranch::Side::body, statement.span.begin, groups_++,
                       statement.branches[0].body);
        for (const Branch& branch : statement.branches) walk(branch.body);
        if (repeats) walk_operand(*statement.values[0], region);
    }

    void walk_if(const Statement& statement, Region region) {
        using Side = ProbedBranch::Side;
        const std::uint32_t group = groups_++;
        Position condition = statement.span.begin;
        for (const Branch& branch : statement.branches) {
            const bool first = &branch == &statement.branches.front();
            if (branch.condition != nullptr) condition = branch.condition->span.begin;
            if (branch.condition != nullptr && first) walk(*branch.condition, region);
            if (branch.condition != nullptr && !first) walk_operand(*branch.condition, region);
            add_branch(branch.condition != nullptr ? Side::holds : Side::holds_not, condition,
                       group, branch.body);
            walk(branch.body);
        }
        const Branch& last = statement.branches.back();
        if (last.condition == nullptr) return;
        const std::uint32_t probe = add_probe();
        made_.branches.push_back(
            {.side = Side::holds_not, .position = condition, .group = group, .probe = probe});
        insert(last.body.span.end.offset, " else " + call(probe) + "; ");
    }

    void add_branch(ProbedBranch::Side side, const Position& position, std::uint32_t group,
                    const Block& body) {
        const std::uint32_t probe = add_probe();
        made_.branches.push_back(
            {.side = side, .position = position, .group = group, .probe = probe});
        insert(body.span.begin.offset, " " + call(probe) + "; ");
    }

    void walk(const Expression& expression, Region& region) {
        if (expression.function != nullptr) return walk(expression.function->body);
        if (expression.kind == ExpressionKind::call) note_step(expression, region);
        const bool may_skip = expression.operation == Operator::logical_and ||
                              expression.operation == Operator::logical_or;
        if (expression.left != nullptr) walk(*expression.left, region);
        if (expression.right != nullptr && may_skip) walk_operand(*expression.right, region);
        if (expression.right != nullptr && !may_skip) walk(*expression.right, region);
        for (const Expression* item : expression.items) walk(*item, region);
        for (const Field& field : expression.fields) {
            if (field.key != nullptr) walk(*field.key, region);
            walk(*field.value, region);
        }
    }

    // It may be left out where what stands around it is executed.
    void walk_operand(const Expression& expression, const Region& around) {
        Region region{.probe = around.probe, .operand = &expression};
        walk(expression, region);
        // An operand and a condition count as one value, which `and` leaves as it is.
        if (region.operand == nullptr) insert(expression.span.end.offset, ")");
    }

    void note_step(const Expression& call_of, Region& region) {
        const std::string_view word = called_name(call_of);
        const bool known =
            std::find(step_words.begin(), step_words.end(), word) != step_words.end();
        if (!known || !scopes_.is_global(*call_of.left, word)) return;
        if (region.operand != nullptr) {
            region.probe = add_probe();
            insert(region.operand->span.begin.offset, " (" + call(region.probe) + " and ");
            region.operand = nullptr;
        }
        ProbedStep step{.word = std::string(word),
                        .name = "",
                        .position = call_of.span.begin,
                        .probe = region.probe};
        if (!call_of.items.empty()) {
            const auto name = literal_value(scopes_, *call_of.items[0]);
            if (name && name->is_text()) step.name = name->text();
        }
        made_.steps.push_back(std::move(step));
    }

    const Tree& tree_;
    const Scopes scopes_;
    std::uint32_t first_;
    std::string hit_;
    std::uint32_t groups_ = 0;
    std::vector<std::pair<std::size_t, std::string>> insertions_;
    ProbedSource made_;
};

}  // namespace

ProbedSource add_probes(const Tree& tree, std::uint32_t first, std::string_view hit) {
    return Prober(tree, first, hit).add();
}

}  // namespace perilune::syntax
