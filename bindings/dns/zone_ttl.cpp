#include "bindings/dns/zone_ttl.h"

#include <cctype>
#include <ctime>

namespace perilune {

namespace {

constexpr std::uint32_t ttl_s_max = 0x7fffffff;  // RFC 2181, section 8.

std::uint32_t unit_s(char letter) {
    switch (std::tolower(static_cast<unsigned char>(letter))) {
        case 's': return 1;
        case 'm': return 60;
        case 'h': return 3600;
        case 'd': return 86400;
        case 'w': return 604800;
        default: return 0;
    }
}

bool is_date(std::uint32_t date) {
    const std::uint32_t year = date / 10000;
    const std::uint32_t month = date / 100 % 100;
    const std::uint32_t day = date % 100;
    return year >= 1980 && year <= 2199 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

}  // namespace

std::optional<std::uint32_t> parse_zone_ttl(std::string_view text) {
    if (text.empty() || !std::isdigit(static_cast<unsigned char>(text[0]))) return std::nullopt;
    std::uint64_t total_s = 0;
    std::uint64_t number = 0;
    bool digits = false;
    for (const char letter : text) {
        if (std::isdigit(static_cast<unsigned char>(letter))) {
            number = number * 10 + static_cast<std::uint64_t>(letter - '0');
            digits = true;
        } else {
            if (!digits || unit_s(letter) == 0) return std::nullopt;
            total_s += number * unit_s(letter);
            number = 0;
            digits = false;
        }
        if (number > ttl_s_max || total_s > ttl_s_max) return std::nullopt;
    }
    // A number without a unit is seconds, and stands alone: "1h30" is no time.
    if (digits && total_s > 0) return std::nullopt;
    return static_cast<std::uint32_t>(total_s + number);
}

std::uint32_t next_serial(std::uint32_t serial, std::uint32_t today) {
    const std::uint32_t raised = serial + 1 == 0 ? 1 : serial + 1;
    const std::uint32_t first_of_today = today * 100 + 1;
    if (!is_date(serial / 100) || !is_date(today)) return raised;
    return first_of_today > serial ? first_of_today : raised;
}

bool serial_after(std::uint32_t left, std::uint32_t right) {
    return left != right && left - right < 0x80000000U;
}

std::uint32_t date_number(double unix_s) {
    const auto whole = static_cast<std::time_t>(unix_s);
    std::tm date{};
    gmtime_r(&whole, &date);
    return static_cast<std::uint32_t>((date.tm_year + 1900) * 10000 + (date.tm_mon + 1) * 100 +
                                      date.tm_mday);
}

}  // namespace perilune
