// The strings of a TXT record: plain text where that is exact, quoted strings where it is not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

// The bytes of a word with its escapes (\", \\, \123) undone.
Result<std::string> unescaped(std::string_view word);
// Bytes as a quoted string of a zone file.
std::string zone_quoted(std::string_view bytes);

// Plain text, unless cutting that text into strings of 255 bytes would give other strings.
std::string txt_value(const std::vector<std::string>& strings);
// The strings of a canonical value.
Result<std::vector<std::string>> txt_strings(std::string_view value);

}  // namespace perilune
