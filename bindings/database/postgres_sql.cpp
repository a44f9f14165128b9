#include "bindings/database/postgres_sql.h"

#include <algorithm>
#include <cctype>

namespace perilune {

namespace {

constexpr std::size_t starts_max = 16;

bool begins_name(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80) != 0;
}
bool continues_name(char c) {
    return begins_name(c) || std::isdigit(static_cast<unsigned char>(c)) || c == '$';
}
bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

std::size_t count_while(std::string_view text, std::size_t from, bool (*holds)(char)) {
    std::size_t at = from;
    while (at < text.size() && holds(text[at])) ++at;
    return at;
}

// The length of what stands in quotes from `from` on; a quote that is never closed goes to the end.
std::size_t quoted_length(std::string_view text, std::size_t from, bool backslashes) {
    const char quote = text[from];
    for (std::size_t at = from + 1; at < text.size(); ++at) {
        if (backslashes && text[at] == '\\') {
            ++at;
        } else if (text[at] == quote) {
            if (at + 1 >= text.size() || text[at + 1] != quote) return at + 1;
            ++at;
        }
    }
    return text.size();
}

// $tag$ … $tag$, with an empty tag too; 0 where there is none.
std::size_t dollar_quoted_length(std::string_view text) {
    std::size_t at = 1;
    if (at < text.size() && begins_name(text[at]))
        while (at < text.size() && continues_name(text[at]) && text[at] != '$') ++at;
    if (at >= text.size() || text[at] != '$') return 0;
    const std::string_view tag = text.substr(0, at + 1);
    const auto end = text.find(tag, at + 1);
    return end == std::string_view::npos ? text.size() : end + tag.size();
}

// Comments of this kind nest.
std::size_t comment_length(std::string_view text) {
    int depth = 0;
    for (std::size_t at = 0; at + 1 < text.size(); ++at) {
        const std::string_view two = text.substr(at, 2);
        if (two == "/*" || two == "*/") {
            depth += two == "/*" ? 1 : -1;
            ++at;
            if (depth == 0) return at + 1;
        }
    }
    return text.size();
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
        return static_cast<char>(c < 0x80 ? std::tolower(c) : c);
    });
    return lower;
}

// Whether a statement defines a function or procedure, whose body may hold semicolons between
// BEGIN ATOMIC and END.
bool defines_routine(const std::vector<std::string>& starts) {
    const std::size_t at = starts.size() > 2 && starts[1] == "or" ? 3 : 1;
    return starts.size() > at && starts[0] == "create" &&
           (starts[at] == "function" || starts[at] == "procedure");
}

}  // namespace

SqlToken::Kind SqlLexer::kind_of_next(std::size_t& length) {
    using Kind = SqlToken::Kind;
    const char c = rest_[0];
    const char then = rest_.size() > 1 ? rest_[1] : '\0';
    length = 1;
    if (std::isspace(static_cast<unsigned char>(c))) return Kind::blank;
    if (c == '-' && then == '-') {
        length = std::min(rest_.find('\n'), rest_.size());
        return Kind::blank;
    }
    if (c == '/' && then == '*') {
        length = comment_length(rest_);
        return Kind::blank;
    }
    if (c == '\'') {
        const bool escapes = before_ == 'E' || before_ == 'e';
        length = quoted_length(rest_, 0, escapes);
        return Kind::text;
    }
    if (c == '"') {
        length = quoted_length(rest_, 0, false);
        return Kind::name;
    }
    if (begins_name(c)) {
        length = count_while(rest_, 0, continues_name);
        return Kind::word;
    }
    if (is_digit(c)) {
        length = count_while(rest_, 0, [](char one) { return continues_name(one) && one != '$'; });
        return Kind::other;
    }
    if (c == '$' && is_digit(then)) {
        length = count_while(rest_, 1, is_digit);
        return Kind::position;
    }
    if (c == '$') {
        const std::size_t quoted = dollar_quoted_length(rest_);
        length = std::max<std::size_t>(quoted, 1);
        return quoted > 0 ? Kind::text : Kind::other;
    }
    if (c == ':' && then == ':') {
        length = 2;
        return Kind::other;
    }
    if (c == ':' && begins_name(then)) {
        length = count_while(rest_, 1, [](char one) { return continues_name(one) && one != '$'; });
        return Kind::named;
    }
    if (c == '?' && then != '|' && then != '&' && then != '?') return Kind::question;
    if (c == '?') {
        length = 2;
        return Kind::other;
    }
    return c == ';' ? Kind::semicolon : Kind::other;
}

SqlToken SqlLexer::next() {
    if (rest_.empty()) return {};
    std::size_t length = 0;
    const SqlToken::Kind kind = kind_of_next(length);
    const SqlToken token{kind, rest_.substr(0, length)};
    // E'…' has escapes, but only where the E stands alone.
    const bool alone = kind == SqlToken::Kind::word && length == 1;
    before_ = alone ? token.text[0] : ' ';
    rest_.remove_prefix(length);
    return token;
}

std::vector<SqlStatement> split_sql(std::string_view sql) {
    using Kind = SqlToken::Kind;
    std::vector<SqlStatement> statements;
    SqlStatement current;
    int parentheses = 0;
    int blocks = 0;
    SqlLexer lexer(sql);
    for (SqlToken token = lexer.next();; token = lexer.next()) {
        const bool ends = token.kind == Kind::end ||
                          (token.kind == Kind::semicolon && parentheses <= 0 && blocks == 0);
        if (ends) {
            if (!current.starts.empty()) statements.push_back(std::move(current));
            current = {};
            parentheses = blocks = 0;
            if (token.kind == Kind::end) return statements;
            continue;
        }
        current.text += token.text;
        if (token.kind == Kind::blank) continue;
        if (token.text == "(") ++parentheses;
        if (token.text == ")") --parentheses;
        const std::string word = token.kind == Kind::word ? lower_case(token.text) : "";
        if (defines_routine(current.starts)) {
            if (word == "begin" || (word == "case" && blocks > 0)) ++blocks;
            if (word == "end" && blocks > 0) --blocks;
        }
        if (current.starts.size() < starts_max)
            current.starts.push_back(word.empty() ? std::string(token.text) : word);
    }
}

Status refuse_control(const SqlStatement& statement) {
    static constexpr std::string_view words[] = {"begin",    "start",     "commit",  "end",
                                                 "rollback", "savepoint", "release", "abort"};
    const std::string& first = statement.starts[0];
    const bool prepares =
        statement.starts.size() > 1 && first == "prepare" && statement.starts[1] == "transaction";
    if (!prepares && std::find(std::begin(words), std::end(words), first) == std::end(words))
        return Done{};
    return fail("not_allowed", "The SQL may not begin or end transactions itself: " + first + ".");
}

Status require_one_statement(std::string_view sql) {
    const auto statements = split_sql(sql);
    if (statements.size() != 1)
        return fail("bad_argument", "One statement is needed, and the SQL has " +
                                        std::to_string(statements.size()) + ".");
    return refuse_control(statements[0]);
}

}  // namespace perilune
