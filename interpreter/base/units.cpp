#include "interpreter/base/units.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace perilune {

namespace {

struct Unit {
    std::string_view name;
    double factor;
};

constexpr double shown_time_s_max = 253402300799;  // The last second of the year 9999.
// In milliseconds: whole ones add up exactly.
constexpr std::array<Unit, 7> duration_units = {
    {{"ms", 1}, {"s", 1e3}, {"min", 6e4}, {"m", 6e4}, {"h", 36e5}, {"d", 864e5}, {"w", 6048e5}}};
constexpr std::array<Unit, 10> size_units = {{{"KiB", 1024.0},
                                              {"MiB", 1048576.0},
                                              {"GiB", 1073741824.0},
                                              {"TiB", 1099511627776.0},
                                              {"KB", 1e3},
                                              {"kB", 1e3},
                                              {"MB", 1e6},
                                              {"GB", 1e9},
                                              {"TB", 1e12},
                                              {"B", 1}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads decimal digits with at most one point; npos where there is no number.
std::size_t number_length(std::string_view text) {
    std::size_t length = 0;
    bool point = false;
    while (length < text.size() && (is_digit(text[length]) || (text[length] == '.' && !point)))
        point |= text[length++] == '.';
    return length == 0 || !is_digit(text[0]) ? 0 : length;
}

template <std::size_t N>
const Unit* find_unit(const std::array<Unit, N>& units, std::string_view name) {
    for (const auto& unit : units)
        if (unit.name == name) return &unit;
    return nullptr;
}

std::string trimmed(double value, const char* unit) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(),
                  value < 10 && value != std::floor(value) ? "%.1f %s" : "%.0f %s", value, unit);
    return text.data();
}

int two_digits(std::string_view text, std::size_t at) {
    return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

}  // namespace

Result<double> parse_duration(std::string_view text) {
    const auto refuse = [&] {
        return fail("bad_duration", "\"" + std::string(text) +
                                        "\" is no duration; write \"200ms\", \"30s\", \"5m\", "
                                        "\"4h\", \"90d\" or \"1h30m\".");
    };
    double total_ms = 0;
    std::string_view rest = text;
    if (rest.empty() || rest.size() > 40) return refuse();
    while (!rest.empty()) {
        const std::size_t length = number_length(rest);
        if (length == 0) return refuse();
        const double count = std::strtod(std::string(rest.substr(0, length)).c_str(), nullptr);
        rest.remove_prefix(length);
        std::size_t letters = 0;
        while (letters < rest.size() && !is_digit(rest[letters])) ++letters;
        const Unit* unit = find_unit(duration_units, rest.substr(0, letters));
        if (!unit) return refuse();
        total_ms += count * unit->factor;
        rest.remove_prefix(letters);
    }
    return total_ms / 1e3;
}

Result<double> parse_size(std::string_view text) {
    const std::size_t length = number_length(text);
    const std::string_view name = text.substr(std::min(length, text.size()));
    const Unit* unit = name.empty() ? &size_units.back() : find_unit(size_units, name);
    if (length == 0 || length > 20 || !unit)
        return fail("bad_size", "\"" + std::string(text) +
                                    "\" is no size; write \"512\", \"64KiB\", \"10MiB\" or "
                                    "\"1GiB\".");
    return std::floor(std::strtod(std::string(text.substr(0, length)).c_str(), nullptr) *
                      unit->factor);
}

Result<double> parse_time(std::string_view text) {
    const auto refuse = [&] {
        return fail("bad_time", "\"" + std::string(text) +
                                    "\" is no time; write it as RFC 3339 with an offset, such as "
                                    "\"2026-03-01T02:00:00Z\".");
    };
    static constexpr std::string_view pattern = "dddd-dd-ddTdd:dd:dd";
    if (text.size() < pattern.size() + 1) return refuse();
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const bool space = i == 10 && (text[i] == ' ' || text[i] == 't');
        if (pattern[i] == 'd' ? !is_digit(text[i]) : text[i] != pattern[i] && !space)
            return refuse();
    }
    std::tm broken{};
    broken.tm_year = two_digits(text, 0) * 100 + two_digits(text, 2) - 1900;
    broken.tm_mon = two_digits(text, 5) - 1;
    broken.tm_mday = two_digits(text, 8);
    broken.tm_hour = two_digits(text, 11);
    broken.tm_min = two_digits(text, 14);
    broken.tm_sec = two_digits(text, 17);
    std::tm normal = broken;
    const double base_s = static_cast<double>(timegm(&normal));
    if (normal.tm_mon != broken.tm_mon || normal.tm_mday != broken.tm_mday || broken.tm_hour > 23 ||
        broken.tm_min > 59 || broken.tm_sec > 60)
        return refuse();
    std::string_view rest = text.substr(pattern.size());
    double fraction_s = 0;
    if (rest.front() == '.') {
        const std::size_t digits = number_length(rest.substr(1));
        if (digits == 0) return refuse();
        fraction_s = std::strtod(("0" + std::string(rest.substr(0, digits + 1))).c_str(), nullptr);
        rest.remove_prefix(digits + 1);
    }
    if (rest == "Z" || rest == "z") return base_s + fraction_s;
    if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return refuse();
    for (const std::size_t at : {1, 2, 4, 5})
        if (!is_digit(rest[at])) return refuse();
    const double offset_s = two_digits(rest, 1) * 3600 + two_digits(rest, 4) * 60;
    return base_s + fraction_s + (rest[0] == '+' ? -offset_s : offset_s);
}

std::string show_duration(double seconds) {
    if (seconds < 0) return "-" + show_duration(-seconds);
    if (seconds < 1) return trimmed(std::round(seconds * 1000), "ms");
    if (seconds < 100) return trimmed(std::round(seconds * 10) / 10, "s");
    const auto whole = static_cast<long long>(std::llround(seconds));
    const auto pair = [](long long big, const char* big_unit, long long small,
                         const char* small_unit) {
        std::string shown = std::to_string(big) + " " + big_unit;
        if (small > 0) shown += " " + std::to_string(small) + " " + small_unit;
        return shown;
    };
    if (whole < 3600) return pair(whole / 60, "min", whole % 60, "s");
    if (whole < 86400) return pair(whole / 3600, "h", whole % 3600 / 60, "min");
    return pair(whole / 86400, "d", whole % 86400 / 3600, "h");
}

std::string show_size(double bytes) {
    static constexpr const char* names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    int unit = 0;
    while (bytes >= 1024 && unit < 4) {
        bytes /= 1024;
        ++unit;
    }
    return trimmed(bytes, names[unit]);
}

double amount_in(const std::string& text) {
    const double amount = std::strtod(text.c_str(), nullptr);
    return std::isfinite(amount) && amount > 0 ? amount : 0;
}

std::string show_time(double unix_s) {
    if (!(std::abs(unix_s) <= shown_time_s_max)) return "no time";
    const auto whole = static_cast<std::time_t>(std::floor(unix_s));
    std::tm broken{};
    gmtime_r(&whole, &broken);
    std::array<char, 40> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &broken);
    return text.data();
}

}  // namespace perilune
