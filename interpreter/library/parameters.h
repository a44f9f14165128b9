// Parameters of a runbook: what it declares, and what a person or the environment gives.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "interpreter/base/result.h"
#include "interpreter/library/lua_pattern.h"

namespace perilune {

enum class ParameterType { string, integer, number, boolean, duration, size, time, list };
std::string_view to_text(ParameterType type);

struct ParameterDeclaration {
    std::string name;
    ParameterType type = ParameterType::string;
    bool required = false;
    Value fallback;  // The default; nil where there is none.
    // Bounds of the number, of the seconds, bytes or Unix seconds, of the characters of a string,
    // of the items of a list.
    std::optional<double> min;
    std::optional<double> max;
    List choices;  // `enum`: the only values allowed (of a list: the only items); empty: all.
    std::string pattern;  // A Lua pattern that a string (or each item) must have a match for.
    std::optional<LuaPattern> compiled;
    std::string help;
};

using ParameterDeclarations = std::map<std::string, ParameterDeclaration>;

// Reads what a runbook declares under `parameters`: a map of name to { type, required, default,
// min, max, enum, pattern, help }. All that is wrong is reported at once (code "bad_declaration").
Result<ParameterDeclarations> read_declarations(const Value& declared);

// Reads "name=value" texts. What is not given comes from `defaults` (the environment's: values, or
// texts as on the command line), then from the declaration. The result has numbers for durations
// (seconds), sizes (bytes) and times (Unix seconds). All that is wrong is reported at once (code
// "bad_parameters"): missing, unknown, twice, of the wrong type, out of bounds, control bytes, text
// that is not UTF-8, more than 64 KiB, numbers that are no finite number or a negative zero.
Result<Map> read_parameters(const ParameterDeclarations& declarations,
                            const std::vector<std::string>& texts, const Map& defaults = {});

// The same for values that a program gives (a test, a child run, a webhook).
Result<Map> check_parameters(const ParameterDeclarations& declarations, const Map& values,
                             const Map& defaults = {});

// One parameter as a line of help: "outage_began (time, required): when the first alarm fired".
std::string describe(const ParameterDeclaration& declaration);

}  // namespace perilune
