// What is read from the text of scalars, and how complaints are worded.
#include "interpreter/library/yaml_scalars.h"

#include <cmath>
#include <cstdlib>

#include "interpreter/library/yaml.h"

namespace perilune {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits_at(std::string_view text, std::size_t at) {
    std::size_t count = 0;
    while (at + count < text.size() && is_digit(text[at + count])) ++count;
    return count;
}

}  // namespace

const YamlEntry* YamlNode::entry(std::string_view key) const {
    for (const auto& found : entries)
        if (found.key == key) return &found;
    return nullptr;
}

const YamlNode* YamlNode::find(std::string_view key) const {
    const YamlEntry* found = entry(key);
    return found ? &found->value : nullptr;
}

std::string_view YamlNode::kind_text() const {
    switch (kind) {
        case Kind::nothing: return "nothing";
        case Kind::text: return "text";
        case Kind::list: return "a list";
        case Kind::map: break;
    }
    return "a map";
}

bool has_closing_quote(std::string_view text, std::size_t offset) {
    if (offset < text.size() && text[offset] == '&') {
        offset = text.find_first_of(" \n", offset);
        offset = offset == std::string_view::npos ? text.size()
                                                  : text.find_first_not_of(" \r\n", offset);
    }
    if (offset >= text.size() || (text[offset] != '"' && text[offset] != '\'')) return true;
    const char quote = text[offset];
    for (std::size_t at = offset + 1; at < text.size(); ++at) {
        if (quote == '"' && text[at] == '\\') {
            ++at;
        } else if (text[at] == quote) {
            // In single quotes a doubled quote stands for one.
            if (quote == '"' || at + 1 >= text.size() || text[at + 1] != quote) return true;
            ++at;
        }
    }
    return false;
}

std::string explain_yaml_error(std::string_view complaint) {
    if (complaint == "illegal map value" || complaint == "illegal map key")
        return "A value may not begin here. Check the indentation above, and put text that holds "
               "\": \" in quotes.";
    if (complaint == "illegal block entry")
        return "A list item may not begin here. Check the indentation above.";
    if (complaint.starts_with("end of sequence flow"))
        return "The list is not closed here. Add \"]\" or the comma that is missing.";
    if (complaint.starts_with("end of map flow"))
        return "The map is not closed here. Add \"}\" or the comma that is missing.";
    if (complaint.starts_with("end of"))
        return "The list or map ends unexpectedly here. Check the indentation above.";
    if (complaint == "the referenced anchor is not defined")
        return "No anchor of that name stands above. Write the value out.";
    if (complaint == "unknown token")
        return "A text may not begin with this character. Put the text in quotes.";
    if (complaint == "illegal flow end")
        return "This bracket closes nothing. Remove it, or add the one that opens.";
    if (complaint.starts_with("unknown escape character"))
        return "In double quotes \"\\\" begins an escape, and this is none. Write \"\\\\\", or use "
               "single quotes.";
    return "This is no YAML (" + std::string(complaint) + "). Check this line and the one above.";
}

bool is_number_text(std::string_view text) {
    std::size_t at = text.starts_with('-') ? 1 : 0;
    const std::size_t whole = digits_at(text, at);
    if (whole == 0 || (whole > 1 && text[at] == '0')) return false;
    at += whole;
    if (at < text.size() && text[at] == '.') {
        const std::size_t fraction = digits_at(text, at + 1);
        if (fraction == 0) return false;
        at += fraction + 1;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
        const std::size_t exponent = digits_at(text, at);
        if (exponent == 0) return false;
        at += exponent;
    }
    return at == text.size() && std::isfinite(std::strtod(std::string(text).c_str(), nullptr));
}

Value untyped_value(const YamlNode& node) {
    if (node.is_list()) {
        List list;
        for (const auto& inner : node.list) list.push_back(untyped_value(inner));
        return list;
    }
    if (node.is_map()) {
        Value map;
        map.as_map();
        for (const auto& entry : node.entries) map.set(entry.key, untyped_value(entry.value));
        return map;
    }
    if (!node.is_text()) return {};
    if (!node.quoted && (node.text == "true" || node.text == "false")) return node.text == "true";
    if (!node.quoted && is_number_text(node.text)) return std::strtod(node.text.c_str(), nullptr);
    return node.text;
}

}  // namespace perilune
