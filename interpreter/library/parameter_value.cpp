// The types of parameters: how each is read from text and what bounds it.
#include "interpreter/library/parameter_value.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "interpreter/base/json.h"
#include "interpreter/base/suggest.h"
#include "interpreter/base/units.h"
#include "interpreter/library/problems.h"
#include "interpreter/library/yaml.h"

namespace perilune {

namespace {

constexpr std::size_t text_bytes_max = 64 << 10;
constexpr std::size_t items_max = 1000;
constexpr double integer_max = 9007199254740992.0;  // 2^53: every whole number up to it is exact.
constexpr double measure_max = 1e15;

Error refuse(std::string message) { return fail("bad_parameters", std::move(message)); }

Error wrong(ParameterType type, std::string_view found) {
    return refuse("must be " + std::string(expected_text(type)) + ", but it is " +
                  std::string(found) + ".");
}

// What no value may be, whatever its type.
Status check_text(std::string_view text) {
    if (text.size() > text_bytes_max)
        return refuse("is " + show_size(static_cast<double>(text.size())) +
                      " long; at most 64 KiB are allowed. Put large data into a file or bucket.");
    for (const char c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f')
            return refuse("holds a control byte: " + in_quotes(text) + ". Remove it.");
    if (!is_utf8(text)) return refuse("is not UTF-8 text. Write it in UTF-8.");
    return Done{};
}

Result<Value> check_number(ParameterType type, double number, std::string_view shown) {
    if (!std::isfinite(number) || std::abs(number) > 1e300) return wrong(type, shown);
    if (number == 0 && std::signbit(number))
        return refuse("is a negative zero, which is no quantity. Write 0.");
    if (type == ParameterType::integer &&
        (number != std::floor(number) || std::abs(number) > integer_max))
        return wrong(type, shown);
    return Value(number);
}

Result<Value> parse_number(ParameterType type, std::string_view text) {
    const std::string shown = in_quotes(text);
    if (!is_number_text(text)) {
        const bool digits =
            !text.empty() && text.find_first_not_of("0123456789eE.+-") == std::string_view::npos;
        return wrong(type, digits ? shown + " (too large, or not written as a number is)" : shown);
    }
    if (type == ParameterType::integer && text.find_first_of(".eE") != std::string_view::npos)
        return wrong(type, shown);
    return check_number(type, std::strtod(std::string(text).c_str(), nullptr), shown);
}

Result<Value> parse_measure(ParameterType type, std::string_view text) {
    // A time also as Unix seconds, as `now()` and a drill's `on.disaster_at` give it.
    const bool seconds = type == ParameterType::time && is_number_text(text);
    const auto parsed = seconds ? Result<double>(std::strtod(std::string(text).c_str(), nullptr))
                        : type == ParameterType::duration ? parse_duration(text)
                        : type == ParameterType::size     ? parse_size(text)
                                                          : parse_time(text);
    if (!parsed || !std::isfinite(*parsed) || *parsed < 0 || *parsed > measure_max)
        return wrong(type, in_quotes(text));
    return Value(*parsed);
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

Result<Value> check_items(List list) {
    if (list.size() > items_max) return refuse("has more than 1,000 items. Shorten it.");
    for (const auto& item : list) {
        if (item.is_text()) {
            if (const auto plain = check_text(item.text()); !plain) return plain.error();
        } else if (item.is_number()) {
            const auto number = check_number(ParameterType::number, item.number(), "an item");
            if (!number) return number.error();
        } else if (!item.is_boolean()) {
            return refuse("must be a list of texts, numbers or booleans, but an item of it is " +
                          std::string(item.kind()) + ".");
        }
    }
    return Value(std::move(list));
}

Result<Value> parse_list(std::string_view text) {
    List list;
    if (trimmed(text).starts_with('[')) {
        const auto json = from_json(text);
        if (!json || !json->is_list())
            return refuse("starts like a JSON list and is none: " + in_quotes(text) +
                          ". Write [\"one\", \"two\"], or one,two.");
        return check_items(json->list());
    }
    while (!trimmed(text).empty()) {
        const auto comma = text.find(',');
        const auto item = trimmed(text.substr(0, comma));
        if (item.empty() || comma + 1 == text.size())
            return refuse("has an empty item. Remove the comma, or write a JSON list.");
        list.emplace_back(item);
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    }
    return check_items(std::move(list));
}

// A number as a person would write it for this type.
std::string shown_bound(ParameterType type, double number) {
    switch (type) {
        case ParameterType::duration: return show_duration(number);
        case ParameterType::size: return show_size(number);
        case ParameterType::time: return show_time(number);
        case ParameterType::string: return to_json(number) + " characters";
        case ParameterType::list: return to_json(number) + " items";
        default: return to_json(number);
    }
}

// What `min` and `max` bound.
double quantity(const Value& value) {
    if (value.is_list()) return static_cast<double>(value.list().size());
    if (!value.is_text()) return value.number();
    const auto& text = value.text();
    return static_cast<double>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

Status check_bounds(const ParameterDeclaration& declaration, const Value& value) {
    if (value.is_boolean()) return Done{};
    const double found = quantity(value);
    if (declaration.min && found < *declaration.min)
        return refuse("must be at least " + shown_bound(declaration.type, *declaration.min) +
                      ", but it is " + shown_bound(declaration.type, found) + ".");
    if (declaration.max && found > *declaration.max)
        return refuse("must be at most " + shown_bound(declaration.type, *declaration.max) +
                      ", but it is " + shown_bound(declaration.type, found) + ".");
    return Done{};
}

std::string shown_value(ParameterType type, const Value& value) {
    if (value.is_text()) return in_quotes(value.text());
    if (value.is_number()) return shown_bound(type, value.number());
    return to_json(value);
}

Status check_choice(const ParameterDeclaration& declaration, const Value& value) {
    if (declaration.choices.empty()) return Done{};
    std::string all;
    std::vector<std::string> names;
    for (const auto& choice : declaration.choices) {
        if (choice == value) return Done{};
        all += (all.empty() ? "" : ", ") + shown_value(declaration.type, choice);
        if (choice.is_text()) names.push_back(choice.text());
    }
    return refuse("must be one of " + all + ", but it is " + shown_value(declaration.type, value) +
                  "." + did_you_mean(value.text(), names));
}

Status check_pattern(const ParameterDeclaration& declaration, const std::string& text) {
    // A program would take it for an option. An author who means it says so with enum or pattern.
    if (!declaration.compiled && declaration.choices.empty() && text.starts_with('-'))
        return refuse("begins with a dash (" + in_quotes(text) +
                      "), which a program would read as "
                      "an option. Write it without, or declare a pattern that allows it.");
    if (!declaration.compiled) return Done{};
    const auto found = declaration.compiled->find(text);
    if (!found) return refuse("cannot be checked: " + found.error().message);
    if (*found) return Done{};
    return refuse("must match the Lua pattern " + in_quotes(declaration.pattern) + ", but it is " +
                  in_quotes(text) + ".");
}

// Bounds, choices and pattern of a value that has the declared type.
Result<Value> check_constraints(const ParameterDeclaration& declaration, Value value) {
    if (const auto within = check_bounds(declaration, value); !within) return within.error();
    const List single = {value};
    for (const auto& item : value.is_list() ? value.list() : single) {
        if (const auto chosen = check_choice(declaration, item); !chosen) return chosen.error();
        if (!item.is_text()) continue;
        if (const auto matched = check_pattern(declaration, item.text()); !matched)
            return matched.error();
    }
    return value;
}

Result<Value> parse_type(ParameterType type, std::string_view text) {
    switch (type) {
        case ParameterType::string: return Value(text);
        case ParameterType::integer:
        case ParameterType::number: return parse_number(type, text);
        case ParameterType::boolean:
            if (text == "true" || text == "yes") return Value(true);
            if (text == "false" || text == "no") return Value(false);
            return wrong(type, in_quotes(text));
        case ParameterType::duration:
        case ParameterType::size:
        case ParameterType::time: return parse_measure(type, text);
        case ParameterType::list: break;
    }
    return parse_list(text);
}

}  // namespace

std::string_view expected_text(ParameterType type) {
    switch (type) {
        case ParameterType::string: return "text";
        case ParameterType::integer: return "a whole number such as 3";
        case ParameterType::number: return "a number such as 0.5";
        case ParameterType::boolean: return "true or false";
        case ParameterType::duration: return "a duration such as \"30m\"";
        case ParameterType::size: return "a size such as \"64MiB\"";
        case ParameterType::time: return "a time such as \"2026-03-01T02:00:00Z\"";
        case ParameterType::list: break;
    }
    return "a list such as one,two";
}

Result<Value> parse_parameter(const ParameterDeclaration& declaration, std::string_view text) {
    if (const auto plain = check_text(text); !plain) return plain.error();
    auto parsed = parse_type(declaration.type, text);
    if (!parsed) return parsed;
    return check_constraints(declaration, std::move(*parsed));
}

Result<Value> check_parameter(const ParameterDeclaration& declaration, const Value& value) {
    const ParameterType type = declaration.type;
    const bool is_list = value.is_list() || (value.is_map() && value.map().empty());
    if (type == ParameterType::list && is_list) {
        auto items = check_items(value.list());
        if (!items) return items;
        return check_constraints(declaration, std::move(*items));
    }
    if (value.is_text()) return parse_parameter(declaration, value.text());
    if (type == ParameterType::boolean && value.is_boolean())
        return check_constraints(declaration, value);
    const bool takes_number = type != ParameterType::string && type != ParameterType::boolean &&
                              type != ParameterType::list;
    if (!value.is_number() || !takes_number) return wrong(type, value.kind());
    auto number = check_number(type, value.number(), to_json(value));
    if (!number) return number;
    const bool measure = type != ParameterType::integer && type != ParameterType::number;
    if (measure && (value.number() < 0 || value.number() > measure_max))
        return wrong(type, to_json(value));
    return check_constraints(declaration, std::move(*number));
}

}  // namespace perilune
