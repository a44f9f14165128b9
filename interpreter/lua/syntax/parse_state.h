// The parser's own state, shared by the files that parse statements, expressions and blocks.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "interpreter/lua/syntax/advice.h"
#include "interpreter/lua/syntax/labels.h"
#include "interpreter/lua/syntax/parser.h"
#include "interpreter/lua/syntax/tokens.h"

namespace perilune::syntax {

// A recursive descent over the tokens. The first problem is kept and turns all further tokens into
// the end of the file, so that every loop ends by itself and no caller has to look for failure.
class Parser {
public:
    Parser(Tree& tree, const ParseLimits& limits);
    std::optional<Problem> parse();

private:
    struct Opener {
        std::string_view word;  // "if", "function", …
        Position position;
    };

    // Tokens (parser.cpp).
    void advance();
    const Token& look_ahead();
    bool at(TokenKind kind) const { return token_.kind == kind; }
    bool accept(TokenKind kind);
    void expect(TokenKind kind, std::string_view expected, Expecting expecting);
    void expect_closing(TokenKind kind, std::string_view closing, const Opener& opener,
                        Expecting expecting);
    bool at_name() const;
    Name read_name(std::string_view expected, Expecting expecting = Expecting::name);
    void fail(const Position& position, std::string message);
    void fail_here(std::string_view expected, Expecting expecting);
    void keep(std::optional<Problem> problem);
    bool enter_level();
    void leave_level() { --level_; }

    // Blocks (parser.cpp).
    Block read_block();
    void read_statements(Block& block);
    bool at_block_end() const;
    void close_block_with_end(const Opener& opener);
    void note_indentation(const Opener& opener);
    void fail_after_last_statement(const Statement& last);
    void declare(std::vector<Name>& names, Name name);
    void make_visible(const std::vector<Name>& names);

    // Statements (statements.cpp). Each returns true where it must be the last of its block.
    bool read_statement(Block& block);
    void read_if(Statement& statement);
    void read_while(Statement& statement);
    void read_do(Statement& statement);
    void read_for(Statement& statement);
    void read_repeat(Statement& statement);
    void read_function(Statement& statement);
    void read_local(Statement& statement);
    void read_return(Statement& statement);
    void read_goto(Statement& statement);
    void read_label(Statement& statement);
    void read_expression_statement(Statement& statement, const Block& block);
    void read_assignment(Statement& statement, const Expression& first);
    Block read_loop_body(const Opener& opener);

    // Expressions (expressions.cpp; tables and functions in constructors.cpp).
    const Expression& read_expression(int priority_min = 0);
    std::vector<const Expression*> read_expressions();
    Expression& read_simple();
    Expression& read_primary();
    Expression& read_suffixed(Expression& object);
    Expression& read_dotted(const Expression& object);
    Expression& read_table();
    Field read_field();
    void read_arguments(Expression& call);
    Expression& read_function_body(Opener opener, bool is_method);
    void read_parameters(Function& function);
    Expression& add(ExpressionKind kind, const Position& begin);
    Expression& finish(Expression& expression);
    Expression& add_token(ExpressionKind kind);

    Tree& tree_;
    const ParseLimits& limits_;
    Lexer lexer_;
    Token token_;
    Token ahead_;
    bool has_ahead_ = false;
    bool failed_ = false;
    std::optional<Problem> problem_;
    Position last_end_;            // Where the token before this one ends.
    std::uint32_t last_line_ = 1;  // The line LuaJIT would believe that token to end on.
    std::uint32_t level_ = 0;
    std::uint32_t tallest_ = 0;  // The highest expression of the function being read.
    Function* function_ = nullptr;
    Labels labels_;
    std::vector<Name> pending_labels_;  // In a row, up to the one just read.
    std::optional<Opener> suspect_;     // A block whose `end` stands further left than itself.
    std::optional<Position> else_if_;   // The first `if` that follows an `else`.
};

}  // namespace perilune::syntax
