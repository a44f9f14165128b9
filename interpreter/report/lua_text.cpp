#include "interpreter/report/lua_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <vector>

#include "interpreter/base/json.h"

namespace perilune::report {

namespace {

constexpr std::size_t columns_max = 100;

bool is_name(const std::string& text) {
    static const std::set<std::string> keywords = {
        "and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
        "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
        "repeat",   "return", "then", "true", "until",  "while"};
    if (text.empty() || keywords.contains(text)) return false;
    const auto fits = [](char c) {
        return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c >= '0' && c <= '9');
    };
    return std::all_of(text.begin(), text.end(), fits) && !(text[0] >= '0' && text[0] <= '9');
}

std::string number_text(double number) {
    if (std::isinf(number)) return number > 0 ? "math.huge" : "-math.huge";
    std::array<char, 40> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    return {text.data(), end};
}

// A handle as its pieces, none of which is a secret itself.
Value pieces_of(const SecretTemplate& secret) {
    List pieces;
    for (const auto& piece : secret.pieces)
        pieces.push_back(
            List{piece.text, piece.name, piece.provider, piece.version, piece.encoding});
    return Value().set("$secret", std::move(pieces));
}

std::string field_name(const std::string& name) {
    return is_name(name) ? name : "[" + lua_quoted(name) + "]";
}

std::string table_text(const std::vector<std::string>& items, int indent, int used) {
    if (items.empty()) return "{}";
    std::string line;
    bool whole = true;
    for (const auto& item : items) {
        line += (line.empty() ? "" : ", ") + item;
        whole = whole && item.find('\n') == std::string::npos;
    }
    if (whole && line.size() + static_cast<std::size_t>(used) + 5 <= columns_max)
        return "{ " + line + " }";
    const std::string inner(static_cast<std::size_t>(indent) + 2, ' ');
    std::string text = "{\n";
    for (const auto& item : items) text += inner + item + ",\n";
    return text + std::string(static_cast<std::size_t>(indent), ' ') + "}";
}

}  // namespace

std::string lua_quoted(const std::string& text) {
    std::string quoted = "\"";
    const bool readable = is_utf8(text);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            quoted += std::string("\\") + c;
        } else if (c == '\n') {
            quoted += "\\n";
        } else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !readable)) {
            const std::string digits = std::to_string(byte);
            quoted += "\\" + std::string(3 - digits.size(), '0') + digits;
        } else {
            quoted += c;
        }
    }
    return quoted + "\"";
}

std::string lua_text(const Value& value, int indent, int used) {
    if (value.is_boolean()) return value.boolean() ? "true" : "false";
    if (value.is_number()) return number_text(value.number());
    if (value.is_text()) return lua_quoted(value.text());
    if (value.is_secret()) return lua_text(pieces_of(*value.secret()), indent, used);
    std::vector<std::string> items;
    for (const auto& held : value.list()) items.push_back(lua_text(held, indent + 2, indent + 2));
    for (const auto& [name, held] : value.map()) {
        const std::string field = field_name(name) + " = ";
        items.push_back(field +
                        lua_text(held, indent + 2, indent + 2 + static_cast<int>(field.size())));
    }
    if (!value.is_list() && !value.is_map()) return "nil";
    return table_text(items, indent, std::max(used, indent));
}

}  // namespace perilune::report
