// The plain data that an expression is, where the file alone says it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "interpreter/base/value.h"
#include "interpreter/lua/syntax/scopes.h"

namespace perilune::syntax {

// Numbers, text, booleans, nil, arithmetic and joined text of them, locals that are only ever one
// of them, and tables of them: a list, or a map with text keys. An empty table is an empty map.
std::optional<Value> literal_value(const Scopes& scopes, const Expression& expression);

// The texts that an expression may be. `complete` is false where it may also be something else.
struct PossibleTexts {
    std::vector<std::string> texts;
    bool complete = true;
};
PossibleTexts possible_texts(const Scopes& scopes, const Expression& expression);

}  // namespace perilune::syntax
