#include "interpreter/lua/syntax/literals.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "interpreter/lua/syntax/source_text.h"

namespace perilune::syntax {

namespace {

constexpr std::size_t binary_digits_max = 64;
constexpr int exponent_max = 1 << 20;  // LuaJIT calls a larger exponent malformed.

int digit_value(char byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    const char lower = static_cast<char>(byte | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 99;
}

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

char lower_at(std::string_view text, std::size_t at) {
    return at < text.size() ? static_cast<char>(text[at] | 0x20) : '\0';
}

// Where the exponent that begins at `at` ends; npos where it has no digits or is absurd.
std::size_t skip_exponent(std::string_view written, std::size_t at) {
    ++at;
    if (at < written.size() && (written[at] == '+' || written[at] == '-')) ++at;
    if (at >= written.size() || !is_digit(written[at])) return std::string_view::npos;
    int exponent = 0;
    for (; at < written.size() && is_digit(written[at]); ++at) {
        if (exponent <= exponent_max) exponent = exponent * 10 + (written[at] - '0');
    }
    return exponent > exponent_max ? std::string_view::npos : at;
}

double number_of(std::string_view digits, int base) {
    double number = 0;
    if (base == 2) {
        for (const char digit : digits) number = number * 2 + (digit - '0');
        return number;
    }
    const auto format = base == 16 ? std::chars_format::hex : std::chars_format::general;
    const auto end = digits.data() + digits.size();
    if (std::from_chars(digits.data(), end, number, format).ec == std::errc()) return number;
    // Out of range: too small is nothing, too large is infinite, as in LuaJIT.
    const std::size_t exponent = digits.find_first_of(base == 16 ? "pP" : "eE");
    const bool tiny = exponent != std::string_view::npos && digits[exponent + 1] == '-';
    return tiny ? 0.0 : HUGE_VAL;
}

std::string malformed(std::string_view written) {
    return "Found the malformed number \"" + std::string(written.substr(0, 40)) + "\".";
}

// The code point written at `at` as "{XXX}", moving `at` past it; nothing where it is malformed.
std::optional<std::uint32_t> read_code_point(std::string_view written, std::size_t& at) {
    if (at >= written.size() || written[at] != '{') return std::nullopt;
    std::uint32_t code_point = 0;
    const std::size_t begin = ++at;
    for (; at < written.size() && digit_value(written[at]) < 16; ++at) {
        code_point = code_point << 4 | static_cast<std::uint32_t>(digit_value(written[at]));
        if (code_point > 0x10FFFF) return std::nullopt;
    }
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (at == begin || surrogate || at >= written.size() || written[at] != '}') return std::nullopt;
    ++at;
    return code_point;
}

// Up to three decimal digits; nothing where they say more than a byte holds.
std::optional<char> read_decimal(std::string_view written, std::size_t& at) {
    int byte = 0;
    for (int digits = 0; digits < 3 && at < written.size() && is_digit(written[at]); ++digits)
        byte = byte * 10 + (written[at++] - '0');
    if (byte > 255) return std::nullopt;
    return static_cast<char>(byte);
}

char simple_escape(char letter) {
    switch (letter) {
        case 'a': return '\a';
        case 'b': return '\b';
        case 'f': return '\f';
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        case 'v': return '\v';
        case '\\':
        case '"':
        case '\'': return letter;
        default: return '\0';
    }
}

bool is_blank(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

// Reads the escape whose letter stands at `at`; false where there is no such escape.
bool read_escape(std::string_view written, std::size_t& at, std::string& text) {
    if (at >= written.size()) return false;
    const char letter = written[at];
    if (const char simple = simple_escape(letter)) {
        text += simple;
        ++at;
    } else if (letter == 'x') {
        if (at + 2 >= written.size()) return false;
        const int high = digit_value(written[at + 1]);
        const int low = digit_value(written[at + 2]);
        if (high > 15 || low > 15) return false;
        text += static_cast<char>(high * 16 + low);
        at += 3;
    } else if (letter == 'u') {
        const auto code_point = read_code_point(written, ++at);
        if (!code_point) return false;
        append_utf8(text, *code_point);
    } else if (letter == 'z') {
        for (++at; at < written.size() && is_blank(written[at]);) ++at;
    } else if (letter == '\n' || letter == '\r') {
        text += '\n';
        ++at;
        const char next = at < written.size() ? written[at] : '\0';
        if ((next == '\n' || next == '\r') && next != letter) ++at;
    } else if (is_digit(letter)) {
        const auto byte = read_decimal(written, at);
        if (!byte) return false;
        text += *byte;
    } else {
        return false;
    }
    return true;
}

}  // namespace

NumberReading read_number_text(std::string_view written) {
    const bool prefixed = written.starts_with('0');
    const char letter = prefixed ? lower_at(written, 1) : '\0';
    const int base = letter == 'x' ? 16 : letter == 'b' ? 2 : 10;
    const std::string_view rest = base == 10 ? written : written.substr(2);
    std::size_t at = 0;
    std::size_t digits = 0;
    bool has_dot = false;
    for (; at < rest.size(); ++at) {
        if (digit_value(rest[at]) < base) {
            ++digits;
        } else if (rest[at] == '.' && !has_dot && base != 2) {
            has_dot = true;
        } else {
            break;
        }
    }
    if (digits == 0 || (base == 2 && digits > binary_digits_max)) return {0, malformed(written)};
    bool has_exponent = false;
    if (base != 2 && lower_at(rest, at) == (base == 16 ? 'p' : 'e')) {
        has_exponent = true;
        at = skip_exponent(rest, at);
        if (at == std::string_view::npos) return {0, malformed(written)};
    }
    if (at == rest.size()) return {number_of(rest, base), ""};
    const std::string_view suffix = rest.substr(at);
    const bool wide = lower_at(suffix, 0) == 'l' || lower_at(suffix, 0) == 'u';
    if (wide && lower_at(suffix, 1) == 'l' && !has_dot && !has_exponent)
        return {0, "Found \"" + std::string(written.substr(0, 40)) +
                       "\"; 64-bit integers are not part of a runbook's Lua. Write a plain number, "
                       "which is exact up to 2^53."};
    if (suffix.size() == 1 && lower_at(suffix, 0) == 'i')
        return {0, "Found \"" + std::string(written.substr(0, 40)) +
                       "\"; imaginary numbers are not part of a runbook's Lua."};
    return {0, malformed(written)};
}

TextReading read_escapes(std::string_view written) {
    TextReading reading;
    reading.text.reserve(written.size());
    for (std::size_t at = 0; at < written.size();) {
        if (written[at] != '\\') {
            reading.text += written[at++];
            continue;
        }
        const std::size_t begin = at++;
        if (!read_escape(written, at, reading.text)) {
            const bool last = begin + 1 >= written.size();
            const std::size_t length = last ? 0 : character_at(written, begin + 1).length;
            reading.problem = "Found the unknown escape \"" +
                              std::string(written.substr(begin, 1 + length)) +
                              "\" in a string. A backslash itself is written \"\\\\\".";
            reading.problem_offset = begin;
            return reading;
        }
    }
    return reading;
}

void append_utf8(std::string& text, std::uint32_t code_point) {
    if (code_point < 0x80) {
        text += static_cast<char>(code_point);
    } else if (code_point < 0x800) {
        text += static_cast<char>(0xC0 | code_point >> 6);
        text += static_cast<char>(0x80 | (code_point & 0x3F));
    } else if (code_point < 0x10000) {
        text += static_cast<char>(0xE0 | code_point >> 12);
        text += static_cast<char>(0x80 | (code_point >> 6 & 0x3F));
        text += static_cast<char>(0x80 | (code_point & 0x3F));
    } else {
        text += static_cast<char>(0xF0 | code_point >> 18);
        text += static_cast<char>(0x80 | (code_point >> 12 & 0x3F));
        text += static_cast<char>(0x80 | (code_point >> 6 & 0x3F));
        text += static_cast<char>(0x80 | (code_point & 0x3F));
    }
}

}  // namespace perilune::syntax
