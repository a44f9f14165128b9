// Cuts Lua source into tokens: names, words of the language, numbers, strings and operators.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "interpreter/lua/syntax/source_text.h"

namespace perilune::syntax {

enum class TokenKind : std::uint8_t {
    end_of_file,
    name,
    number,
    text,
    word_and,
    word_break,
    word_do,
    word_else,
    word_elseif,
    word_end,
    word_false,
    word_for,
    word_function,
    word_goto,
    word_if,
    word_in,
    word_local,
    word_nil,
    word_not,
    word_or,
    word_repeat,
    word_return,
    word_then,
    word_true,
    word_until,
    word_while,
    plus,
    minus,
    star,
    slash,
    percent,
    caret,
    hash,
    equal,
    not_equal,
    less_equal,
    greater_equal,
    less,
    greater,
    assign,
    open_round,
    close_round,
    open_curly,
    close_curly,
    open_square,
    close_square,
    double_colon,
    semicolon,
    colon,
    comma,
    dot,
    concatenate,
    ellipsis,
    foreign,  // A character that Lua has no use for, such as `!`.
    broken,   // A number, string or comment that is malformed; the lexer's problem() says how.
};

struct Token {
    TokenKind kind = TokenKind::end_of_file;
    Span span;
    std::string_view text;  // A name as written; a string's value with its escapes resolved.
    double number = 0;
};

bool is_word(TokenKind kind);
bool is_name_byte(char byte);

// Reads tokens one after the other. The source must have passed find_unfit_bytes, and must outlive
// the tokens, as must `texts`, which gets the values of strings that differ from what is written.
class Lexer {
public:
    Lexer(std::string_view source, std::deque<std::string>& texts);
    Token next();
    const Problem& problem() const { return problem_; }  // Of the last broken token.

private:
    TokenKind read_kind(Token& token);
    TokenKind read_name(Token& token);
    TokenKind read_number(Token& token);
    TokenKind read_short_string(Token& token);
    TokenKind read_long_string(Token& token);
    TokenKind read_operator();
    bool skip_blanks();  // False where a long comment never ends.
    bool skip_comment();
    // How many `=` stand between the brackets of "[==[" here; -1 where this is no such bracket.
    int long_bracket_level() const;
    bool skip_long_bracket(int level, std::size_t& content_begin, std::size_t& content_end);
    TokenKind fail(std::size_t offset, std::string message);
    char look(std::size_t ahead = 0) const;

    std::string_view source_;
    std::deque<std::string>& texts_;
    std::size_t offset_ = 0;
    PositionCursor cursor_;
    Problem problem_;
};

}  // namespace perilune::syntax
