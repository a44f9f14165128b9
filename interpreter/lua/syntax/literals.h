// Turns numbers and strings as they are written in Lua into their values.
#pragma once

#include <string>
#include <string_view>

namespace perilune::syntax {

// What a written number means, or what is wrong with it.
struct NumberReading {
    double number = 0;
    std::string problem;  // Empty where the number is fine.
};
// Decimal, hexadecimal (also with a fraction and a binary exponent) and binary ("0b101").
NumberReading read_number_text(std::string_view written);

// What the text between the quotes of a short string means.
struct TextReading {
    std::string text;
    std::string problem;             // Empty where the string is fine.
    std::size_t problem_offset = 0;  // From the beginning of `written`.
};
TextReading read_escapes(std::string_view written);

// Appends the code point as UTF-8.
void append_utf8(std::string& text, std::uint32_t code_point);

}  // namespace perilune::syntax
