// Parses expressions.
#include <array>

#include "interpreter/lua/syntax/parse_state.h"

namespace perilune::syntax {

namespace {

struct Binding {
    TokenKind token;
    Operator operation;
    int left;   // How strongly it binds what stands before it,
    int right;  // and what stands after it: less where it groups to the right.
};

constexpr int unary_priority = 8;

constexpr std::array<Binding, 15> bindings = {{
    {TokenKind::word_or, Operator::logical_or, 1, 1},
    {TokenKind::word_and, Operator::logical_and, 2, 2},
    {TokenKind::less, Operator::less, 3, 3},
    {TokenKind::greater, Operator::greater, 3, 3},
    {TokenKind::less_equal, Operator::less_equal, 3, 3},
    {TokenKind::greater_equal, Operator::greater_equal, 3, 3},
    {TokenKind::not_equal, Operator::not_equal, 3, 3},
    {TokenKind::equal, Operator::equal, 3, 3},
    {TokenKind::concatenate, Operator::concatenate, 5, 4},
    {TokenKind::plus, Operator::add, 6, 6},
    {TokenKind::minus, Operator::subtract, 6, 6},
    {TokenKind::star, Operator::multiply, 7, 7},
    {TokenKind::slash, Operator::divide, 7, 7},
    {TokenKind::percent, Operator::modulo, 7, 7},
    {TokenKind::caret, Operator::power, 10, 9},
}};

const Binding* binding_of(TokenKind token) {
    for (const Binding& binding : bindings) {
        if (binding.token == token) return &binding;
    }
    return nullptr;
}

Operator unary_operator(TokenKind token) {
    switch (token) {
        case TokenKind::word_not: return Operator::logical_not;
        case TokenKind::minus: return Operator::negate;
        case TokenKind::hash: return Operator::length;
        default: return Operator::none;
    }
}

}  // namespace

Expression& Parser::add(ExpressionKind kind, const Position& begin) {
    Expression& expression = tree_.expressions.emplace_back();
    expression.kind = kind;
    expression.id = static_cast<std::uint32_t>(tree_.expressions.size() - 1);
    expression.span = {begin, token_.span.end};
    return expression;
}

// Sets where it ends and how high it is, once all that it holds has been read.
Expression& Parser::finish(Expression& expression) {
    expression.span.end = last_end_;
    std::uint32_t below = expression.height - 1;  // Of a function it is known already.
    const auto count = [&](const Expression* inner) {
        if (inner != nullptr) below = std::max(below, inner->height);
    };
    count(expression.left);
    count(expression.right);
    for (const Expression* item : expression.items) count(item);
    for (const Field& field : expression.fields) {
        count(field.key);
        count(field.value);
    }
    expression.height = below + 1;
    tallest_ = std::max(tallest_, expression.height);
    if (expression.height > limits_.height_max)
        fail(expression.span.begin, "Found an expression with more than " +
                                        std::to_string(limits_.height_max) +
                                        " calls and operators that follow one another. Name parts "
                                        "of it with locals.");
    return expression;
}

Expression& Parser::add_token(ExpressionKind kind) {
    Expression& expression = add(kind, token_.span.begin);
    expression.text = token_.text;
    expression.number = token_.number;
    advance();
    return finish(expression);
}

std::vector<const Expression*> Parser::read_expressions() {
    std::vector<const Expression*> expressions;
    do {
        expressions.push_back(&read_expression());
    } while (accept(TokenKind::comma));
    return expressions;
}

const Expression& Parser::read_expression(int priority_min) {
    if (!enter_level()) {
        leave_level();
        return add(ExpressionKind::nil, token_.span.begin);
    }
    Expression* left = nullptr;
    const Operator prefix = unary_operator(token_.kind);
    if (prefix != Operator::none) {
        Expression& unary = add(ExpressionKind::unary, token_.span.begin);
        unary.operation = prefix;
        advance();
        unary.left = &read_expression(unary_priority);
        left = &finish(unary);
    } else {
        left = &read_simple();
    }
    const Binding* binding = binding_of(token_.kind);
    while (binding != nullptr && binding->left > priority_min) {
        Expression& binary = add(ExpressionKind::binary, left->span.begin);
        binary.operation = binding->operation;
        binary.left = left;
        advance();
        binary.right = &read_expression(binding->right);
        left = &finish(binary);
        binding = binding_of(token_.kind);
    }
    leave_level();
    return *left;
}

Expression& Parser::read_simple() {
    switch (token_.kind) {
        case TokenKind::number: return add_token(ExpressionKind::number);
        case TokenKind::text: return add_token(ExpressionKind::text);
        case TokenKind::word_nil: return add_token(ExpressionKind::nil);
        case TokenKind::word_false: return add_token(ExpressionKind::boolean);
        case TokenKind::word_true: {
            Expression& expression = add_token(ExpressionKind::boolean);
            expression.boolean = true;
            return expression;
        }
        case TokenKind::ellipsis:
            if (!function_->has_varargs)
                fail(token_.span.begin,
                     "Found \"...\" in a function that does not take it. Add \"...\" to its "
                     "parameters; a function inside another has its own.");
            return add_token(ExpressionKind::varargs);
        case TokenKind::open_curly: return read_table();
        case TokenKind::word_function: {
            const Opener opener{"function", token_.span.begin};
            advance();
            return read_function_body(opener, false);
        }
        default: return read_primary();
    }
}

Expression& Parser::read_primary() {
    if (at_name()) return read_suffixed(add_token(ExpressionKind::name));
    if (!at(TokenKind::open_round)) {
        fail_here("an expression", Expecting::expression);
        return add(ExpressionKind::nil, token_.span.begin);
    }
    Expression& parentheses = add(ExpressionKind::parentheses, token_.span.begin);
    const Opener opener{"(", token_.span.begin};
    advance();
    parentheses.left = &read_expression();
    expect_closing(TokenKind::close_round, ")", opener, Expecting::end_of_call);
    return read_suffixed(finish(parentheses));
}

Expression& Parser::read_dotted(const Expression& object) {
    Expression& index = add(ExpressionKind::index, object.span.begin);
    index.left = &object;
    index.dotted = true;
    Expression& key = add(ExpressionKind::text, token_.span.begin);
    const Name name = read_name("the name of a field after the dot");
    key.text = name.text;
    index.text = name.text;
    index.text_position = name.position;
    index.right = &finish(key);
    return finish(index);
}

Expression& Parser::read_suffixed(Expression& object) {
    Expression* chain = &object;
    while (true) {
        switch (token_.kind) {
            case TokenKind::dot:
                advance();
                chain = &read_dotted(*chain);
                break;
            case TokenKind::open_square: {
                Expression& index = add(ExpressionKind::index, chain->span.begin);
                const Opener opener{"[", token_.span.begin};
                advance();
                index.left = chain;
                index.right = &read_expression();
                expect_closing(TokenKind::close_square, "]", opener, Expecting::other);
                chain = &finish(index);
                break;
            }
            case TokenKind::colon: {
                Expression& call = add(ExpressionKind::method_call, chain->span.begin);
                advance();
                call.left = chain;
                const Name name =
                    read_name("the name of a method after the colon", Expecting::method);
                call.text = name.text;
                call.text_position = name.position;
                read_arguments(call);
                chain = &finish(call);
                break;
            }
            case TokenKind::open_round:
            case TokenKind::open_curly:
            case TokenKind::text: {
                Expression& call = add(ExpressionKind::call, chain->span.begin);
                call.left = chain;
                read_arguments(call);
                chain = &finish(call);
                break;
            }
            default: return *chain;
        }
    }
}

void Parser::read_arguments(Expression& call) {
    if (at(TokenKind::text)) {
        call.items.push_back(&add_token(ExpressionKind::text));
    } else if (at(TokenKind::open_curly)) {
        call.items.push_back(&read_table());
    } else if (at(TokenKind::open_round)) {
        if (token_.span.begin.line != last_line_)
            return fail(token_.span.begin,
                        "Found \"(\" at the beginning of a line, which may call what stands on "
                        "the line before or begin a statement. Put a \";\" before it, or move it "
                        "to the end of the line before.");
        const Opener opener{"(", token_.span.begin};
        advance();
        if (!at(TokenKind::close_round)) call.items = read_expressions();
        expect_closing(TokenKind::close_round, ")", opener, Expecting::end_of_call);
    } else {
        fail_here("the arguments of the method's call", Expecting::method);
    }
}

}  // namespace perilune::syntax
