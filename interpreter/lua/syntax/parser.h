// Parses Lua source as LuaJIT without its Lua 5.2 extensions does, with the place of everything.
#pragma once

#include <string_view>

#include "interpreter/base/result.h"
#include "interpreter/lua/syntax/tree.h"

namespace perilune::syntax {

struct ParseLimits {
    std::size_t source_bytes_max = 1 << 20;
    std::uint32_t nesting_max = 200;  // Blocks, functions, tables and parentheses in each other.
    std::uint32_t height_max = 1000;  // Of one expression: calls and operators that follow one
                                      // another count too, as whoever walks the tree recurses.
};

// The tree of `source`, which it copies. An error is `syntax_error` with a message
// "FILE:LINE:COLUMN: Found what, expected what. What to write instead.", and its detail has
// `file`, `line`, `column` and `text`, the message without the place.
//
// Refused although LuaJIT takes them: a byte order mark, bytecode, NUL bytes, text that is not
// UTF-8 or is reordered by control characters, invisible characters and typographic quotes in
// names, 64-bit and imaginary numbers, a first line that begins with `#` but not with `#!`, and
// expressions higher than the limit. Accepted although LuaJIT has no room for them: functions with
// too many constants, registers, or upvalues (see diagnose.h).
Result<Tree> parse_lua(std::string_view source, std::string_view file, ParseLimits limits = {});

}  // namespace perilune::syntax
