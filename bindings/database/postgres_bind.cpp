// Puts parameters into a statement: $1 as it is, ? and :name as the $n that PostgreSQL knows.
#include <algorithm>
#include <charconv>
#include <cstdint>

#include "bindings/database/postgres_sql.h"
#include "bindings/database/postgres_values.h"
#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

std::string dollar(std::size_t number) { return "$" + std::to_string(number); }

// Digits as a number; the largest one where they are too many.
std::size_t number_of(std::string_view digits) {
    std::size_t number = SIZE_MAX;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

Result<BoundSql> bind_list(std::string_view sql, const List& values) {
    using Kind = SqlToken::Kind;
    BoundSql bound;
    std::size_t questions = 0;
    std::size_t highest = 0;
    std::string with_dollars;
    SqlLexer lexer(sql);
    for (SqlToken token = lexer.next(); token.kind != Kind::end; token = lexer.next()) {
        if (token.kind == Kind::position)
            highest = std::max(highest, number_of(token.text.substr(1)));
        with_dollars +=
            token.kind == Kind::question ? dollar(++questions) : std::string(token.text);
    }
    // With $1 about, or nothing to put there, a question mark is PostgreSQL's operator.
    const bool marks = highest == 0 && !values.empty();
    const std::size_t wanted = marks ? questions : highest;
    if (wanted != values.size())
        return fail("bad_argument", "The SQL has " + std::to_string(wanted) +
                                        " places for parameters, and " +
                                        std::to_string(values.size()) + " were given.");
    bound.text = marks ? with_dollars : std::string(sql);
    for (const auto& value : values) {
        auto parameter = parameter_of(value);
        if (!parameter) return parameter.error();
        bound.parameters.push_back(std::move(*parameter));
    }
    return bound;
}

Result<BoundSql> bind_map(std::string_view sql, const Map& values) {
    using Kind = SqlToken::Kind;
    BoundSql bound;
    std::vector<std::string> names;
    std::vector<std::string> given;
    for (const auto& [name, value] : values) given.push_back(name);
    SqlLexer lexer(sql);
    for (SqlToken token = lexer.next(); token.kind != Kind::end; token = lexer.next()) {
        if (token.kind != Kind::named) {
            bound.text += token.text;
            continue;
        }
        const std::string name(token.text.substr(1));
        if (!values.contains(name))
            return fail("bad_argument", "The SQL has the place :" + name +
                                            ", for which no parameter was given." +
                                            did_you_mean(name, given));
        auto place = std::find(names.begin(), names.end(), name);
        if (place == names.end()) {
            auto parameter = parameter_of(values.at(name));
            if (!parameter) return parameter.error();
            bound.parameters.push_back(std::move(*parameter));
            names.push_back(name);
            place = names.end() - 1;
        }
        bound.text += dollar(static_cast<std::size_t>(place - names.begin()) + 1);
    }
    for (const auto& name : given)
        if (std::find(names.begin(), names.end(), name) == names.end())
            return fail("bad_argument", "The parameter \"" + name +
                                            "\" was given, but the SQL has no place :" + name +
                                            ".");
    return bound;
}

}  // namespace

Result<BoundSql> bind_sql(std::string_view sql, const Value& parameters) {
    if (parameters.is_map() && !parameters.map().empty()) return bind_map(sql, parameters.map());
    if (!parameters.is_nil() && !parameters.is_list() && !parameters.is_map())
        return fail("bad_argument", "The parameters of SQL are a list or a map.");
    return bind_list(sql, parameters.list());
}

}  // namespace perilune
