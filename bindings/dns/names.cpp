#include "bindings/dns/names.h"

#include <algorithm>
#include <cctype>

namespace perilune {

namespace {

constexpr std::size_t label_bytes_max = 63;
constexpr std::size_t name_bytes_max = 253;  // 255 on the wire, with the lengths and the root.

std::string mapped(std::string_view text, int (*map)(int)) {
    std::string made(text);
    std::transform(made.begin(), made.end(), made.begin(), [map](unsigned char letter) {
        return letter < 0x80 ? static_cast<char>(map(letter)) : static_cast<char>(letter);
    });
    return made;
}

bool stands_in_names(char letter) {
    const auto byte = static_cast<unsigned char>(letter);
    return byte > 0x20 && byte < 0x7f &&
           std::string_view("\"();@$").find(letter) == std::string::npos;
}

Error bad_name(std::string_view name, const std::string& why) {
    return fail("bad_argument",
                "\"" + std::string(name.substr(0, 80)) + "\" is no domain name: " + why + ".");
}

// One label's bytes on the wire, from `at` to the dot or the end; moves `at` there.
Result<std::size_t> read_label(std::string_view name, std::size_t& at) {
    std::size_t bytes = 0;
    while (at < name.size() && name[at] != '.') {
        if (name[at] == '\\') {
            const bool digits = at + 3 < name.size() && std::isdigit(name[at + 1]) &&
                                std::isdigit(name[at + 2]) && std::isdigit(name[at + 3]);
            if (at + 1 >= name.size()) return bad_name(name, "it ends in a backslash");
            at += digits ? 4 : 2;
        } else {
            if (!stands_in_names(name[at]))
                return bad_name(name, "it holds a character that names do not have");
            ++at;
        }
        ++bytes;
    }
    return bytes;
}

}  // namespace

std::string lower_case(std::string_view text) { return mapped(text, std::tolower); }

std::string upper_case(std::string_view text) { return mapped(text, std::toupper); }

bool ends_in_dot(std::string_view name) {
    if (!name.ends_with('.')) return false;
    std::size_t backslashes = 0;
    while (backslashes + 1 < name.size() && name[name.size() - 2 - backslashes] == '\\')
        ++backslashes;
    return backslashes % 2 == 0;
}

Result<std::string> checked_name(std::string_view name) {
    if (name == "@" || name == ".") return std::string(name);
    if (name.empty()) return bad_name(name, "it is empty; the zone itself is \"@\"");
    std::size_t total = 0;
    for (std::size_t at = 0; at < name.size();) {
        const auto bytes = read_label(name, at);
        if (!bytes) return bytes.error();
        if (*bytes == 0) return bad_name(name, "it has an empty label (two dots, or one in front)");
        if (*bytes > label_bytes_max)
            return bad_name(name, "one of its labels is longer than 63 characters");
        total += *bytes + 1;
        if (at < name.size()) ++at;  // The dot.
    }
    if (total > name_bytes_max + 1) return bad_name(name, "it is longer than 253 characters");
    return lower_case(name);
}

std::string absolute_name(std::string_view name, std::string_view origin) {
    if (name == "@") return std::string(origin);
    if (name == ".") return ".";
    if (ends_in_dot(name)) return std::string(name.substr(0, name.size() - 1));
    return std::string(name) + (origin == "." ? "" : "." + std::string(origin));
}

Result<std::string> target_name(std::string_view name) {
    if (name == "@")
        return fail("bad_argument",
                    "\"@\" is no target of a record: write the whole host name, such as "
                    "\"app.example.net\".");
    const auto checked = checked_name(name);
    if (!checked) return checked.error();
    if (*checked != "." && checked->find('.') == std::string::npos)
        return fail("bad_argument", "\"" + *checked +
                                        "\" as the target of a record is not a whole host name: "
                                        "write it with its domain, or as \"" +
                                        *checked + ".\" where it really is a top-level name.");
    return shown_target(absolute_name(*checked, "."));
}

std::string shown_target(std::string_view absolute) {
    if (absolute == ".") return ".";
    std::string shown(absolute);
    if (shown.find('.') == std::string::npos) shown += '.';
    return shown;
}

std::string dotted(std::string_view target) {
    return ends_in_dot(target) ? std::string(target) : std::string(target) + ".";
}

std::optional<std::string> owner_in_zone(std::string_view absolute, std::string_view zone) {
    if (absolute == zone) return "@";
    const std::string ending = "." + std::string(zone);
    if (!absolute.ends_with(ending) || absolute.size() == ending.size()) return std::nullopt;
    return std::string(absolute.substr(0, absolute.size() - ending.size()));
}

Result<std::string> resolve_owner(std::string_view name, std::string_view zone) {
    auto checked = checked_name(name);
    if (!checked) return checked;
    if (!ends_in_dot(*checked)) {
        if (!owner_in_zone(*checked, zone)) return checked;
        return fail("bad_argument", "The name " + *checked + " would be " + *checked + "." +
                                        std::string(zone) +
                                        ": names are relative to the zone. "
                                        "Write \"" +
                                        *owner_in_zone(*checked, zone) + "\", or \"" + *checked +
                                        ".\" with a last dot.");
    }
    const auto owner = owner_in_zone(absolute_name(*checked, zone), zone);
    if (owner) return *owner;
    return fail("bad_argument", "The name " + *checked + " lies outside the zone " +
                                    std::string(zone) +
                                    ". Write it relative to the zone, without "
                                    "the last dot, or use the target of its own zone.");
}

}  // namespace perilune
