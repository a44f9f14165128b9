// Follows a dotted name through maps and lists.
#include "interpreter/base/fields.h"

#include <charconv>
#include <optional>
#include <vector>

namespace perilune {

namespace {

struct Part {
    std::string name;
    std::optional<int> index;
};

// Reads what stands in brackets; nothing where it is neither a number nor quoted text.
std::optional<Part> bracketed(std::string_view inside) {
    if (inside.size() > 2 && inside.starts_with('"') && inside.ends_with('"'))
        return Part{std::string(inside.substr(1, inside.size() - 2)), {}};
    int index = 0;
    const auto end = inside.data() + inside.size();
    const auto read = std::from_chars(inside.data(), end, index);
    if (inside.empty() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return Part{{}, index};
}

std::optional<std::vector<Part>> split(std::string_view rest) {
    std::vector<Part> parts;
    bool may_be_name = true;
    while (!rest.empty()) {
        if (rest.front() == '[') {
            const bool quoted = rest.size() > 1 && rest[1] == '"';
            const auto end = quoted ? rest.find("\"]", 2) : rest.find(']');
            if (end == std::string_view::npos) return std::nullopt;
            const auto close = quoted ? end + 1 : end;
            auto part = bracketed(rest.substr(1, close - 1));
            if (!part) return std::nullopt;
            parts.push_back(std::move(*part));
            rest.remove_prefix(close + 1);
            may_be_name = false;
            continue;
        }
        if (!may_be_name) {
            if (rest.front() != '.') return std::nullopt;
            rest.remove_prefix(1);
        }
        const auto end = rest.find_first_of(".[");
        const auto name = rest.substr(0, end);
        if (name.empty() || name.find(']') != std::string_view::npos) return std::nullopt;
        parts.push_back({std::string(name), {}});
        rest.remove_prefix(std::min(end, rest.size()));
        may_be_name = false;
    }
    return parts;
}

const Value* item(const List& list, int index) {
    const auto size = static_cast<int>(list.size());
    const int at = index < 0 ? size + index : index;
    return at >= 0 && at < size ? &list[static_cast<std::size_t>(at)] : nullptr;
}

}  // namespace

Status check_field_name(std::string_view name) {
    if (split(name)) return Done{};
    return fail("bad_field", "\"" + std::string(name) +
                                 "\" names no field: write it as data.items[0].value, or "
                                 "[\"a.b\"] for a name that holds a dot.");
}

Value find_field(const Value& whole, std::string_view name) {
    const auto parts = split(name);
    if (!parts) return {};
    const Value* at = &whole;
    for (const auto& part : *parts) {
        at = part.index ? item(at->list(), *part.index) : &(*at)[part.name];
        if (!at) return {};
    }
    return *at;
}

}  // namespace perilune
