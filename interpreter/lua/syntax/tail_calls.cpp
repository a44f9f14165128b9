#include "interpreter/lua/syntax/tail_calls.h"

#include <algorithm>
#include <vector>

#include "interpreter/lua/syntax/scopes.h"

namespace perilune::syntax {

namespace {

// Returns the values it is given, as many as they are.
constexpr std::string_view passing = "(function(...) return ... end)(";

// `name`, `name.field`, … where the name is no local's.
bool is_of_global(const Expression& called, const Scopes& scopes) {
    const Expression* at = &called;
    while (at->kind == ExpressionKind::index) at = at->left;
    return at->kind == ExpressionKind::name && scopes.local_of(*at) == nullptr;
}

}  // namespace

std::string rewrite_tail_calls(const Tree& tree) {
    const Scopes scopes = resolve(tree);
    std::vector<Span> calls;
    for (const Statement& statement : tree.statements) {
        if (statement.kind != StatementKind::return_values || statement.values.size() != 1)
            continue;
        const Expression& value = *statement.values[0];
        const bool wanted =
            value.kind == ExpressionKind::method_call ||
            (value.kind == ExpressionKind::call && is_of_global(*value.left, scopes));
        if (wanted) calls.push_back(value.span);
    }
    // A function within an argument may end in such a call too, so that they nest.
    std::vector<std::pair<std::size_t, std::string_view>> inserted;
    for (const Span& call : calls) {
        inserted.emplace_back(call.begin.offset, passing);
        inserted.emplace_back(call.end.offset, ")");
    }
    std::sort(inserted.begin(), inserted.end(),
              [](const auto& left, const auto& right) { return left.first < right.first; });
    const std::string_view source = *tree.source;
    std::string rewritten;
    std::size_t done = 0;
    for (const auto& [offset, text] : inserted) {
        rewritten += source.substr(done, offset - done);
        rewritten += text;
        done = offset;
    }
    rewritten += source.substr(done);
    return rewritten;
}

}  // namespace perilune::syntax
