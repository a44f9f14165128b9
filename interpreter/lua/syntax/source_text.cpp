#include "interpreter/lua/syntax/source_text.h"

#include <array>
#include <cstdio>

namespace perilune::syntax {

namespace {

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// The controls that reorder what a reader sees (CVE-2021-42574): an approval must not be given to
// a text that is executed in another order than it is shown.
bool reorders_text(std::uint32_t code_point) {
    return (code_point >= 0x202A && code_point <= 0x202E) ||
           (code_point >= 0x2066 && code_point <= 0x2069);
}

Problem problem_at(std::string_view source, std::size_t offset, std::string message) {
    return {PositionCursor(source).move_to(offset), std::move(message)};
}

std::string show_code_point(std::uint32_t code_point) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "U+%04X", static_cast<unsigned>(code_point));
    return text.data();
}

std::optional<Problem> find_unfit_character(std::string_view source, std::size_t offset,
                                            std::size_t& length) {
    if (source[offset] == '\0')
        return problem_at(source, offset,
                          "Found a NUL byte; a source is text. Remove the byte, or write \"\\0\" "
                          "inside a string.");
    const Character character = character_at(source, offset);
    if (character.length == 0)
        return problem_at(source, offset,
                          "Found bytes that are not UTF-8. Save the file as UTF-8, or write such "
                          "bytes as \"\\xNN\" inside a string.");
    if (reorders_text(character.code_point))
        return problem_at(source, offset,
                          "Found " + show_code_point(character.code_point) +
                              ", which makes text look as if it stood in another order than it is "
                              "executed. Remove it, or write it as \"\\u{…}\" inside a string.");
    length = character.length;
    return std::nullopt;
}

}  // namespace

Position PositionCursor::move_to(std::size_t offset) {
    while (here_.offset < offset) {
        const char byte = source_[here_.offset++];
        if (byte == '\n' || byte == '\r') {
            // "\r\n" and "\n\r" are one line's end, as in LuaJIT.
            if (here_.offset < source_.size()) {
                const char next = source_[here_.offset];
                if ((next == '\n' || next == '\r') && next != byte) ++here_.offset;
            }
            ++here_.line;
            here_.column = 1;
        } else if (!is_continuation(byte)) {
            ++here_.column;
        }
    }
    return here_;
}

Character character_at(std::string_view source, std::size_t offset) {
    const auto first = static_cast<unsigned char>(source[offset]);
    if (first < 0x80) return {first, 1};
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || offset + length > source.size()) return {};
    std::uint32_t code_point = first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if (!is_continuation(source[offset + i])) return {};
        code_point = code_point << 6 | (static_cast<unsigned char>(source[offset + i]) & 0x3FU);
    }
    static constexpr std::array<std::uint32_t, 5> smallest = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (code_point < smallest[length] || code_point > 0x10FFFF || surrogate) return {};
    return {code_point, length};
}

std::optional<Problem> find_unfit_bytes(std::string_view source, std::size_t source_bytes_max) {
    if (source.size() > source_bytes_max)
        return Problem{{},
                       "Found " + std::to_string(source.size()) + " bytes; a source may have " +
                           std::to_string(source_bytes_max) +
                           ". Split it into files that are joined by require."};
    if (source.starts_with('\x1b'))
        return Problem{{},
                       "Found bytecode (the file begins with ESC); only Lua source is accepted. "
                       "Give the source it was compiled from."};
    if (source.starts_with("\xEF\xBB\xBF"))
        return Problem{{},
                       "Found a byte order mark before the first character. Save the file as "
                       "UTF-8 without one."};
    for (std::size_t offset = 0; offset < source.size();) {
        std::size_t length = 1;
        const char byte = source[offset];
        if (byte <= 0) {
            if (auto problem = find_unfit_character(source, offset, length)) return problem;
        }
        offset += length;
    }
    return std::nullopt;
}

std::string show_problem(std::string_view file, const Problem& problem) {
    return std::string(file) + ":" + std::to_string(problem.position.line) + ":" +
           std::to_string(problem.position.column) + ": " + problem.message;
}

}  // namespace perilune::syntax
