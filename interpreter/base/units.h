// Durations, sizes and times: text as people write it, numbers inside.
#pragma once

#include <string>
#include <string_view>

#include "interpreter/base/result.h"

namespace perilune {

// The longest that anything waits or lasts: ten years.
constexpr double duration_s_max = 3660 * 86400.0;

// Seconds from "200ms", "5s", "30m", "4h", "90d", "2w" or sums such as "1h30m".
Result<double> parse_duration(std::string_view text);
// Bytes from "512", "64KiB", "10MiB", "1.5GiB", "2TiB", or decimal "10MB".
Result<double> parse_size(std::string_view text);
// Unix seconds from RFC 3339 text with an offset: "2026-03-01T02:00:00Z", "…+01:00".
Result<double> parse_time(std::string_view text);

// The amount that a text of another program's begins with: finite and not below 0; else 0.
double amount_in(const std::string& text);

std::string show_duration(double seconds);  // "1 h 30 min", "4.2 s", "12 ms"
std::string show_size(double bytes);        // "1.2 GiB"
std::string show_time(double unix_s);       // "2026-03-01T02:00:00Z"

}  // namespace perilune
