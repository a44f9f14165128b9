// The readers of single keys, and what they say where a value is of another kind.
#include "interpreter/library/fields.h"

#include <algorithm>
#include <charconv>

#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

constexpr std::size_t name_bytes_max = 100;

// "policy.plan must be X, but it is a list."
void add_wrong(const YamlNode& node, std::string_view what, std::string_view expected,
               Problems& problems) {
    const std::string found = node.is_text() ? in_quotes(node.text) : std::string(node.kind_text());
    problems.add(node.place, std::string(what) + " must be " + std::string(expected) +
                                 ", but it is " + found + ". Correct it.");
}

}  // namespace

bool expect_map(const YamlNode& node, std::string_view what, Problems& problems) {
    if (node.is_map() || node.is_nothing()) return true;
    add_wrong(node, what, "a map of names to values", problems);
    return false;
}

void refuse_unknown_keys(const YamlNode& map, std::string_view what,
                         const std::vector<std::string>& known, Problems& problems) {
    for (const auto& entry : map.entries) {
        if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
        std::string advice = did_you_mean(entry.key, known);
        if (advice.empty())
            advice = known.empty() ? " It takes none: remove it."
                                   : " It may have " + listed(known, 20) + ".";
        problems.add(entry.place,
                     std::string(what) + " has no key " + in_quotes(entry.key) + "." + advice);
    }
}

std::optional<std::string> read_text(const YamlNode& node, std::string_view what,
                                     Problems& problems) {
    if (node.is_text() && !node.text.empty()) return node.text;
    add_wrong(node, what, "text", problems);
    return std::nullopt;
}

std::optional<std::string> read_choice(const YamlNode& node, std::string_view what,
                                       const std::vector<std::string>& choices,
                                       Problems& problems) {
    if (node.is_text() && std::find(choices.begin(), choices.end(), node.text) != choices.end())
        return node.text;
    const std::string found = node.is_text() ? in_quotes(node.text) : std::string(node.kind_text());
    const std::string near = did_you_mean(node.text, choices);
    const std::string advice = near.empty() ? " Correct it." : near;
    problems.add(node.place, std::string(what) + " must be " + listed(choices) + ", but it is " +
                                 found + "." + advice);
    return std::nullopt;
}

std::optional<bool> boolean_of(const YamlNode& node) {
    if (!node.is_text() || node.quoted) return std::nullopt;
    for (const std::string_view word : {"true", "yes", "on"})
        if (node.text == word) return true;
    for (const std::string_view word : {"false", "no", "off"})
        if (node.text == word) return false;
    return std::nullopt;
}

std::optional<bool> read_boolean(const YamlNode& node, std::string_view what, Problems& problems) {
    const auto read = boolean_of(node);
    if (!read) add_wrong(node, what, "yes or no, without quotes", problems);
    return read;
}

std::optional<int> read_count(const YamlNode& node, std::string_view what, Problems& problems) {
    int count = 0;
    const char* end = node.text.data() + node.text.size();
    const auto [stop, code] = std::from_chars(node.text.data(), end, count);
    if (node.is_text() && !node.quoted && code == std::errc() && stop == end && count >= 1 &&
        count <= 1000)
        return count;
    add_wrong(node, what, "a whole number from 1 to 1000", problems);
    return std::nullopt;
}

std::vector<PlacedText> read_texts(const YamlNode& node, std::string_view what,
                                   Problems& problems) {
    std::vector<PlacedText> read;
    if (!node.is_list()) {
        if (const auto text = read_text(node, what, problems)) read.push_back({*text, node.place});
        return read;
    }
    for (const auto& inner : node.list)
        if (const auto text = read_text(inner, "each of " + std::string(what), problems))
            read.push_back({*text, inner.place});
    return read;
}

bool is_plain_name(std::string_view name) {
    return !name.empty() && name.size() <= name_bytes_max &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") ==
               std::string_view::npos;
}

}  // namespace perilune
