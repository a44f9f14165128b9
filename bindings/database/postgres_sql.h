// SQL as PostgreSQL's lexer sees it: statements, their first words, and the places of parameters.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bindings/database/postgres_connection.h"

namespace perilune {

// A piece of SQL text (PostgreSQL's manual, 4.1).
struct SqlToken {
    enum class Kind {
        end,
        blank,     // Spaces and comments.
        word,      // A keyword or a name without quotes.
        name,      // A name in double quotes.
        text,      // A constant in quotes, of any kind.
        position,  // $1
        named,     // :name
        question,  // A single ?
        semicolon,
        other,
    };
    Kind kind = Kind::end;
    std::string_view text = {};
};

class SqlLexer {
public:
    explicit SqlLexer(std::string_view sql) : rest_(sql) {}
    SqlToken next();

private:
    SqlToken::Kind kind_of_next(std::size_t& length);

    std::string_view rest_;
    char before_ = ' ';  // The character before the next token.
};

struct SqlStatement {
    std::string text;
    // Its first tokens that are no blanks: words in lower case, all others as they are.
    std::vector<std::string> starts;
};

// The statements of a text, without empty ones.
std::vector<SqlStatement> split_sql(std::string_view sql);

// Refuses a statement that begins or ends a transaction, which nothing but the driver may do.
Status refuse_control(const SqlStatement& statement);

// Refuses more or less than one statement, too.
Status require_one_statement(std::string_view sql);

// One statement with its parameters in place.
struct BoundSql {
    std::string text;
    PostgresParameters parameters;
};

// `parameters` is a list for $1 or ?, a map for :name, or nil. Errors: bad_argument.
Result<BoundSql> bind_sql(std::string_view sql, const Value& parameters);

}  // namespace perilune
