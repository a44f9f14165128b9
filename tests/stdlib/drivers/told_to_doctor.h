// What a doctor was told, as a test looks at it.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/driver_rig.h"

namespace perilune::test {

// Whether one of the lines holds a text: "credentials the token is expired".
inline bool told(const std::vector<std::string>& lines, const std::string& text) {
    return std::ranges::any_of(
        lines, [&](const auto& line) { return line.find(text) != std::string::npos; });
}

}  // namespace perilune::test
