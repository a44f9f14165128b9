// Lua's patterns in the host: a declared `pattern` checks a parameter before any Lua is started.
#pragma once

#include <bitset>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

// A pattern as string.find reads it (Lua 5.1 reference manual, 5.4.1, and %f and %g as LuaJIT has
// them). Matching is bounded: a pattern that would take too long gives an error, never a wait.
class LuaPattern {
public:
    // Refuses at once what Lua refuses only when it gets there: an open capture, a stray bracket, a
    // reference to a capture that is not closed. At most 1,000 bytes.
    static Result<LuaPattern> compile(std::string_view pattern);

    struct Match {
        std::size_t first = 0;
        std::size_t end = 0;  // One past the last byte.
        bool operator==(const Match&) const = default;
    };
    // The first match anywhere in the text (at the start where the pattern begins with "^"), or
    // nothing. Code "too_complex" after `steps_max` steps.
    Result<std::optional<Match>> find(std::string_view text, std::size_t steps_max = 1000000) const;

private:
    static constexpr std::size_t captures_max = 32;
    using Bytes = std::bitset<256>;
    enum class Kind { bytes, open, position, close, reference, balance, frontier, end };
    struct Item {
        Kind kind = Kind::bytes;
        Bytes bytes = {};         // Of bytes and frontier.
        char repeat = '1';        // Of bytes: '1', '*', '+', '-' or '?'.
        std::size_t capture = 0;  // Of open, position, close and reference.
        char from = 0;            // Of balance.
        char to = 0;
    };
    class Compiler;
    class Matcher;

    std::vector<Item> items_;
    bool anchored_ = false;
};

}  // namespace perilune
