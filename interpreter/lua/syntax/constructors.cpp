// Parses tables and the bodies of functions.
#include "interpreter/lua/syntax/parse_state.h"

namespace perilune::syntax {

Expression& Parser::read_table() {
    Expression& table = add(ExpressionKind::table, token_.span.begin);
    const Opener opener{"{", token_.span.begin};
    advance();
    while (!at(TokenKind::close_curly) && !at(TokenKind::end_of_file)) {
        table.fields.push_back(read_field());
        if (!accept(TokenKind::comma) && !accept(TokenKind::semicolon)) break;
    }
    if (!accept(TokenKind::close_curly))
        fail_here("\",\" or \"}\" to close the table that begins on line " +
                      std::to_string(opener.position.line),
                  Expecting::end_of_table);
    return finish(table);
}

Field Parser::read_field() {
    Field field;
    if (at(TokenKind::open_square)) {
        const Opener opener{"[", token_.span.begin};
        advance();
        field.key = &read_expression();
        expect_closing(TokenKind::close_square, "]", opener, Expecting::other);
        expect(TokenKind::assign, "\"=\" after the key", Expecting::other);
    } else if (at_name() && look_ahead().kind == TokenKind::assign) {
        field.key = &add_token(ExpressionKind::text);
        advance();
    } else if (is_word(token_.kind) && look_ahead().kind == TokenKind::assign) {
        fail_here("the name of a field", Expecting::name);
    }
    field.value = &read_expression();
    return field;
}

void Parser::read_parameters(Function& function) {
    const Opener opener{"(", token_.span.begin};
    expect(TokenKind::open_round, "\"(\" and the function's parameters", Expecting::other);
    while (!at(TokenKind::close_round)) {
        if (accept(TokenKind::ellipsis)) {
            function.has_varargs = true;
            break;
        }
        declare(function.parameters, read_name("the name of a parameter"));
        if (!accept(TokenKind::comma)) break;
        if (at(TokenKind::close_round)) fail_here("the name of a parameter", Expecting::other);
    }
    expect_closing(TokenKind::close_round, ")", opener, Expecting::other);
}

Expression& Parser::read_function_body(Opener opener, bool is_method) {
    Expression& expression = add(ExpressionKind::function, opener.position);
    Function& function = tree_.functions.emplace_back();
    function.id = static_cast<std::uint32_t>(tree_.functions.size() - 1);
    function.is_method = is_method;
    Function* const outer = std::exchange(function_, &function);
    const std::uint32_t outer_tallest = std::exchange(tallest_, 0);
    labels_.open_function();
    labels_.open_block();
    if (is_method) labels_.declare("self");
    read_parameters(function);
    make_visible(function.parameters);
    read_statements(function.body);
    keep(labels_.close_block());
    labels_.close_function();
    close_block_with_end(opener);
    function.span = {opener.position, last_end_};
    function_ = outer;
    expression.function = &function;
    // What walks the tree goes through the function's expressions too.
    expression.height = std::exchange(tallest_, outer_tallest) + 1;
    return finish(expression);
}

}  // namespace perilune::syntax
