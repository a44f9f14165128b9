// One value of one parameter: read from text or checked as it is.
#pragma once

#include <string>
#include <string_view>

#include "interpreter/library/parameters.h"

namespace perilune {

// The value that the text says for the declared type, within its bounds. An error's message
// completes "NAME …": "must be a whole number, but it is \"x\"."
Result<Value> parse_parameter(const ParameterDeclaration& declaration, std::string_view text);

// The same for a value that is none of the command line's: a number may be given as one, a duration
// as seconds or text.
Result<Value> check_parameter(const ParameterDeclaration& declaration, const Value& value);

// What would have been right: "a duration such as \"30m\"".
std::string_view expected_text(ParameterType type);

}  // namespace perilune
