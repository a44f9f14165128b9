#include "bindings/dns/rdata.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include <arpa/inet.h>

#include "bindings/dns/names.h"
#include "bindings/dns/txt.h"
#include "bindings/dns/zone_ttl.h"
#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

// The fields of a type, one letter each: `4` and `6` addresses, `n` a domain name, `b` `u` `l` a
// number of 8, 16, 32 bits, `t` seconds, `q` a quoted string, `w` a lower-case word, `s` all
// strings of a TXT, `x` the rest as hexadecimal, `y` the rest as base64, `*` the rest as it is.
struct Shape {
    std::string_view type;
    std::uint16_t number;
    std::string_view fields;
};

constexpr std::array<Shape, 32> shapes = {
    {{"A", 1, "4"},           {"AAAA", 28, "6"},      {"CNAME", 5, "n"},
     {"MX", 15, "un"},        {"TXT", 16, "s"},       {"NS", 2, "n"},
     {"SRV", 33, "uuun"},     {"CAA", 257, "bwq"},    {"PTR", 12, "n"},
     {"SOA", 6, "nnltttt"},   {"DNAME", 39, "n"},     {"SPF", 99, "s"},
     {"NAPTR", 35, "uuqqqn"}, {"AFSDB", 18, "un"},    {"RP", 17, "nn"},
     {"HTTPS", 65, "un*"},    {"SVCB", 64, "un*"},    {"DS", 43, "ubbx"},
     {"CDS", 59, "ubbx"},     {"DNSKEY", 48, "ubby"}, {"CDNSKEY", 60, "ubby"},
     {"TLSA", 52, "bbbx"},    {"SMIMEA", 53, "bbbx"}, {"SSHFP", 44, "bbx"},
     {"OPENPGPKEY", 61, "y"}, {"URI", 256, "uuq"},    {"LOC", 29, "*"},
     {"HINFO", 13, "qq"},     {"CERT", 37, "*"},      {"RRSIG", 46, "*"},
     {"NSEC", 47, "*"},       {"NSEC3PARAM", 51, "*"}}};

const Shape* find_shape(std::string_view type) {
    for (const auto& shape : shapes)
        if (shape.type == type) return &shape;
    return nullptr;
}

Error bad_value(std::string_view type, std::string_view value, const std::string& why) {
    return fail("bad_argument", "\"" + std::string(value.substr(0, 120)) + "\" is no value of a " +
                                    std::string(type) + " record: " + why + ".");
}

Result<std::string> address_of(int kind, const std::string& word) {
    std::array<unsigned char, 16> bytes{};
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (inet_pton(kind, word.c_str(), bytes.data()) != 1)
        return fail("bad_argument", kind == AF_INET ? "it needs an IPv4 address such as 192.0.2.10"
                                                    : "it needs an IPv6 address such as "
                                                      "2001:db8::10");
    return std::string(inet_ntop(kind, bytes.data(), text.data(), text.size()));
}

Result<std::string> number_of(const std::string& word, std::uint64_t most) {
    std::uint64_t number = 0;
    const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (code != std::errc() || end != word.data() + word.size() || number > most)
        return fail("bad_argument",
                    "\"" + word + "\" is no number from 0 to " + std::to_string(most));
    return std::to_string(number);
}

Result<std::string> name_of(const std::string& word, std::string_view origin) {
    if (origin.empty()) return target_name(word);
    const auto checked = checked_name(word);
    if (!checked) return checked;
    return shown_target(absolute_name(*checked, origin));
}

Result<std::string> field_of(char kind, const RdataWord& word, std::string_view origin) {
    switch (kind) {
        case '4': return address_of(AF_INET, word.text);
        case '6': return address_of(AF_INET6, word.text);
        case 'n': return name_of(word.text, origin);
        case 'b': return number_of(word.text, 0xff);
        case 'u': return number_of(word.text, 0xffff);
        case 'l': return number_of(word.text, 0xffffffff);
        case 't': {
            const auto seconds = parse_zone_ttl(word.text);
            if (!seconds)
                return fail("bad_argument", "\"" + word.text + "\" is no number of seconds");
            return std::to_string(*seconds);
        }
        case 'w': return lower_case(word.text);
        default: break;
    }
    const auto bytes = unescaped(word.text);
    if (!bytes) return bytes;
    return zone_quoted(*bytes);
}

// Digits of hexadecimal or base64, which lose the blanks between them.
Result<std::string> digits_of(char kind, const std::vector<RdataWord>& words, std::size_t first) {
    std::string digits;
    for (std::size_t i = first; i < words.size(); ++i) digits += words[i].text;
    const bool hexadecimal = kind == 'x';
    const auto is_digit = [&](char c) {
        if (hexadecimal) return std::isxdigit(static_cast<unsigned char>(c)) != 0;
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/' || c == '=';
    };
    if (!std::ranges::all_of(digits, is_digit))
        return fail("bad_argument", "\"" + digits + "\" is not all " +
                                        (hexadecimal ? "hexadecimal digits" : "base64"));
    return hexadecimal ? lower_case(digits) : digits;
}

// The words from `first` on as one field.
std::string rest_of(const std::vector<RdataWord>& words, std::size_t first) {
    std::string rest;
    for (std::size_t i = first; i < words.size(); ++i) {
        if (i > first) rest += ' ';
        rest += words[i].quoted ? "\"" + words[i].text + "\"" : words[i].text;
    }
    return rest;
}

Result<std::string> txt_of(std::string_view type, const std::vector<RdataWord>& words) {
    std::vector<std::string> strings;
    for (const auto& word : words) {
        auto bytes = unescaped(word.text);
        if (!bytes) return bytes;
        if (bytes->size() > 255) return bad_value(type, word.text, "a string has over 255 bytes");
        strings.push_back(std::move(*bytes));
    }
    return txt_value(strings);
}

}  // namespace

Result<std::string> checked_type(std::string_view type) {
    const std::string upper = upper_case(type);
    if (find_shape(upper)) return upper;
    if (upper.starts_with("TYPE")) {
        const auto number = number_of(upper.substr(4), 0xffff);
        if (number && *number != "0")
            return type_name(static_cast<std::uint16_t>(std::stoi(*number)));
    }
    std::vector<std::string> known;
    for (const auto& shape : shapes) known.emplace_back(shape.type);
    return fail("bad_argument", "\"" + std::string(type) + "\" is no record type." +
                                    did_you_mean(upper, known) +
                                    " Types without a name here are written TYPE1234 (RFC 3597).");
}

std::uint16_t type_number(std::string_view type) {
    if (const Shape* shape = find_shape(type)) return shape->number;
    std::uint16_t number = 0;
    if (type.starts_with("TYPE"))
        std::from_chars(type.data() + 4, type.data() + type.size(), number);
    return number;
}

std::string type_name(std::uint16_t number) {
    for (const auto& shape : shapes)
        if (shape.number == number) return std::string(shape.type);
    return "TYPE" + std::to_string(number);
}

Result<std::vector<RdataWord>> split_words(std::string_view line) {
    std::vector<RdataWord> words;
    std::size_t at = 0;
    while (at < line.size()) {
        if (line[at] == ' ' || line[at] == '\t') {
            ++at;
            continue;
        }
        RdataWord word{.text = "", .quoted = line[at] == '"'};
        if (word.quoted) ++at;
        const auto ends = [&] {
            return word.quoted ? line[at] == '"' : line[at] == ' ' || line[at] == '\t';
        };
        while (at < line.size() && !ends()) {
            if (line[at] == '\\' && at + 1 < line.size()) word.text += line[at++];
            word.text += line[at++];
        }
        if (word.quoted && at == line.size())
            return fail("bad_argument",
                        "A quote is opened and not closed in: " + std::string(line));
        if (word.quoted) ++at;
        words.push_back(std::move(word));
    }
    return words;
}

Result<std::string> value_of_words(std::string_view type, const std::vector<RdataWord>& words,
                                   std::string_view origin) {
    const Shape* shape = find_shape(type);
    const std::string_view fields = shape ? shape->fields : "*";
    const std::string shown = rest_of(words, 0);
    if (words.empty()) return bad_value(type, shown, "it is empty");
    if (words[0].text == "\\#" && !words[0].quoted) return lower_case(shown);  // RFC 3597, 5.
    if (!shape) return bad_value(type, shown, "write it as \\# LENGTH HEX (RFC 3597)");
    if (fields == "s") return txt_of(type, words);
    std::string value;
    std::size_t next = 0;
    for (const char kind : fields) {
        const bool rest = kind == '*' || kind == 'x' || kind == 'y';
        if (next >= words.size() && kind != '*')
            return bad_value(type, shown, "it needs " + std::to_string(fields.size()) + " fields");
        auto field = kind == '*' ? Result<std::string>(rest_of(words, next))
                     : rest      ? digits_of(kind, words, next)
                                 : field_of(kind, words[next], origin);
        if (!field) {
            std::string why = field.error().message;
            if (why.ends_with('.')) why.pop_back();
            return bad_value(type, shown, why);
        }
        next = rest ? words.size() : next + 1;
        if (!value.empty() && !field->empty()) value += ' ';
        value += *field;
    }
    if (next < words.size()) return bad_value(type, shown, "it has a field too many");
    return value;
}

Result<std::string> value_of_text(std::string_view type, std::string_view text) {
    for (const char letter : text)
        if (letter == '\n' || letter == '\r' || letter == '\0')
            return bad_value(type, text, "it holds a line break or a zero byte");
    if (type == "TXT" || type == "SPF") {
        if (text.empty()) return txt_value({""});
        const auto strings = txt_strings(text);
        if (!strings) return bad_value(type, text, strings.error().message);
        return txt_value(*strings);
    }
    const auto words = split_words(text);
    if (!words) return words.error();
    for (const auto& word : *words)
        if (!word.quoted && word.text.find_first_of(";()") != std::string::npos)
            return bad_value(type, text, "; ( and ) stand only between quotes");
    return value_of_words(type, *words, "");
}

std::string zone_file_words(std::string_view type, std::string_view value) {
    const Shape* shape = find_shape(type);
    if (!shape || value.starts_with("\\# ")) return std::string(value);
    if (shape->fields == "s") {
        std::string words;
        const auto strings = txt_strings(value);
        if (!strings) return std::string(value);
        for (const auto& string : *strings)
            words += (words.empty() ? "" : " ") + zone_quoted(string);
        return words;
    }
    const auto words = split_words(value);
    if (!words || shape->fields.find('n') == std::string_view::npos) return std::string(value);
    std::string made;
    for (std::size_t i = 0; i < words->size(); ++i) {
        const RdataWord& word = (*words)[i];
        const bool name = i < shape->fields.size() && shape->fields[i] == 'n';
        if (i > 0) made += ' ';
        made += word.quoted ? "\"" + word.text + "\"" : name ? dotted(word.text) : word.text;
    }
    return made;
}

}  // namespace perilune
