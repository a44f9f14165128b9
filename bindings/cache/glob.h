// Patterns of keys as Redis has them: `*`, `?`, `[a-z]`, `[^a]`, and a backslash before a sign.
#pragma once

#include <string_view>

namespace perilune {

bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace perilune
