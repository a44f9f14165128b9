#include "interpreter/lua/syntax/parser.h"

#include "interpreter/lua/syntax/parse_state.h"

namespace perilune::syntax {

namespace {

// How far the first thing on the line of `offset` is from the line's beginning, and whether it is
// what stands at `offset`.
struct Indentation {
    std::size_t width = 0;
    bool is_first = false;
};

Indentation indentation_at(std::string_view source, std::size_t offset) {
    const std::size_t before = source.find_last_of("\r\n", offset == 0 ? 0 : offset - 1);
    const std::size_t line = offset == 0 || before == std::string_view::npos ? 0 : before + 1;
    std::size_t first = line;
    while (first < offset && (source[first] == ' ' || source[first] == '\t')) ++first;
    return {first - line, first == offset};
}

bool follows_else(std::string_view source, std::size_t offset) {
    const std::string_view before = source.substr(0, offset);
    const std::size_t last = before.find_last_not_of(" \t");
    return last != std::string_view::npos && before.substr(0, last + 1).ends_with("else");
}

std::string on_line(std::string_view word, const Position& position) {
    return "the \"" + std::string(word) + "\" on line " + std::to_string(position.line);
}

}  // namespace

Parser::Parser(Tree& tree, const ParseLimits& limits)
    : tree_(tree), limits_(limits), lexer_(*tree.source, tree.texts) {}

std::optional<Problem> Parser::parse() {
    Function& main = tree_.functions.emplace_back();
    main.has_varargs = true;
    function_ = &main;
    token_ = lexer_.next();
    if (at(TokenKind::broken)) fail_here("", Expecting::other);
    labels_.open_function();
    labels_.open_block();
    read_statements(main.body);
    if (!at(TokenKind::end_of_file)) fail_here("a statement", Expecting::statement);
    keep(labels_.close_block());
    labels_.close_function();
    main.span = {{}, token_.span.end};
    return problem_;
}

void Parser::advance() {
    if (failed_) return;
    last_end_ = token_.span.end;
    // Where a token was looked at ahead, LuaJIT's own count of lines is already past it; what it
    // calls ambiguous depends on that.
    last_line_ = has_ahead_ ? ahead_.span.end.line : token_.span.end.line;
    token_ = has_ahead_ ? ahead_ : lexer_.next();
    has_ahead_ = false;
    if (at(TokenKind::broken)) fail_here("", Expecting::other);
}

const Token& Parser::look_ahead() {
    if (!has_ahead_ && !failed_) {
        ahead_ = lexer_.next();
        has_ahead_ = true;
    }
    return ahead_;
}

bool Parser::accept(TokenKind kind) {
    if (!at(kind)) return false;
    advance();
    return true;
}

void Parser::expect(TokenKind kind, std::string_view expected, Expecting expecting) {
    if (!accept(kind)) fail_here(expected, expecting);
}

void Parser::expect_closing(TokenKind kind, std::string_view closing, const Opener& opener,
                            Expecting expecting) {
    if (accept(kind)) return;
    fail_here("\"" + std::string(closing) + "\" to close " + on_line(opener.word, opener.position),
              expecting);
}

// In this Lua `goto` is a word of the language only before a name.
bool Parser::at_name() const { return at(TokenKind::name) || at(TokenKind::word_goto); }

Name Parser::read_name(std::string_view expected, Expecting expecting) {
    const Name name{token_.text, token_.span.begin};
    if (!at_name()) fail_here(expected, expecting);
    advance();
    return name;
}

void Parser::fail(const Position& position, std::string message) {
    if (!failed_) problem_ = Problem{position, std::move(message)};
    failed_ = true;
    has_ahead_ = false;
    token_.kind = TokenKind::end_of_file;
    ahead_ = token_;
}

void Parser::fail_here(std::string_view expected, Expecting expecting) {
    if (failed_) return;
    if (at(TokenKind::broken)) return fail(lexer_.problem().position, lexer_.problem().message);
    const std::string_view source = *tree_.source;
    const std::size_t end = last_end_.offset;
    std::size_t begin = end;
    while (begin > 0 && is_name_byte(source[begin - 1])) --begin;
    std::string message =
        "Found " + describe_token(source, token_) + ", expected " + std::string(expected) + ".";
    message += advise({.source = source,
                       .found = token_,
                       .expecting = expecting,
                       .before = source.substr(begin, end - begin)});
    const bool may_lack_end =
        expecting == Expecting::statement || expecting == Expecting::end_word ||
        expecting == Expecting::end_of_call || expecting == Expecting::end_of_table;
    if (suspect_ && may_lack_end)
        message += " By the indentation it is " + on_line(suspect_->word, suspect_->position) +
                   " that lacks its \"end\".";
    else if (else_if_ && may_lack_end)
        message +=
            " The \"if\" on line " + std::to_string(else_if_->line) +
            " follows an \"else\" and so needs an \"end\" of its own; \"elseif\" needs none.";
    fail(token_.span.begin, std::move(message));
}

void Parser::keep(std::optional<Problem> problem) {
    if (problem) fail(problem->position, std::move(problem->message));
}

// Counts what stands inside something else, at the same places as LuaJIT.
bool Parser::enter_level() {
    if (++level_ >= limits_.nesting_max)
        fail(token_.span.begin, "Found blocks, functions, tables or parentheses more than " +
                                    std::to_string(limits_.nesting_max) +
                                    " deep in each other. Split the function, or name parts of "
                                    "it with locals.");
    return !failed_;
}

bool Parser::at_block_end() const {
    return at(TokenKind::end_of_file) || at(TokenKind::word_end) || at(TokenKind::word_else) ||
           at(TokenKind::word_elseif) || at(TokenKind::word_until);
}

Block Parser::read_block() {
    Block block;
    labels_.open_block();
    read_statements(block);
    keep(labels_.close_block());
    return block;
}

void Parser::read_statements(Block& block) {
    if (enter_level()) {
        block.span.begin = last_end_;
        bool is_last = false;
        while (!is_last && !at_block_end()) {
            is_last = read_statement(block);
            accept(TokenKind::semicolon);
        }
        block.span.end = token_.span.begin;
        if (is_last && !at_block_end()) fail_after_last_statement(*block.statements.back());
    }
    leave_level();
}

void Parser::fail_after_last_statement(const Statement& last) {
    const std::string_view word = last.kind == StatementKind::return_values ? "return" : "break";
    const std::string found = describe_token(*tree_.source, token_);
    const std::string advice =
        advise({.source = *tree_.source, .found = token_, .expecting = Expecting::other});
    fail(token_.span.begin,
         "Found " + found + " after " + on_line(word, last.span.begin) +
             ", expected the end of its block, as nothing after it is ever executed." +
             (advice.empty() ? " To leave early, write \"do " + std::string(word) + " end\"."
                             : advice));
}

void Parser::close_block_with_end(const Opener& opener) {
    const bool is_else_if =
        opener.word == "if" && follows_else(*tree_.source, opener.position.offset);
    if (is_else_if && !else_if_) else_if_ = opener.position;
    if (!at(TokenKind::word_end))
        return fail_here("\"end\" to close " + on_line(opener.word, opener.position),
                         Expecting::end_word);
    note_indentation(opener);
    advance();
}

// An `end` that stands further left than what it closes was probably meant for something else.
void Parser::note_indentation(const Opener& opener) {
    if (suspect_ || opener.position.line == token_.span.begin.line) return;
    const Indentation own = indentation_at(*tree_.source, token_.span.begin.offset);
    const Indentation others = indentation_at(*tree_.source, opener.position.offset);
    if (own.is_first && own.width < others.width) suspect_ = opener;
}

void Parser::declare(std::vector<Name>& names, Name name) {
    if (labels_.locals() + names.size() >= Labels::locals_max)
        fail(name.position, "Found more than " + std::to_string(Labels::locals_max) +
                                " locals in one function. Put some into a table, or split the "
                                "function.");
    names.push_back(name);
}

void Parser::make_visible(const std::vector<Name>& names) {
    for (const Name& name : names) labels_.declare(name.text);
}

Result<Tree> parse_lua(std::string_view source, std::string_view file, ParseLimits limits) {
    Tree tree;
    tree.file = file;
    std::optional<Problem> problem = find_unfit_bytes(source, limits.source_bytes_max);
    if (!problem) {
        tree.source = std::make_shared<const std::string>(source);
        problem = Parser(tree, limits).parse();
    }
    if (!problem) return tree;
    Error error = fail("syntax_error", show_problem(file, *problem));
    error.detail.set("file", file)
        .set("line", static_cast<double>(problem->position.line))
        .set("column", static_cast<double>(problem->position.column))
        .set("text", problem->message);
    return error;
}

}  // namespace perilune::syntax
