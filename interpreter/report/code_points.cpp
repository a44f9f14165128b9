#include "interpreter/report/code_points.h"

#include <algorithm>
#include <array>

namespace perilune::report {

namespace {

struct Range {
    char32_t first;
    char32_t last;
};

// Unicode's general categories Cc, Cf, Zl and Zp, and the fillers that show as nothing.
constexpr std::array<Range, 17> hidden = {{{0x00, 0x1f},
                                           {0x7f, 0x9f},
                                           {0xad, 0xad},
                                           {0x34f, 0x34f},
                                           {0x61c, 0x61c},
                                           {0x115f, 0x1160},
                                           {0x180e, 0x180e},
                                           {0x200b, 0x200f},
                                           {0x2028, 0x202e},
                                           {0x2060, 0x206f},
                                           {0x3164, 0x3164},
                                           {0xfeff, 0xfeff},
                                           {0xffa0, 0xffa0},
                                           {0xfff9, 0xfffb},
                                           {0xfffe, 0xffff},
                                           {0x1d173, 0x1d17a},
                                           {0xe0000, 0xe0fff}}};

constexpr std::array<Range, 8> combining = {{{0x300, 0x36f},
                                             {0x483, 0x489},
                                             {0x591, 0x5bd},
                                             {0x610, 0x61a},
                                             {0x64b, 0x65f},
                                             {0x1ab0, 0x1aff},
                                             {0x20d0, 0x20ff},
                                             {0xfe00, 0xfe0f}}};

// Unicode Standard Annex 11: wide and fullwidth.
constexpr std::array<Range, 13> wide = {{{0x1100, 0x115f},
                                         {0x231a, 0x231b},
                                         {0x23e9, 0x23ec},
                                         {0x2e80, 0x303e},
                                         {0x3041, 0x33ff},
                                         {0x3400, 0x4dbf},
                                         {0x4e00, 0x9fff},
                                         {0xa000, 0xa4cf},
                                         {0xac00, 0xd7a3},
                                         {0xf900, 0xfaff},
                                         {0xfe30, 0xff60},
                                         {0x1f300, 0x1faff},
                                         {0x20000, 0x3fffd}}};

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, char32_t value) {
    return std::any_of(ranges.begin(), ranges.end(), [value](const Range& range) {
        return value >= range.first && value <= range.last;
    });
}

}  // namespace

CodePoint code_point_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t offset) {
        return static_cast<unsigned char>(text[at + offset]);
    };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return {.value = lead, .bytes = 1, .valid = true};
    const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || at + bytes > text.size())
        return {.value = lead, .bytes = 1, .valid = false};
    char32_t value = lead & (0xffu >> (bytes + 1));
    for (std::size_t i = 1; i < bytes; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return {.value = lead, .bytes = 1, .valid = false};
        value = (value << 6) | (byte(i) & 0x3fu);
    }
    // RFC 3629, 3: no longer form than needed, no surrogates, nothing beyond U+10FFFF.
    static constexpr std::array<char32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < least[bytes] || surrogate || value > 0x10ffff)
        return {.value = lead, .bytes = 1, .valid = false};
    return {.value = value, .bytes = bytes, .valid = true};
}

bool is_hidden(char32_t value) { return is_in(hidden, value); }

int width_of(char32_t value) {
    if (value < 0x300) return 1;
    if (is_in(combining, value)) return 0;
    return is_in(wide, value) ? 2 : 1;
}

int width_of(std::string_view text) {
    int width = 0;
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint point = code_point_at(text, at);
        width += width_of(point.value);
        at += point.bytes;
    }
    return width;
}

}  // namespace perilune::report
