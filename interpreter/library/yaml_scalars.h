// Small readings of YAML text that need no parser: closing quotes, numbers, the parser's
// complaints.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace perilune {

// Whether the quoted text that begins at `offset` has its closing quote. True where no quote begins
// there (a block of text), also behind an anchor.
bool has_closing_quote(std::string_view text, std::size_t offset);

// The parser's complaint as a sentence that says what to do.
std::string explain_yaml_error(std::string_view complaint);

}  // namespace perilune
