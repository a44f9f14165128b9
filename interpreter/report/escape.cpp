#include "interpreter/report/escape.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "interpreter/report/code_points.h"

namespace perilune::report {

namespace {

void append_escaped(std::string& out, const CodePoint& point) {
    if (point.valid && point.value == '\n') {
        out += "\\n";
    } else if (point.valid && point.value == '\t') {
        out += "\\t";
    } else if (point.valid && point.value == '\r') {
        out += "\\r";
    } else {
        const bool byte = !point.valid || point.value < 0x80;
        std::array<char, 16> text{};
        std::snprintf(text.data(), text.size(), byte ? "\\x%02x" : "\\u{%x}",
                      static_cast<unsigned>(point.value));
        out += text.data();
    }
}

std::string make_shown(std::string_view text, bool keeps_lines) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint point = code_point_at(text, at);
        const bool line = point.value == '\n' || point.value == '\t';
        if (point.valid && (!is_hidden(point.value) || (line && keeps_lines))) {
            out += text.substr(at, point.bytes);
        } else {
            append_escaped(out, point);
        }
        at += point.bytes;
    }
    return out;
}

std::string with_entities(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += c;
        }
    }
    return out;
}

// What would make a line a list item, a heading's underline or a rule is taken literally.
std::string without_block_mark(const std::string& line) {
    const std::size_t start = line.find_first_not_of(' ');
    if (start == std::string::npos) return {};
    std::size_t mark = start;
    while (mark < line.size() && line[mark] >= '0' && line[mark] <= '9') ++mark;
    const std::string_view marks = mark > start ? ".)" : "-+=";
    if (mark == line.size() || marks.find(line[mark]) == std::string_view::npos)
        return line.substr(start);
    return line.substr(start, mark - start) + "\\" + line.substr(mark);
}

bool is_plain_in_shell(char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter || std::string_view("_-./:,+@%").find(c) != std::string_view::npos;
}

bool is_quotable(char c) {
    return is_plain_in_shell(c) || static_cast<unsigned char>(c) >= 0x80 ||
           std::string_view(" ?=#()[]{}'&;|<>*~").find(c) != std::string_view::npos;
}

}  // namespace

std::string shown(std::string_view text) { return make_shown(text, false); }

std::string shown_lines(std::string_view text) { return make_shown(text, true); }

std::vector<std::string> lines_of(std::string_view text) {
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    std::vector<std::string> lines;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string_view line = text.substr(at, end - at);
        if (line.ends_with('\r')) line.remove_suffix(1);
        std::string plain;
        for (const char c : shown_lines(line)) plain += c == '\t' ? "    " : std::string(1, c);
        lines.push_back(std::move(plain));
        at = end + 1;
    }
    return lines;
}

std::string html(std::string_view text) { return with_entities(shown(text)); }

std::string html_lines(std::string_view text) { return with_entities(shown_lines(text)); }

std::string markdown(std::string_view text) {
    const std::string plain = shown(text);
    std::string out;
    for (std::size_t at = 0; at < plain.size(); ++at) {
        const char c = plain[at];
        const std::string_view rest = std::string_view(plain).substr(at);
        // GitHub's Markdown makes links of "://" and of "www.".
        const bool link = rest.starts_with("://") ||
                          (c == '.' && std::string_view(plain).substr(0, at).ends_with("www"));
        if (link || std::string_view("\\`*_[]|~$@#").find(c) != std::string_view::npos) {
            out += '\\';
            out += c;
        } else if (c == '&' || c == '<' || c == '>') {
            out += with_entities(plain.substr(at, 1));
        } else {
            out += c;
        }
    }
    return out;
}

std::string markdown_lines(std::string_view text, const std::string& indent) {
    std::string out;
    for (const auto& line : lines_of(text)) {
        const std::string drawn = without_block_mark(markdown(line));
        if (drawn.empty()) continue;
        out += (out.empty() ? "" : "\\\n" + indent) + drawn;
    }
    return out;
}

std::string markdown_cell(std::string_view text) {
    std::string out;
    for (const auto& line : lines_of(text)) out += (out.empty() ? "" : "<br>") + markdown(line);
    return out;
}

std::string command_word(std::string_view text) {
    const std::string word = shown(text);
    bool plain = !word.empty();
    bool quotable = true;
    for (const char c : word) {
        plain = plain && is_plain_in_shell(c);
        quotable = quotable && is_quotable(c);
    }
    if (plain) return word;
    if (quotable) return "\"" + word + "\"";
    // In single quotes a shell reads nothing; a single quote itself stands outside of them.
    std::string quoted = "'";
    for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

}  // namespace perilune::report
