#include "bindings/database/postgres_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"

namespace perilune {

namespace {

// Of the catalog pg_type; these numbers never change.
enum Type : unsigned {
    type_boolean = 16,
    type_bytes = 17,
    type_int8 = 20,
    type_int2 = 21,
    type_int4 = 23,
    type_oid = 26,
    type_float4 = 700,
    type_float8 = 701,
    type_numeric = 1700,
};

constexpr double whole_max = 9007199254740991.0;  // 2^53 - 1
constexpr std::ptrdiff_t digits_max = 15;         // So many a double gives back as they were.

Value number_of(const std::string& text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = end == text.data() + text.size() && error == std::errc{};
    return whole && std::isfinite(number) ? Value(number) : Value(text);
}

Value integer_of(const std::string& text) {
    const Value number = number_of(text);
    return std::abs(number.number()) <= whole_max ? number : Value(text);
}

Value decimal_of(const std::string& text) {
    if (text.find('.') == std::string::npos) return integer_of(text);
    const auto digits =
        std::count_if(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
    return digits <= digits_max ? number_of(text) : Value(text);
}

}  // namespace

Value value_of(const std::optional<std::string>& text, unsigned type) {
    if (!text) return {};
    switch (type) {
        case type_boolean: return *text == "t";
        case type_bytes: return from_hex(text->starts_with("\\x") ? text->substr(2) : "");
        case type_int2:
        case type_int4:
        case type_int8:
        case type_oid: return integer_of(*text);
        case type_float4:
        case type_float8: return number_of(*text);
        case type_numeric: return decimal_of(*text);
        default: return *text;
    }
}

Value row_value(const PostgresRows& head, const PostgresRow& row) {
    Map fields;
    for (std::size_t column = 0; column < row.size(); ++column)
        if (row[column])
            fields[head.columns[column].name] = value_of(row[column], head.columns[column].type);
    return Value(std::move(fields));
}

Result<std::optional<std::string>> parameter_of(const Value& value) {
    using Text = std::optional<std::string>;
    if (value.is_nil()) return Text();
    if (value.is_boolean()) return Text(value.boolean() ? "true" : "false");
    if (value.is_number() && !std::isfinite(value.number()))
        return Text(value.number() > 0 ? "Infinity" : "-Infinity");
    if (value.is_number()) return Text(to_canonical_json(value));
    if (!value.is_text())
        return fail("bad_argument", "A parameter of SQL is a text, a number or a boolean; a " +
                                        std::string(value.kind()) +
                                        " was given. Write it as text, such as JSON.");
    const std::string& text = value.text();
    if (is_utf8(text) && text.find('\0') == std::string::npos) return Text(text);
    return Text("\\x" + to_hex(text));
}

}  // namespace perilune
