// Reads what a runbook declares about its parameters.
#include <algorithm>
#include <cmath>

#include "interpreter/base/suggest.h"
#include "interpreter/library/parameter_value.h"
#include "interpreter/library/parameters.h"
#include "interpreter/library/problems.h"

namespace perilune {

namespace {

const std::vector<std::string> type_names = {"string",   "integer", "number", "boolean",
                                             "duration", "size",    "time",   "list"};
const std::vector<std::string> field_names = {"type", "required", "default", "min",
                                              "max",  "enum",     "pattern", "help"};
constexpr std::size_t parameters_max = 200;

bool is_identifier(std::string_view name) {
    if (name.empty() || name.size() > 60 || (name[0] >= '0' && name[0] <= '9')) return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    });
}

// Reads one declaration; `wrong` adds a problem that names it.
class Reader {
public:
    Reader(const std::string& name, const Value& declared, Problems& problems)
        : declared_(declared), problems_(problems) {
        read_.name = name;
    }

    ParameterDeclaration read() {
        if (!is_identifier(read_.name))
            wrong("is no name: write letters, digits and _, not beginning with a digit.");
        if (!declared_.is_map()) {
            wrong("must be a table such as { type = \"string\" }, but it is " +
                  std::string(declared_.kind()) + ".");
            return std::move(read_);
        }
        for (const auto& [field, value] : declared_.map())
            if (std::find(field_names.begin(), field_names.end(), field) == field_names.end())
                wrong("has no field " + in_quotes(field) + "." + did_you_mean(field, field_names) +
                      " It may have " + listed(field_names) + ".");
        if (!read_type()) return std::move(read_);
        read_required();
        read_.help = read_field_text("help");
        read_.min = read_bound("min");
        read_.max = read_bound("max");
        if (read_.min && read_.max && *read_.min > *read_.max)
            wrong("has a min above its max. Correct one of them.");
        read_pattern();
        read_choices();
        read_default();
        return std::move(read_);
    }

private:
    void wrong(const std::string& message) {
        problems_.add("The parameter " + in_quotes(read_.name) + " " + message);
    }

    bool read_type() {
        const Value& type = declared_["type"];
        const auto found = std::find(type_names.begin(), type_names.end(), type.text());
        if (type.is_text() && found != type_names.end()) {
            read_.type = static_cast<ParameterType>(found - type_names.begin());
            return true;
        }
        wrong(type.is_nil()
                  ? "needs a type: " + listed(type_names) + "."
                  : "has the type " +
                        (type.is_text() ? in_quotes(type.text()) : std::string(type.kind())) +
                        ", which is none." + did_you_mean(type.text(), type_names) + " There are " +
                        listed(type_names) + ".");
        return false;
    }

    void read_required() {
        const Value& required = declared_["required"];
        if (!required.is_nil() && !required.is_boolean())
            wrong("has a required that is " + std::string(required.kind()) +
                  "; write true or false.");
        read_.required = required.boolean();
        if (read_.required && declared_.has("default"))
            wrong("is required and has a default, which would never be used. Remove one of them.");
    }

    std::string read_field_text(const std::string& field) {
        const Value& value = declared_[field];
        if (!value.is_nil() && !value.is_text())
            wrong("has a " + field + " that is " + std::string(value.kind()) + "; write text.");
        return value.text();
    }

    std::optional<double> read_bound(const std::string& field) {
        const Value& bound = declared_[field];
        if (bound.is_nil()) return std::nullopt;
        if (read_.type == ParameterType::boolean) {
            wrong("is a boolean and has a " + field + ". Remove it.");
            return std::nullopt;
        }
        // Of texts and lists a count is bounded; else the bound has the parameter's own type.
        ParameterDeclaration plain;
        const bool counts =
            read_.type == ParameterType::string || read_.type == ParameterType::list;
        plain.type = counts ? ParameterType::integer : read_.type;
        const auto value = check_parameter(plain, bound);
        if (value) return value->number();
        wrong("has a " + field + " that " + value.error().message);
        return std::nullopt;
    }

    bool holds_text() const {
        return read_.type == ParameterType::string || read_.type == ParameterType::list;
    }

    void read_pattern() {
        read_.pattern = read_field_text("pattern");
        if (read_.pattern.empty()) return;
        if (!holds_text())
            return wrong("is of type " + std::string(to_text(read_.type)) +
                         " and has a pattern; only a string or list can. Remove it.");
        auto compiled = LuaPattern::compile(read_.pattern);
        if (!compiled) return wrong("has a pattern that is none. " + compiled.error().message);
        read_.compiled = std::move(*compiled);
    }

    void read_choices() {
        const Value& choices = declared_["enum"];
        if (choices.is_nil()) return;
        if (!choices.is_list() || choices.list().empty())
            return wrong("has an enum that is no list of values; write { \"one\", \"two\" }.");
        ParameterDeclaration plain = read_;
        const bool is_list = read_.type == ParameterType::list;
        if (is_list) plain.min = plain.max = std::nullopt;
        List read;
        for (const auto& choice : choices.list()) {
            const auto value = check_parameter(plain, is_list ? Value(List{choice}) : choice);
            if (!value) {
                // A choice with a dash is what the author means.
                if (choice.is_text() && choice.text().starts_with('-') && !read_.compiled) {
                    read.push_back(choice);
                    continue;
                }
                wrong("has a value in its enum that " + value.error().message);
                continue;
            }
            read.push_back(is_list ? value->list()[0] : *value);
        }
        read_.choices = std::move(read);
    }

    void read_default() {
        const Value& fallback = declared_["default"];
        if (fallback.is_nil()) return;
        const auto value = check_parameter(read_, fallback);
        if (!value) return wrong("has a default that " + value.error().message);
        read_.fallback = *value;
    }

    const Value& declared_;
    Problems& problems_;
    ParameterDeclaration read_;
};

}  // namespace

std::string_view to_text(ParameterType type) { return type_names[static_cast<std::size_t>(type)]; }

Result<ParameterDeclarations> read_declarations(const Value& declared) {
    ParameterDeclarations read;
    Problems problems("bad_declaration");
    const bool empty = declared.is_nil() || (declared.is_list() && declared.list().empty());
    if (!empty && !declared.is_map())
        return fail("bad_declaration",
                    "parameters must be a table of names to { type = … }, but "
                    "it is " +
                        std::string(declared.kind()) + ". Correct it.");
    if (declared.map().size() > parameters_max)
        return fail("bad_declaration", "The runbook declares more than 200 parameters. Split it.");
    for (const auto& [name, value] : declared.map())
        read[name] = Reader(name, value, problems).read();
    if (problems.any()) return problems.error();
    return read;
}

}  // namespace perilune
