#include "interpreter/lua/syntax/tree.h"

namespace perilune::syntax {

namespace {

std::string chain_name(const Expression& expression) {
    if (expression.kind == ExpressionKind::name) return std::string(expression.text);
    if (expression.kind != ExpressionKind::index || !expression.dotted) return "";
    const std::string object = chain_name(*expression.left);
    return object.empty() ? "" : object + "." + std::string(expression.text);
}

}  // namespace

std::string dotted_name(const Expression& expression) {
    switch (expression.kind) {
        case ExpressionKind::call: return chain_name(*expression.left);
        case ExpressionKind::method_call: {
            const std::string object = chain_name(*expression.left);
            return object.empty() ? "" : object + ":" + std::string(expression.text);
        }
        default: return chain_name(expression);
    }
}

const Expression& without_parentheses(const Expression& expression) {
    const Expression* inner = &expression;
    while (inner->kind == ExpressionKind::parentheses) inner = inner->left;
    return *inner;
}

bool gives_many_values(const Expression& expression) {
    return expression.kind == ExpressionKind::call ||
           expression.kind == ExpressionKind::method_call ||
           expression.kind == ExpressionKind::varargs;
}

std::string_view called_name(const Expression& expression) {
    if (expression.kind != ExpressionKind::call) return "";
    return expression.left->kind == ExpressionKind::name ? expression.left->text : "";
}

std::string_view spelling_of(Operator operation) {
    switch (operation) {
        case Operator::none: return "";
        case Operator::logical_or: return "or";
        case Operator::logical_and: return "and";
        case Operator::less: return "<";
        case Operator::greater: return ">";
        case Operator::less_equal: return "<=";
        case Operator::greater_equal: return ">=";
        case Operator::not_equal: return "~=";
        case Operator::equal: return "==";
        case Operator::concatenate: return "..";
        case Operator::add: return "+";
        case Operator::subtract:
        case Operator::negate: return "-";
        case Operator::multiply: return "*";
        case Operator::divide: return "/";
        case Operator::modulo: return "%";
        case Operator::power: return "^";
        case Operator::logical_not: return "not";
        case Operator::length: return "#";
    }
    return "";
}

}  // namespace perilune::syntax
