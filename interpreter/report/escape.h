// How any text is made harmless before people see it: on a terminal, in Markdown, in HTML, and as a
// word of a command they may copy.
#pragma once

#include <string>
#include <string_view>

namespace perilune::report {

// One line that moves no cursor and hides nothing: control bytes as \n, \t, \x1b, bytes that are no
// UTF-8 as \xff, direction marks and the like as \u{202e}. Doing it twice changes nothing more.
std::string shown(std::string_view text);
// The same, but line ends and tabs stay; for places that show several lines.
std::string shown_lines(std::string_view text);

// As text or attribute of HTML: `shown`, with & < > " ' as entities.
std::string html(std::string_view text);
// The same with `shown_lines`, for elements that keep line ends.
std::string html_lines(std::string_view text);

// As running text or table cell of Markdown: `shown`, with nothing left that is markup, a link or a
// mention.
std::string markdown(std::string_view text);

// A word of a shell command: bare where it is plain, else quoted so that no shell reads anything
// in it.
std::string command_word(std::string_view text);

}  // namespace perilune::report
