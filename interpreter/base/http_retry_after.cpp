// Reads the Retry-After header (RFC 9110, 10.2.3): whole seconds or one of HTTP's three dates.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "interpreter/base/http_client.h"

namespace perilune {

namespace {

int month_number(const char* name) {
    static constexpr const char* names = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const char* const at = std::strstr(names, name);
    return at && (at - names) % 3 == 0 ? static_cast<int>(at - names) / 3 : -1;
}

bool all_read(int fields, int wanted, int read, const std::string& text) {
    return fields == wanted && read == static_cast<int>(text.size());
}

// NOLINTBEGIN(cert-err34-c): the width of each number keeps it small.
// Unix seconds of an HTTP-date (RFC 9110, 5.6.7), or -1. The day's name is not checked.
double http_date(const std::string& text, double now_s) {
    std::tm broken{};
    std::array<char, 4> month{};
    int year = 0;
    int end = 0;
    const auto finish = [&]() -> double {
        broken.tm_mon = month_number(month.data());
        broken.tm_year = year - 1900;
        std::tm normal = broken;
        const auto at_s = static_cast<double>(timegm(&normal));
        const bool exact = normal.tm_mday == broken.tm_mday && normal.tm_mon == broken.tm_mon &&
                           normal.tm_hour == broken.tm_hour && normal.tm_min == broken.tm_min;
        return exact ? at_s : -1;
    };
    int fields =
        std::sscanf(text.c_str(), "%*3[A-Za-z], %2d %3s %4d %2d:%2d:%2d GMT%n", &broken.tm_mday,
                    month.data(), &year, &broken.tm_hour, &broken.tm_min, &broken.tm_sec, &end);
    if (all_read(fields, 6, end, text)) return finish();
    end = 0;
    fields = std::sscanf(text.c_str(), "%*[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n",
                         &broken.tm_mday, month.data(), &year, &broken.tm_hour, &broken.tm_min,
                         &broken.tm_sec, &end);
    if (all_read(fields, 6, end, text)) {
        // A year that seems more than 50 years ahead is of the century before.
        const auto now = static_cast<std::time_t>(now_s);
        std::tm today{};
        gmtime_r(&now, &today);
        const int this_year = today.tm_year + 1900;
        year += this_year / 100 * 100;
        if (year > this_year + 50) year -= 100;
        return finish();
    }
    end = 0;
    fields =
        std::sscanf(text.c_str(), "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", month.data(),
                    &broken.tm_mday, &broken.tm_hour, &broken.tm_min, &broken.tm_sec, &year, &end);
    return all_read(fields, 6, end, text) ? finish() : -1;
}
// NOLINTEND(cert-err34-c)

}  // namespace

double retry_after_s(const std::string& value, double now_s, double most_s) {
    if (value.empty() || value.size() > 64) return -1;
    if (value.find_first_not_of("0123456789") == std::string::npos)
        return value.size() > 15 ? most_s : std::min(most_s, std::stod(value));
    const double at_s = http_date(value, now_s);
    return at_s < 0 ? -1 : std::clamp(at_s - now_s, 0.0, most_s);
}

}  // namespace perilune
