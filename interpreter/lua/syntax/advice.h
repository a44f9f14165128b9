// Says what a writer used to other languages probably meant where Lua source goes wrong.
#pragma once

#include <string>
#include <string_view>

#include "interpreter/lua/syntax/tokens.h"

namespace perilune::syntax {

// What the parser looked for when it met something else.
enum class Expecting {
    other,
    statement,
    assignment,
    expression,
    then_word,
    do_word,
    name,
    method,
    end_of_call,
    end_of_table,
    end_word
};

// What was met, and the token before it.
struct Finding {
    std::string_view source;
    const Token& found;
    Expecting expecting = Expecting::other;
    std::string_view before;  // The text of the token before.
};

// "\"then\"", "the end of the file", "the string \"abc\""; whole foreign operators such as "&&".
std::string describe_token(std::string_view source, const Token& token);
// " Not equal is written \"~=\" in Lua.", or nothing where there is no better idea.
std::string advise(const Finding& finding);

}  // namespace perilune::syntax
