// How any text is made harmless before people see it: on a terminal, in Markdown, in HTML, and as a
// word of a command they may copy.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace perilune::report {

// One line that moves no cursor and hides nothing: control bytes as \n, \t, \x1b, bytes that are no
// UTF-8 as \xff, direction marks and the like as \u{202e}. Doing it twice changes nothing more.
std::string shown(std::string_view text);
// The same, but line ends and tabs stay; for places that show several lines.
std::string shown_lines(std::string_view text);
// The same as lines, tabs as spaces, without the line ends that close the text. Never empty. Who
// writes them indents all but the first, so that no text makes a line that looks like another's.
std::vector<std::string> lines_of(std::string_view text);

// As text or attribute of HTML: `shown`, with & < > " ' as entities.
std::string html(std::string_view text);
// The same with `shown_lines`, for elements that keep line ends.
std::string html_lines(std::string_view text);

// As running text or table cell of Markdown: `shown`, with nothing left that is markup, a link or a
// mention.
std::string markdown(std::string_view text);
// The same for a text of several lines: each but the first begins with `indent`, is a line of its
// own when drawn too, and begins no list, heading or rule. Empty lines, which would end the
// paragraph, are left out.
std::string markdown_lines(std::string_view text, const std::string& indent);
// A table's cell, whose lines cannot be lines of the file.
std::string markdown_cell(std::string_view text);

// A word of a shell command: bare where it is plain, else quoted so that no shell reads anything
// in it.
std::string command_word(std::string_view text);

}  // namespace perilune::report
