#include "bindings/dns/txt.h"

#include <cctype>

#include "bindings/dns/rdata.h"

namespace perilune {

namespace {

constexpr std::size_t string_bytes_max = 255;

std::vector<std::string> cut(std::string_view text) {
    std::vector<std::string> strings;
    do {
        strings.emplace_back(text.substr(0, string_bytes_max));
        text.remove_prefix(strings.back().size());
    } while (!text.empty());
    return strings;
}

}  // namespace

Result<std::string> unescaped(std::string_view word) {
    std::string bytes;
    for (std::size_t at = 0; at < word.size(); ++at) {
        if (word[at] != '\\') {
            bytes += word[at];
            continue;
        }
        if (at + 1 >= word.size())
            return fail("bad_argument", "A quoted string ends in a backslash.");
        const auto next = static_cast<unsigned char>(word[at + 1]);
        if (!std::isdigit(next)) {
            bytes += word[++at];
            continue;
        }
        int code = 0;
        for (std::size_t digit = at + 1; digit <= at + 3; ++digit) {
            if (digit >= word.size() || !std::isdigit(static_cast<unsigned char>(word[digit])))
                return fail("bad_argument", "\\ before a digit needs three digits, as in \\034.");
            code = code * 10 + (word[digit] - '0');
        }
        if (code > 255)
            return fail("bad_argument", "\\" + std::to_string(code) + " is no byte (0 to 255).");
        bytes += static_cast<char>(code);
        at += 3;
    }
    return bytes;
}

std::string zone_quoted(std::string_view bytes) {
    std::string made = "\"";
    for (const char letter : bytes) {
        const auto byte = static_cast<unsigned char>(letter);
        if (letter == '"' || letter == '\\') {
            made += '\\';
            made += letter;
        } else if (byte < 0x20 || byte >= 0x7f) {
            std::string code = std::to_string(byte);
            made += "\\" + std::string(3 - code.size(), '0') + code;
        } else {
            made += letter;
        }
    }
    return made + "\"";
}

std::string txt_value(const std::vector<std::string>& strings) {
    std::string joined;
    for (const auto& string : strings) joined += string;
    if (!joined.empty() && joined[0] != '"' && cut(joined) == strings) return joined;
    std::string shown;
    for (const auto& string : strings) shown += (shown.empty() ? "" : " ") + zone_quoted(string);
    return shown;
}

Result<std::vector<std::string>> txt_strings(std::string_view value) {
    if (value.empty() || value[0] != '"') return cut(value);
    const auto words = split_words(value);
    if (!words) return words.error();
    std::vector<std::string> strings;
    for (const auto& word : *words) {
        auto bytes = unescaped(word.text);
        if (!bytes) return bytes.error();
        if (bytes->size() > string_bytes_max)
            return fail("bad_argument",
                        "A quoted string of a TXT record is longer than 255 bytes. Leave the "
                        "quotes out, and the text is cut by itself.");
        strings.push_back(std::move(*bytes));
    }
    return strings;
}

}  // namespace perilune
