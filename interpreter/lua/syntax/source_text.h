// Refuses bytes that are no Lua source, before anything reads them as tokens.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace perilune::syntax {

// Where something stands in a source. Lines and columns count from 1; a column is a character (not
// a byte), as an editor shows it. The offset counts bytes from 0.
struct Position {
    std::size_t offset = 0;
    std::uint32_t line = 1;
    std::uint32_t column = 1;
    bool operator==(const Position&) const = default;
};

// From the first byte to just past the last one.
struct Span {
    Position begin;
    Position end;
};

// One thing that is wrong, where, and what to do about it.
struct Problem {
    Position position;
    std::string message;
};

// Moves along a source and says the line and column of ever later offsets.
class PositionCursor {
public:
    explicit PositionCursor(std::string_view source) : source_(source) {}
    // `offset` must not be smaller than in the call before.
    Position move_to(std::size_t offset);

private:
    std::string_view source_;
    Position here_;
};

// The character that begins at `offset`, as its code point, and how many bytes it takes; a length
// of 0 where the bytes are no UTF-8 (RFC 3629).
struct Character {
    std::uint32_t code_point = 0;
    std::size_t length = 0;
};
Character character_at(std::string_view source, std::size_t offset);

// Finds bytecode, a byte order mark, NUL bytes, bytes that are no UTF-8, too long a text, and
// characters that make an editor show text in another order than it is executed.
std::optional<Problem> find_unfit_bytes(std::string_view source, std::size_t source_bytes_max);

// "FILE:LINE:COLUMN: MESSAGE".
std::string show_problem(std::string_view file, const Problem& problem);

}  // namespace perilune::syntax
