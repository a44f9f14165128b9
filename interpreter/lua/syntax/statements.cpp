// Parses statements.
#include "interpreter/lua/syntax/parse_state.h"

namespace perilune::syntax {

bool Parser::read_statement(Block& block) {
    Statement& statement = tree_.statements.emplace_back();
    statement.id = static_cast<std::uint32_t>(tree_.statements.size() - 1);
    statement.span.begin = token_.span.begin;
    block.statements.push_back(&statement);
    bool is_last = false;
    switch (token_.kind) {
        case TokenKind::word_if: read_if(statement); break;
        case TokenKind::word_while: read_while(statement); break;
        case TokenKind::word_do: read_do(statement); break;
        case TokenKind::word_for: read_for(statement); break;
        case TokenKind::word_repeat: read_repeat(statement); break;
        case TokenKind::word_function: read_function(statement); break;
        case TokenKind::word_local: read_local(statement); break;
        case TokenKind::double_colon: read_label(statement); break;
        case TokenKind::word_return:
            read_return(statement);
            is_last = true;
            break;
        case TokenKind::word_break:
            statement.kind = StatementKind::break_loop;
            if (!labels_.in_loop())
                fail(token_.span.begin, "Found \"break\" outside of a loop; it ends a loop.");
            advance();
            is_last = true;
            break;
        case TokenKind::word_goto:
            if (look_ahead().kind == TokenKind::name) {
                read_goto(statement);
                break;
            }
            [[fallthrough]];
        default: read_expression_statement(statement, block);
    }
    statement.span.end = last_end_;
    return is_last;
}

void Parser::read_if(Statement& statement) {
    statement.kind = StatementKind::if_branches;
    const Opener opener{"if", token_.span.begin};
    do {
        advance();
        Branch branch{.condition = &read_expression()};
        expect(TokenKind::word_then, "\"then\" after the condition", Expecting::then_word);
        branch.body = read_block();
        statement.branches.push_back(std::move(branch));
    } while (at(TokenKind::word_elseif));
    if (accept(TokenKind::word_else)) {
        Branch branch;
        branch.body = read_block();
        statement.branches.push_back(std::move(branch));
    }
    close_block_with_end(opener);
}

void Parser::read_while(Statement& statement) {
    statement.kind = StatementKind::while_loop;
    const Opener opener{"while", token_.span.begin};
    advance();
    statement.values.push_back(&read_expression());
    Branch body{.body = read_loop_body(opener)};
    statement.branches.push_back(std::move(body));
}

Block Parser::read_loop_body(const Opener& opener) {
    expect(TokenKind::word_do, "\"do\" before the loop's body", Expecting::do_word);
    labels_.open_loop();
    Block body = read_block();
    labels_.close_loop();
    close_block_with_end(opener);
    return body;
}

void Parser::read_do(Statement& statement) {
    statement.kind = StatementKind::do_block;
    const Opener opener{"do", token_.span.begin};
    advance();
    Branch body{.body = read_block()};
    statement.branches.push_back(std::move(body));
    close_block_with_end(opener);
}

void Parser::read_for(Statement& statement) {
    const Opener opener{"for", token_.span.begin};
    advance();
    labels_.open_block();
    // LuaJIT keeps a loop's state in three locals of its own.
    std::vector<Name> state(3, Name{"the loop's own", token_.span.begin});
    std::vector<Name> names;
    names.push_back(read_name("the name of the loop's variable"));
    if (accept(TokenKind::assign)) {
        statement.kind = StatementKind::numeric_for;
        statement.values.push_back(&read_expression());
        expect(TokenKind::comma, "\",\" and the last number", Expecting::other);
        statement.values.push_back(&read_expression());
        if (accept(TokenKind::comma)) statement.values.push_back(&read_expression());
    } else {
        statement.kind = StatementKind::generic_for;
        while (accept(TokenKind::comma)) names.push_back(read_name("the name of a variable"));
        expect(TokenKind::word_in,
               names.size() == 1 ? "\"=\" or \"in\" after the loop's variable"
                                 : "\"in\" after the loop's variables",
               Expecting::other);
        statement.values = read_expressions();
    }
    make_visible(state);
    for (const Name& name : names) declare(statement.names, name);
    make_visible(names);
    Branch body{.body = read_loop_body(opener)};
    statement.branches.push_back(std::move(body));
    keep(labels_.close_block());
}

void Parser::read_repeat(Statement& statement) {
    statement.kind = StatementKind::repeat_loop;
    const Opener opener{"repeat", token_.span.begin};
    advance();
    Branch body;
    labels_.open_loop();
    labels_.open_block();
    read_statements(body.body);
    expect_closing(TokenKind::word_until, "until", opener, Expecting::end_word);
    // The locals of the body are still alive in the condition.
    statement.values.push_back(&read_expression());
    keep(labels_.close_block());
    labels_.close_loop();
    statement.branches.push_back(std::move(body));
}

void Parser::read_function(Statement& statement) {
    statement.kind = StatementKind::function;
    const Opener opener{"function", token_.span.begin};
    advance();
    Expression* target = &add(ExpressionKind::name, token_.span.begin);
    target->text = read_name("the name of the function").text;
    target = &finish(*target);
    bool is_method = false;
    while (!is_method && (at(TokenKind::dot) || at(TokenKind::colon))) {
        is_method = at(TokenKind::colon);
        advance();
        target = &read_dotted(*target);
    }
    statement.targets.push_back(target);
    statement.values.push_back(&read_function_body(opener, is_method));
}

void Parser::read_local(Statement& statement) {
    advance();
    const Opener opener{"function", token_.span.begin};
    if (accept(TokenKind::word_function)) {
        statement.kind = StatementKind::local_function;
        declare(statement.names, read_name("the name of the function"));
        make_visible(statement.names);
        statement.values.push_back(&read_function_body(opener, false));
        return;
    }
    statement.kind = StatementKind::local;
    do {
        declare(statement.names, read_name("the name of the local"));
    } while (accept(TokenKind::comma));
    if (accept(TokenKind::assign)) statement.values = read_expressions();
    make_visible(statement.names);
}

void Parser::read_return(Statement& statement) {
    statement.kind = StatementKind::return_values;
    advance();
    if (!at_block_end() && !at(TokenKind::semicolon)) statement.values = read_expressions();
}

void Parser::read_goto(Statement& statement) {
    statement.kind = StatementKind::jump;
    advance();
    statement.names.push_back(read_name("the name of a label"));
    keep(labels_.jump(statement.names.back()));
}

void Parser::read_label(Statement& statement) {
    statement.kind = StatementKind::label;
    advance();
    statement.names.push_back(read_name("the name of the label"));
    expect(TokenKind::double_colon, "\"::\" after the label's name", Expecting::other);
    pending_labels_.push_back(statement.names.back());
    // Labels in a row stand at one place; whether it is the block's end shows after the last one.
    if (at(TokenKind::double_colon)) return;
    const bool ends_block = at_block_end() && !at(TokenKind::word_until);
    for (const Name& label : pending_labels_) keep(labels_.add_label(label, ends_block));
    pending_labels_.clear();
}

void Parser::read_expression_statement(Statement& statement, const Block& block) {
    if (!at_name() && !at(TokenKind::open_round)) {
        const std::size_t count = block.statements.size();
        const bool follows = count > 1 && block.statements[count - 2]->span.end == last_end_ &&
                             last_end_.line == token_.span.begin.line;
        return fail_here(follows ? "an operator or the next statement" : "a statement",
                         Expecting::statement);
    }
    const Expression& first = read_primary();
    if (first.kind == ExpressionKind::call || first.kind == ExpressionKind::method_call) {
        statement.kind = StatementKind::call;
        statement.values.push_back(&first);
        return;
    }
    statement.kind = StatementKind::assign;
    read_assignment(statement, first);
}

void Parser::read_assignment(Statement& statement, const Expression& first) {
    const Expression* target = &first;
    while (true) {
        const bool assignable =
            target->kind == ExpressionKind::name || target->kind == ExpressionKind::index;
        if (!assignable && (at(TokenKind::assign) || at(TokenKind::comma)))
            return fail(target->span.begin,
                        "Found an assignment to something that is neither a name nor a field.");
        statement.targets.push_back(target);
        if (!at(TokenKind::comma)) break;
        if (level_ + statement.targets.size() >= limits_.nesting_max)
            return fail(token_.span.begin, "Found too many names in one assignment.");
        advance();
        target = &read_primary();
    }
    const bool is_name = statement.targets.back()->kind == ExpressionKind::name;
    expect(TokenKind::assign,
           is_name ? "\"=\" or a call, as a name alone is no statement"
                   : "\"=\" or a call, as a value alone is no statement",
           Expecting::assignment);
    statement.values = read_expressions();
}

}  // namespace perilune::syntax
