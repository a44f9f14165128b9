// Writing JSON: the canonical form by ourselves, for the journal's speed; base64.
#include "interpreter/base/json.h"

#include <array>
#include <charconv>
#include <cmath>

#include <nlohmann/json.hpp>

namespace perilune {

namespace {

constexpr std::string_view base64_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void append_quoted(std::string& out, std::string_view text) {
    static constexpr std::string_view hex = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default:
                if (byte < 0x20 || byte == 0x7f) {
                    out += "\\u00";
                    out += hex[byte >> 4];
                    out += hex[byte & 15];
                } else {
                    out += c;
                }
        }
    }
    out += '"';
}

void append_key(std::string& out, const std::string& key) {
    if (!is_utf8(key)) return append_quoted(out, "$bytes:" + to_base64(key));
    append_quoted(out, key.starts_with('$') ? "$" + key : key);
}

void append_number(std::string& out, double number) {
    if (std::isnan(number)) {
        out += "null";  // No value is one; a journal that holds it must still be readable.
        return;
    }
    if (std::isinf(number)) {
        out += number > 0 ? R"({"$number":"inf"})" : R"({"$number":"-inf"})";
        return;
    }
    if (number == 0 && std::signbit(number)) {
        out += "-0.0";
        return;
    }
    std::array<char, 40> text{};
    if (number == std::floor(number) && std::abs(number) < 1e15) {
        const auto end =
            std::to_chars(text.begin(), text.end(), static_cast<long long>(number)).ptr;
        out.append(text.data(), end);
        return;
    }
    out.append(text.data(), std::to_chars(text.begin(), text.end(), number).ptr);
}

void append_secret(std::string& out, const SecretTemplate& secret) {
    out += "{\"$secret\":[";
    bool first = true;
    for (const auto& piece : secret.pieces) {
        if (!first) out += ',';
        first = false;
        out += '[';
        append_quoted(out, piece.text);
        for (const auto* part : {&piece.name, &piece.provider, &piece.version, &piece.encoding}) {
            out += ',';
            append_quoted(out, *part);
        }
        out += ']';
    }
    out += "]}";
}

nlohmann::ordered_json plain_json(const Value& value) {
    if (value.is_boolean()) return value.boolean();
    if (value.is_text()) return value.text();
    if (value.is_secret()) return show_secret(*value.secret());
    if (value.is_unknown()) return "(unknown until run: " + value.unknown().source + ")";
    if (value.is_number()) {
        const double number = value.number();
        if (number == std::floor(number) && std::abs(number) < 9e15)
            return static_cast<long long>(number);
        return number;
    }
    if (value.is_list()) {
        auto list = nlohmann::ordered_json::array();
        for (const auto& held : value.list()) list.push_back(plain_json(held));
        return list;
    }
    if (!value.is_map()) return nullptr;
    auto map = nlohmann::ordered_json::object();
    for (const auto& [key, held] : value.map()) map[key] = plain_json(held);
    return map;
}

int base64_digit(char c) {
    const auto at = base64_letters.find(c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

void append_canonical_json(std::string& out, const Value& value) {
    if (value.is_boolean()) {
        out += value.boolean() ? "true" : "false";
    } else if (value.is_number()) {
        append_number(out, value.number());
    } else if (value.is_text()) {
        if (is_utf8(value.text())) return append_quoted(out, value.text());
        out += "{\"$bytes\":\"" + to_base64(value.text()) + "\"}";
    } else if (value.is_secret()) {
        append_secret(out, *value.secret());
    } else if (value.is_unknown()) {
        out += "{\"$unknown\":";
        append_quoted(out, value.unknown().source);
        out += '}';
    } else if (value.is_list() && !value.list().empty()) {
        out += '[';
        bool first = true;
        for (const auto& held : value.list()) {
            if (!std::exchange(first, false)) out += ',';
            append_canonical_json(out, held);
        }
        out += ']';
    } else if (value.is_map() || value.is_list()) {
        out += '{';
        bool first = true;
        for (const auto& [key, held] : value.map()) {
            if (!std::exchange(first, false)) out += ',';
            append_key(out, key);
            out += ':';
            append_canonical_json(out, held);
        }
        out += '}';
    } else {
        out += "null";
    }
}

std::string to_canonical_json(const Value& value) {
    std::string out;
    append_canonical_json(out, value);
    return out;
}

std::string to_json(const Value& value, int indent) {
    return plain_json(value).dump(indent, ' ', false,
                                  nlohmann::ordered_json::error_handler_t::replace);
}

bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        if (lead < 0x80) {
            ++i;
            continue;
        }
        const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
        if (lead < 0xc2 || lead > 0xf4 || i + static_cast<std::size_t>(more) >= text.size())
            return false;
        unsigned code = lead & (0x3fU >> more);
        for (int k = 1; k <= more; ++k) {
            const auto next = static_cast<unsigned char>(text[i + static_cast<std::size_t>(k)]);
            if ((next & 0xc0) != 0x80) return false;
            code = code << 6 | (next & 0x3f);
        }
        static constexpr unsigned smallest[] = {0, 0x80, 0x800, 0x10000};
        if (code < smallest[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
            return false;
        i += static_cast<std::size_t>(more) + 1;
    }
    return true;
}

std::string to_base64(std::string_view bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        unsigned group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group =
                group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0);
        for (int k = 0; k < 4; ++k)
            out += i + static_cast<std::size_t>(k) > bytes.size()
                       ? '='
                       : base64_letters[group >> (18 - 6 * k) & 63];
    }
    return out;
}

Result<std::string> from_base64(std::string_view text) {
    std::string out;
    unsigned group = 0;
    int bits = 0;
    while (text.ends_with('=')) text.remove_suffix(1);
    for (const char c : text) {
        const int digit = base64_digit(c);
        if (digit < 0) return fail("bad_base64", "The text is not base64.");
        group = group << 6 | static_cast<unsigned>(digit);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out += static_cast<char>(group >> bits & 0xff);
        }
    }
    return out;
}

}  // namespace perilune
