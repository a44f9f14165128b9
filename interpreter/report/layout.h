// Lines of plain text within a width: cut, wrapped, padded, coloured.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace perilune::report {

// What something means to the reader; on a terminal a colour, in HTML a class.
enum class Tone { plain, muted, strong, good, bad, doubt, waits, runs };

std::string_view to_text(Tone tone);

struct Style {
    bool colour = false;  // Off: not one escape byte is written.
    int columns = 80;
};

// The text in the tone's colour; unchanged where colours are off.
std::string paint(const Style& style, Tone tone, std::string_view text);

// At most `width` columns; what is cut off is told by a "…".
std::string cut(std::string_view text, int width);
// Filled with spaces up to `width` columns.
std::string pad(std::string_view text, int width);
// Broken at spaces, and within words that are longer than the width. Never empty.
std::vector<std::string> wrap(std::string_view text, int width);

// Columns of cells under a head; the widest columns give way until the table fits.
struct Table {
    struct Cell {
        std::string text;
        Tone tone = Tone::plain;
    };
    std::vector<std::string> head;
    std::vector<std::vector<Cell>> rows;
    std::vector<std::size_t> whole;  // Columns that are never cut, such as ids.
};

// A page of lines: text is made harmless, then wrapped under its prefix. What follows a line end of
// the text itself is indented by two columns more.
class Page {
public:
    explicit Page(const Style& style) : style_(style) {}

    void add(std::string_view text, Tone tone = Tone::plain);
    // `prefix` before the first line, as many spaces before the others.
    void add(std::string_view prefix, std::string_view text, Tone prefix_tone,
             Tone tone = Tone::plain);
    // A command to copy is never broken, whatever the width; its purpose follows as a shell's
    // comment where there is room.
    void add_command(std::string_view prefix, std::string_view command, std::string_view purpose);
    void add_empty();  // Never two in a row.
    void add(const Table& table);
    const Style& style() const { return style_; }
    const std::vector<std::string>& lines() const { return lines_; }
    std::string text() const;

private:
    void add_row(const std::vector<Table::Cell>& row, const std::vector<int>& widths);

    Style style_;
    std::vector<std::string> lines_;
};

}  // namespace perilune::report
