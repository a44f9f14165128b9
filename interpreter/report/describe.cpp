#include "interpreter/report/describe.h"

#include <algorithm>

#include "interpreter/base/json.h"
#include "interpreter/base/units.h"
#include "interpreter/report/code_points.h"
#include "interpreter/report/escape.h"
#include "interpreter/report/layout.h"

namespace perilune::report {

namespace {

// Long values are cut before they are looked at closely: only their beginning is ever shown.
constexpr std::size_t bytes_looked_at = 2000;

std::string beginning(const std::string& text) {
    if (text.size() <= bytes_looked_at) return text;
    std::size_t end = bytes_looked_at;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return text.substr(0, end) + "…";
}

std::string field_change(const std::string& name, const Value& before, const Value& after) {
    if (before.is_nil()) return name + " = " + preview(after, 40);
    if (after.is_nil()) return name + " removed (was " + preview(before, 30) + ")";
    return name + " " + preview(before, 30) + " → " + preview(after, 30);
}

}  // namespace

std::string preview(const Value& value, int width) {
    std::string text;
    if (value.is_nil()) {
        text = "nothing";
    } else if (value.is_text()) {
        text = value.text().empty() ? "\"\"" : beginning(value.text());
    } else if (value.is_secret()) {
        text = show_secret(*value.secret());
    } else if (value.is_unknown()) {
        text = "(known only in the run)";
    } else {
        text = beginning(to_json(value));
    }
    return cut(shown(text), width);
}

std::string arguments_text(const Value& arguments, int width) {
    std::string text;
    for (const auto& [name, value] : arguments.map()) {
        if (!text.empty()) text += ", ";
        text += name + " = " + preview(value, 60);
        if (width_of(text) > width) break;
    }
    return cut(shown(text), width);
}

std::string call_text(const std::string& target, const std::string& operation,
                      const Value& arguments, int width) {
    const std::string call = target.empty() ? operation : target + ":" + operation;
    const int left = width - width_of(call) - 5;
    const std::string given = left > 8 ? arguments_text(arguments, left) : "";
    return shown(call) + (given.empty() ? "" : " { " + given + " }");
}

std::string difference(const Value& before, const Value& after, int width) {
    if (before == after) return {};
    if (!before.is_map() || !after.is_map() || before.map().empty()) {
        const int half = std::max(10, (width - 3) / 2);
        return preview(before, half) + " → " + preview(after, half);
    }
    std::string text;
    const auto add = [&](const std::string& change) {
        text += (text.empty() ? "" : ", ") + change;
    };
    for (const auto& [name, value] : before.map()) {
        if (value == after[name]) continue;
        if (value.is_map() && after[name].is_map()) {
            add(name + ": " + difference(value, after[name], 60));
        } else {
            add(field_change(name, value, after[name]));
        }
    }
    for (const auto& [name, value] : after.map())
        if (!before.has(name)) add(field_change(name, {}, value));
    return cut(shown(text), width);
}

std::string clock_text(double unix_s) {
    const std::string text = show_time(unix_s);  // "2026-03-01T02:00:00Z"
    const auto from = text.find('T');
    return from == std::string::npos ? text : text.substr(from + 1, 8);
}

std::string day_text(double unix_s) {
    const std::string text = show_time(unix_s);
    return text.substr(0, text.find('T'));
}

std::string day_and_clock(double unix_s) {
    return day_text(unix_s) + " " + clock_text(unix_s) + " UTC";
}

std::string count_text(std::size_t count, const std::string& one, const std::string& many) {
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

double seconds_of(const Value& duration) {
    if (duration.is_number()) return duration.number();
    const auto read = parse_duration(duration.text());
    return read ? *read : 0;
}

}  // namespace perilune::report
