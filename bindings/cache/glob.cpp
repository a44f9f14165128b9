#include "bindings/cache/glob.h"

#include <algorithm>

namespace perilune {

namespace {

// One sign of a class, a backslash before it left out.
char read_sign(std::string_view pattern, std::size_t& at) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
    return pattern[at++];
}

// Whether `sign` is in the class that begins at `at`, behind its bracket; moves `at` past its end.
// A class that never ends reaches to the pattern's end, as in Redis.
bool matches_class(std::string_view pattern, std::size_t& at, char sign) {
    const bool negated = at < pattern.size() && pattern[at] == '^';
    if (negated) ++at;
    bool found = false;
    while (at < pattern.size() && pattern[at] != ']') {
        char first = read_sign(pattern, at);
        char last = first;
        if (at + 1 < pattern.size() && pattern[at] == '-') {
            ++at;
            last = read_sign(pattern, at);
        }
        if (first > last) std::swap(first, last);
        found = found || (sign >= first && sign <= last);
    }
    if (at < pattern.size()) ++at;
    return found != negated;
}

// Matches one sign of the text; moves `at` past its part of the pattern.
bool matches_one(std::string_view pattern, std::size_t& at, char sign) {
    if (pattern[at] == '?') return ++at > 0;
    if (pattern[at] == '[') return matches_class(pattern, ++at, sign);
    return read_sign(pattern, at) == sign;
}

}  // namespace

// Only the last star is gone back to: what an earlier one took need not change.
bool matches_glob(std::string_view pattern, std::string_view text) {
    std::size_t at = 0;
    std::size_t place = 0;
    std::size_t star = std::string_view::npos;
    std::size_t star_place = 0;
    while (place < text.size()) {
        if (at < pattern.size() && pattern[at] == '*') {
            star = ++at;
            star_place = place;
            continue;
        }
        std::size_t next = at;
        if (at < pattern.size() && matches_one(pattern, next, text[place])) {
            at = next;
            ++place;
        } else if (star != std::string_view::npos) {
            at = star;
            place = ++star_place;
        } else {
            return false;
        }
    }
    while (at < pattern.size() && pattern[at] == '*') ++at;
    return at == pattern.size();
}

}  // namespace perilune
