// Words for a POSIX shell: the one place where text becomes part of a command line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace perilune {

// The word as a POSIX shell reads it back, byte for byte (XCU 2.2.2: within single quotes nothing
// but a single quote means anything). NUL cannot be in a word; callers refuse it before.
std::string quote_word(std::string_view word);
// The words with a space between each two.
std::string quote_words(const std::vector<std::string>& words);

}  // namespace perilune
