#include "interpreter/report/layout.h"

#include <algorithm>

#include "interpreter/report/code_points.h"
#include "interpreter/report/escape.h"

namespace perilune::report {

namespace {

constexpr int columns_min = 24;  // Below that nothing is readable; lines are then longer.
constexpr int cell_min = 5;

const char* colour_of(Tone tone) {
    switch (tone) {
        case Tone::muted: return "2";
        case Tone::strong: return "1";
        case Tone::good: return "32";
        case Tone::bad:
        case Tone::doubt: return "1;31";
        case Tone::waits: return "33";
        case Tone::runs: return "36";
        case Tone::plain: break;
    }
    return nullptr;
}

// How many bytes of the text fit into `width` columns, whole code points only.
std::size_t fitting(std::string_view text, int width) {
    std::size_t at = 0;
    int used = 0;
    while (at < text.size()) {
        const CodePoint point = code_point_at(text, at);
        used += width_of(point.value);
        if (used > width) break;
        at += point.bytes;
    }
    return at;
}

std::string without_end_spaces(std::string_view text) {
    while (text.ends_with(' ')) text.remove_suffix(1);
    return std::string(text);
}

std::vector<int> column_widths(const Table& table, int columns) {
    std::vector<int> widths;
    for (std::size_t column = 0; column < table.head.size(); ++column) {
        int widest = width_of(table.head[column]);
        for (const auto& row : table.rows) widest = std::max(widest, width_of(row[column].text));
        widths.push_back(widest);
    }
    const auto total = [&] {
        int sum = 2 * (static_cast<int>(widths.size()) - 1);
        for (const int width : widths) sum += width;
        return sum;
    };
    const auto may_shrink = [&](std::size_t column) {
        return widths[column] > cell_min &&
               std::find(table.whole.begin(), table.whole.end(), column) == table.whole.end();
    };
    while (total() > columns) {
        std::size_t widest = widths.size();
        for (std::size_t column = 0; column < widths.size(); ++column)
            if (may_shrink(column) && (widest == widths.size() || widths[column] > widths[widest]))
                widest = column;
        if (widest == widths.size()) break;
        --widths[widest];
    }
    return widths;
}

}  // namespace

std::string_view to_text(Tone tone) {
    switch (tone) {
        case Tone::plain: return "plain";
        case Tone::muted: return "muted";
        case Tone::strong: return "strong";
        case Tone::good: return "good";
        case Tone::bad: return "bad";
        case Tone::doubt: return "doubt";
        case Tone::waits: return "waits";
        case Tone::runs: break;
    }
    return "runs";
}

std::string paint(const Style& style, Tone tone, std::string_view text) {
    const char* colour = colour_of(tone);
    if (!style.colour || !colour || text.empty()) return std::string(text);
    return "\x1b[" + std::string(colour) + "m" + std::string(text) + "\x1b[0m";
}

std::string cut(std::string_view text, int width) {
    if (width_of(text) <= width) return std::string(text);
    if (width <= 0) return {};
    return without_end_spaces(text.substr(0, fitting(text, width - 1))) + "…";
}

std::string pad(std::string_view text, int width) {
    const int missing = width - width_of(text);
    return std::string(text) + std::string(static_cast<std::size_t>(std::max(0, missing)), ' ');
}

std::vector<std::string> wrap(std::string_view text, int width) {
    std::vector<std::string> lines;
    while (width_of(text) > width) {
        std::size_t end = std::max(fitting(text, width), code_point_at(text, 0).bytes);
        const std::size_t space = text.substr(0, end + 1).rfind(' ');
        // A break far to the left would waste the line: a long word is then broken itself.
        const bool at_space = space != std::string_view::npos && space > 0 && space * 3 >= end;
        if (at_space) end = space;
        lines.push_back(without_end_spaces(text.substr(0, end)));
        text.remove_prefix(end);
        while (text.starts_with(' ')) text.remove_prefix(1);
        if (text.empty()) return lines;
    }
    lines.emplace_back(text);
    return lines;
}

void Page::add(std::string_view text, Tone tone) { add("", text, Tone::plain, tone); }

void Page::add(std::string_view prefix, std::string_view text, Tone prefix_tone, Tone tone) {
    const std::string head = shown(prefix);
    const int indent = std::min(width_of(head), std::max(columns_min, style_.columns) - 12);
    const int width = std::max(columns_min, style_.columns) - indent;
    std::string before = paint(style_, prefix_tone, cut(head, indent));
    std::string under(static_cast<std::size_t>(indent), ' ');
    const auto add_wrapped = [&](const std::string& line, int columns) {
        for (const auto& piece : wrap(line, columns)) {
            const std::string whole = before + paint(style_, tone, piece);
            lines_.push_back(style_.colour ? whole : without_end_spaces(whole));
            before = under;
        }
    };
    const auto lines = lines_of(text);
    add_wrapped(lines.front(), width);
    under += "  ";
    before = under;
    for (std::size_t i = 1; i < lines.size(); ++i) add_wrapped(lines[i], width - 2);
}

void Page::add_command(std::string_view prefix, std::string_view command,
                       std::string_view purpose) {
    std::string line = paint(style_, Tone::muted, shown(prefix));
    const std::string plain = shown(command);
    line += paint(style_, Tone::strong, plain);
    const std::string comment = "  # " + shown(purpose);
    const int used = width_of(shown(prefix)) + width_of(plain);
    if (!purpose.empty() && used + width_of(comment) <= style_.columns)
        line += paint(style_, Tone::muted, comment);
    lines_.push_back(line);
}

void Page::add_empty() {
    if (!lines_.empty() && !lines_.back().empty()) lines_.emplace_back();
}

std::string Page::text() const {
    std::string all;
    for (const auto& line : lines_) all += line + "\n";
    return all;
}

void Page::add_row(const std::vector<Table::Cell>& row, const std::vector<int>& widths) {
    std::string line;
    for (std::size_t column = 0; column < row.size(); ++column) {
        const std::string text = cut(row[column].text, widths[column]);
        const bool last = column + 1 == row.size();
        const int missing = last ? 0 : widths[column] - width_of(text) + 2;
        line += paint(style_, row[column].tone, text);
        line += std::string(static_cast<std::size_t>(std::max(0, missing)), ' ');
    }
    lines_.push_back(without_end_spaces(line));
}

void Page::add(const Table& given) {
    Table table = given;
    for (auto& row : table.rows)
        for (auto& cell : row) cell.text = shown(cell.text);
    const std::vector<int> widths = column_widths(table, std::max(columns_min, style_.columns));
    std::vector<Table::Cell> head;
    for (const auto& name : table.head) head.push_back({.text = name, .tone = Tone::muted});
    add_row(head, widths);
    for (const auto& row : table.rows) add_row(row, widths);
}

}  // namespace perilune::report
