// Joins what is given, what the environment says and what is declared into one map.
#include "interpreter/library/parameters.h"

#include <set>

#include "interpreter/base/suggest.h"
#include "interpreter/library/parameter_value.h"
#include "interpreter/library/problems.h"

namespace perilune {

namespace {

constexpr std::size_t texts_max = 1000;

std::vector<std::string> names_of(const ParameterDeclarations& declarations) {
    std::vector<std::string> names;
    for (const auto& [name, declaration] : declarations) names.push_back(name);
    return names;
}

// "There are "a" and "b"", or that there are none.
std::string advice(std::string_view wrong, const ParameterDeclarations& declarations) {
    const auto names = names_of(declarations);
    if (names.empty()) return " This runbook takes none: remove it.";
    return did_you_mean(wrong, names) + " It takes " + listed(names, 30) + ".";
}

struct Given {
    std::string name;
    std::string text;
};

// Splits "name=value"; nothing, and a problem, where it is not written like that.
std::optional<Given> split(std::string_view text, const ParameterDeclarations& declarations,
                           Problems& problems) {
    const auto equals = text.find('=');
    const std::string shown = in_quotes(text.substr(0, equals));
    if (text.starts_with('-')) {
        std::string_view name = text.substr(0, equals);
        while (name.starts_with('-')) name.remove_prefix(1);
        const bool known = declarations.contains(std::string(name));
        problems.add("The argument " + shown + " begins with a dash, and a parameter does not. " +
                     (known ? "Write " + std::string(name) + "=VALUE."
                            : std::string("Write name=VALUE; options come before the runbook.")));
        return std::nullopt;
    }
    if (equals == std::string_view::npos || equals == 0) {
        problems.add("The argument " + shown + " is no parameter: write name=VALUE.");
        return std::nullopt;
    }
    return Given{.name = std::string(text.substr(0, equals)),
                 .text = std::string(text.substr(equals + 1))};
}

// The whole that read_parameters and check_parameters share: values that are already split by name.
class Collector {
public:
    Collector(const ParameterDeclarations& declarations, Problems& problems)
        : declarations_(declarations), problems_(problems) {}

    // The declaration of a name that is given once; null, and a problem, otherwise.
    const ParameterDeclaration* meet(const std::string& name) {
        const auto found = declarations_.find(name);
        if (found == declarations_.end()) {
            problems_.add("There is no parameter " + in_quotes(name) + "." +
                          advice(name, declarations_));
            return nullptr;
        }
        if (met_.insert(name).second) return &found->second;
        problems_.add("The parameter " + in_quotes(name) + " is given twice. Give it once.");
        return nullptr;
    }

    void take(const ParameterDeclaration& declaration, const Result<Value>& value,
              std::string_view whose = "") {
        if (value) {
            values_[declaration.name] = *value;
            return;
        }
        const std::string help = declaration.help.empty() ? "" : " (" + declaration.help + ")";
        problems_.add(std::string(whose) + in_quotes(declaration.name) + help + " " +
                      value.error().message);
    }

    Result<Map> finish(const Map& defaults) {
        for (const auto& [name, value] : defaults) {
            const auto found = declarations_.find(name);
            if (found == declarations_.end()) {
                problems_.add("The environment has a default for the parameter " + in_quotes(name) +
                              ", which the runbook has not." + advice(name, declarations_));
            } else if (met_.insert(name).second) {
                take(found->second, check_parameter(found->second, value),
                     "The environment's default for ");
            }
        }
        for (const auto& [name, declaration] : declarations_) {
            if (met_.contains(name)) continue;
            if (declaration.required) {
                problems_.add("The parameter " + describe(declaration) + " is missing. Add " +
                              name + "=VALUE, " + std::string(expected_text(declaration.type)) +
                              ".");
            } else if (!declaration.fallback.is_nil()) {
                values_[name] = declaration.fallback;
            }
        }
        if (problems_.any()) return problems_.error();
        return std::move(values_);
    }

private:
    const ParameterDeclarations& declarations_;
    Problems& problems_;
    std::set<std::string> met_;
    Map values_;
};

}  // namespace

Result<Map> read_parameters(const ParameterDeclarations& declarations,
                            const std::vector<std::string>& texts, const Map& defaults) {
    Problems problems("bad_parameters");
    if (texts.size() > texts_max)
        return fail("bad_parameters", "There are more than 1,000 arguments. Give fewer.");
    Collector collector(declarations, problems);
    for (const auto& text : texts) {
        const auto given = split(text, declarations, problems);
        if (!given) continue;
        if (const ParameterDeclaration* declaration = collector.meet(given->name))
            collector.take(*declaration, parse_parameter(*declaration, given->text));
    }
    return collector.finish(defaults);
}

Result<Map> check_parameters(const ParameterDeclarations& declarations, const Map& values,
                             const Map& defaults) {
    Problems problems("bad_parameters");
    Collector collector(declarations, problems);
    for (const auto& [name, value] : values)
        if (const ParameterDeclaration* declaration = collector.meet(name))
            collector.take(*declaration, check_parameter(*declaration, value));
    return collector.finish(defaults);
}

std::string describe(const ParameterDeclaration& declaration) {
    std::string line = declaration.name + " (" + std::string(to_text(declaration.type));
    if (declaration.required) line += ", required";
    line += ")";
    return declaration.help.empty() ? line : line + ": " + declaration.help;
}

}  // namespace perilune
