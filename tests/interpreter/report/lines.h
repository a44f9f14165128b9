// Small questions about rendered lines.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "interpreter/report/code_points.h"

namespace perilune::report_test {

inline std::string joined(const std::vector<std::string>& lines) {
    std::string all;
    for (const auto& line : lines) all += line + "\n";
    return all;
}

inline bool has(const std::string& text, const std::string& wanted) {
    return text.find(wanted) != std::string::npos;
}

inline int count(const std::string& text, const std::string& wanted) {
    int found = 0;
    for (auto at = text.find(wanted); at != std::string::npos; at = text.find(wanted, at + 1))
        ++found;
    return found;
}

// The widest line, in columns of a terminal.
inline int widest(const std::string& text) {
    int most = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        most = std::max(most, report::width_of(std::string_view(text).substr(at, end - at)));
        at = end + 1;
    }
    return most;
}

// True where no byte moves a cursor or hides: only line ends, and escapes where they are allowed.
inline bool is_harmless(const std::string& text, bool colours = false) {
    for (std::size_t at = 0; at < text.size();) {
        const auto point = report::code_point_at(text, at);
        if (!point.valid) return false;
        const bool escape = colours && point.value == 0x1b;
        if (report::is_hidden(point.value) && point.value != '\n' && !escape) return false;
        at += point.bytes;
    }
    return true;
}

}  // namespace perilune::report_test
