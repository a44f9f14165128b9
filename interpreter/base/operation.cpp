#include "interpreter/base/operation.h"

#include <cmath>
#include <string>
#include <vector>

#include "interpreter/base/suggest.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr double number_max = 1e15;
constexpr Parameter timeout_parameter = {.name = "timeout",
                                         .type = Type::duration,
                                         .doc = "How long the call may take.",
                                         .need = Need::optional};

Error wrong(std::string_view what, std::string_view expected, const Value& found) {
    std::string shown(found.kind());
    if (found.is_text()) shown = "\"" + found.text().substr(0, 60) + "\"";
    if (found.is_number()) {
        shown = std::to_string(found.number());
        shown.erase(shown.find_last_not_of('0') + 1);
        if (shown.ends_with('.')) shown.pop_back();
    }
    return fail("bad_argument", std::string(what) + " must be " + std::string(expected) +
                                    ", but it is " + shown + ".");
}

Result<Value> convert_number(Type type, const Value& value, std::string_view what) {
    if (!value.is_number())
        return wrong(what, type == Type::integer ? "a whole number" : "a number", value);
    const double number = value.number();
    if (std::isnan(number) || std::abs(number) > number_max)
        return wrong(what, "a number between -1e15 and 1e15", value);
    if (type == Type::integer && number != std::floor(number))
        return wrong(what, "a whole number", value);
    return value;
}

// Nothing waits for ever.
Result<Value> bounded(Type type, const Value& value, std::string_view what) {
    if (type == Type::duration && value.number() > duration_s_max)
        return wrong(what, "a duration of at most 10 years", value);
    return value;
}

Result<Value> convert_measure(Type type, const Value& value, std::string_view what) {
    if (value.is_number()) {
        const double number = value.number();
        if (std::isnan(number) || number < 0 || number > number_max)
            return wrong(what, "a number from 0 to 1e15", value);
        return bounded(type, value, what);
    }
    const std::string_view expected = type == Type::duration ? "a duration such as \"30s\""
                                      : type == Type::size
                                          ? "a size such as \"64MiB\""
                                          : "a time such as \"2026-03-01T02:00:00Z\"";
    if (!value.is_text()) return wrong(what, expected, value);
    const auto parsed = type == Type::duration ? parse_duration(value.text())
                        : type == Type::size   ? parse_size(value.text())
                                               : parse_time(value.text());
    if (!parsed) return fail("bad_argument", std::string(what) + ": " + parsed.error().message);
    return bounded(type, Value(*parsed), what);
}

std::vector<std::string> split(std::string_view text, char by) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto at = text.find(by);
        parts.emplace_back(text.substr(0, at));
        if (at == std::string_view::npos) break;
        text.remove_prefix(at + 1);
    }
    return parts;
}

Result<Value> convert_parameter(const Parameter& parameter, const Value& value,
                                const std::string& what) {
    if (value.is_unknown()) return value;
    if (value.is_secret() && !parameter.may_be_secret && parameter.type != Type::secret)
        return fail("bad_argument", what + " may not be a secret: it is shown and kept.");
    if (value.is_secret()) return value;
    auto converted = convert(parameter.type, value, what);
    if (!converted) return converted;
    if (!parameter.choices.empty()) {
        const auto choices = split(parameter.choices, '|');
        for (const auto& choice : choices)
            if (converted->is_text() && converted->text() == choice) return converted;
        std::string all;
        for (const auto& choice : choices) all += (all.empty() ? "\"" : ", \"") + choice + "\"";
        return fail("bad_argument", what + " must be one of " + all + "." +
                                        did_you_mean(converted->text(), choices));
    }
    return converted;
}

Value fallback_value(const Parameter& parameter) {
    const std::string text(parameter.fallback);
    if (parameter.type == Type::integer || parameter.type == Type::number ||
        (parameter.type == Type::size && text == "0"))
        return std::stod(text);
    if (parameter.type == Type::boolean) return text == "true";
    if (parameter.type == Type::plain && !text.empty() &&
        text.find_first_not_of("0123456789") == std::string::npos)
        return std::stod(text);  // "200" is a number, "2xx" is not.
    return text;
}

Status check_groups(const Operation& operation, const Map& arguments, const std::string& call) {
    for (const auto& parameter : operation.used_parameters()) {
        if (parameter.group.empty()) continue;
        std::string names;
        int given = 0;
        for (const auto& other : operation.used_parameters()) {
            if (other.group != parameter.group) continue;
            given += arguments.contains(other.name);
            names += (names.empty() ? "" : " or ") + std::string(other.name);
        }
        if (given != 1)
            return fail("bad_argument", call + " needs exactly one of " + names + ", but " +
                                            std::to_string(given) + " are given.");
    }
    return Done{};
}

}  // namespace

std::span<const Parameter> Operation::used_parameters() const {
    std::size_t count = 0;
    while (count < parameters.size() && !parameters[count].name.empty()) ++count;
    return {parameters.data(), count};
}

const Parameter* Operation::parameter(std::string_view parameter_name) const {
    for (const auto& found : used_parameters())
        if (found.name == parameter_name) return &found;
    return parameter_name == timeout_parameter.name ? &timeout_parameter : nullptr;
}

const Operation* Family::operation(std::string_view operation_name) const {
    for (const auto& found : operations)
        if (found.name == operation_name) return &found;
    return nullptr;
}

std::string_view to_text(Effect effect) { return effect == Effect::observe ? "observe" : "change"; }

std::string_view to_text(Recovery recovery) {
    static constexpr std::string_view names[] = {"none", "repeat", "key", "look", "leave", "ask"};
    return names[static_cast<int>(recovery)];
}

std::string_view to_text(Type type) {
    static constexpr std::string_view names[] = {"text",     "integer", "number", "boolean",
                                                 "duration", "size",    "time",   "list",
                                                 "map",      "target",  "secret", "plain"};
    return names[static_cast<int>(type)];
}

Result<Value> convert(Type type, const Value& value, std::string_view what) {
    switch (type) {
        case Type::text:
        case Type::target:
            if (value.is_text()) return value;
            return wrong(what, type == Type::text ? "text" : "a target's handle", value);
        case Type::integer:
        case Type::number: return convert_number(type, value, what);
        case Type::boolean:
            if (value.is_boolean()) return value;
            return wrong(what, "true or false", value);
        case Type::duration:
        case Type::size:
        case Type::time: return convert_measure(type, value, what);
        case Type::list:
            if (value.is_list() || (value.is_map() && value.map().empty())) {
                Value list = value;
                list.as_list();
                return list;
            }
            return wrong(what, "a list", value);
        case Type::map:
            if (value.is_map() || (value.is_list() && value.list().empty())) {
                Value map = value;
                map.as_map();
                return map;
            }
            return wrong(what, "a table with names", value);
        case Type::secret: return wrong(what, "a secret: secret(\"NAME\")", value);
        case Type::plain: break;
    }
    return value;
}

Result<Map> check_arguments(const Family& family, const Operation& operation,
                            const Map& arguments) {
    const std::string call = std::string(family.name) + ":" + std::string(operation.name);
    Map checked;
    for (const auto& [name, value] : arguments) {
        const Parameter* parameter = operation.parameter(name);
        if (!parameter) {
            std::vector<std::string> names = {"timeout"};
            for (const auto& known : operation.used_parameters()) names.emplace_back(known.name);
            return fail("bad_argument",
                        call + " has no parameter \"" + name + "\"." + did_you_mean(name, names));
        }
        auto converted =
            convert_parameter(*parameter, value, std::string(parameter->name) + " of " + call);
        if (!converted) return converted.error();
        // Whole numbers are counts.
        if (parameter->type == Type::integer && converted->is_number() && converted->number() < 0)
            return wrong(std::string(parameter->name) + " of " + call, "a number of at least 0",
                         value);
        checked.insert_or_assign(name, std::move(*converted));
    }
    if (const auto grouped = check_groups(operation, checked, call); !grouped)
        return grouped.error();
    for (const auto& parameter : operation.used_parameters()) {
        if (checked.contains(parameter.name) || !parameter.group.empty()) continue;
        if (!parameter.fallback.empty()) {
            auto value = convert_parameter(parameter, fallback_value(parameter),
                                           std::string(parameter.name) + " of " + call);
            if (!value) return value.error();
            checked.insert_or_assign(std::string(parameter.name), std::move(*value));
        } else if (parameter.need == Need::required) {
            return fail("bad_argument", call + " needs " + std::string(parameter.name) + " (" +
                                            std::string(to_text(parameter.type)) + ").");
        }
    }
    if (family.normalise)
        if (const auto normal = family.normalise(operation, checked); !normal)
            return normal.error();
    return checked;
}

}  // namespace perilune
