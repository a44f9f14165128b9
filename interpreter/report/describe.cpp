#include "interpreter/report/describe.h"

#include <algorithm>
#include <vector>

#include "interpreter/base/json.h"
#include "interpreter/base/units.h"
#include "interpreter/report/code_points.h"
#include "interpreter/report/escape.h"
#include "interpreter/report/layout.h"

namespace perilune::report {

namespace {

// Long values are cut before they are looked at closely: only their beginning is ever shown.
constexpr std::size_t bytes_looked_at = 2000;
constexpr std::size_t changes_looked_at = 50;

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

// The fields that differ, by path: `records[1].ttl 300 → 60`.
void collect_changes(const std::string& name, const Value& before, const Value& after,
                     std::vector<std::string>& changes) {
    if (before == after || changes.size() > changes_looked_at) return;
    const std::string inner = name.empty() ? "" : name + ".";
    if (before.is_map() && after.is_map()) {
        for (const auto& [key, value] : before.map())
            collect_changes(inner + key, value, after[key], changes);
        for (const auto& [key, value] : after.map())
            if (!before.has(key)) collect_changes(inner + key, {}, value, changes);
        return;
    }
    const bool lists = before.is_list() && after.is_list();
    if (lists && before.list().size() == after.list().size()) {
        const bool single = before.list().size() == 1;
        for (std::size_t i = 0; i < before.list().size(); ++i)
            collect_changes(single ? name : name + "[" + std::to_string(i + 1) + "]",
                            before.list()[i], after.list()[i], changes);
        return;
    }
    changes.push_back(field_change(name, before, after));
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
    const bool maps = before.is_map() && after.is_map() && !before.map().empty();
    const bool lists =
        before.is_list() && after.is_list() && before.list().size() == after.list().size();
    if (!maps && !lists) {
        const int half = std::max(10, (width - 3) / 2);
        return preview(before, half) + " → " + preview(after, half);
    }
    std::vector<std::string> changes;
    collect_changes("", before, after, changes);
    std::string text;
    for (const auto& change : changes) text += (text.empty() ? "" : ", ") + change;
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
