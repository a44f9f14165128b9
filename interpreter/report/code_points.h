// UTF-8 read one code point at a time, with the width of each on a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace perilune::report {

struct CodePoint {
    char32_t value = 0;
    std::size_t bytes = 1;
    bool valid = false;  // False where the byte at this place begins no well-formed code point.
};

// The code point at `at`, which must lie within the text.
CodePoint code_point_at(std::string_view text, std::size_t at);

// Controls, direction marks and other things that show nothing or change what stands around them.
bool is_hidden(char32_t value);

// Columns on a terminal: 0 for combining marks, 2 for wide East Asian characters and emoji, else 1.
int width_of(char32_t value);
int width_of(std::string_view text);

}  // namespace perilune::report
