#include "bindings/dns/zone_text.h"

#include "bindings/dns/names.h"
#include "bindings/dns/zone_ttl.h"

namespace perilune {

namespace {

Error refuse(const ZoneEntry& entry, const ZoneContext& context, const std::string& why) {
    const std::string line = entry.line > 0 ? ":" + std::to_string(entry.line) : "";
    return fail("bad_zone_file", context.path + line + ": " + why);
}

Status read_directive(ZoneEntry& entry, ZoneContext& context) {
    const std::string name = upper_case(entry.words[0].text);
    if (name == "$ORIGIN" && entry.words.size() == 2) {
        const auto origin = checked_name(entry.words[1].text);
        if (!origin) return refuse(entry, context, origin.error().message);
        context.origin = absolute_name(*origin, context.origin);
        entry.kind = ZoneEntry::Kind::origin;
        return Done{};
    }
    if (name == "$TTL" && entry.words.size() == 2) {
        context.default_ttl_s = parse_zone_ttl(entry.words[1].text);
        if (!context.default_ttl_s) return refuse(entry, context, "$TTL needs a time.");
        entry.kind = ZoneEntry::Kind::ttl;
        return Done{};
    }
    if (name == "$INCLUDE")
        return refuse(entry, context,
                      "$INCLUDE is not followed: an edit here could not see what the other file "
                      "holds. Put the records into one file.");
    if (name == "$GENERATE")
        return refuse(entry, context,
                      "$GENERATE is not understood: write the records it makes themselves.");
    return refuse(entry, context,
                  entry.words[0].text + " is no directive that is understood here.");
}

Status find_owner(ZoneEntry& entry, ZoneContext& context) {
    if (!entry.owner_written) {
        if (context.owner.empty())
            return refuse(entry, context, "the first record has no name to go on with.");
        entry.owner = context.owner;
        return Done{};
    }
    const auto name = checked_name(entry.words[0].text);
    if (!name) return refuse(entry, context, name.error().message);
    const auto owner = owner_in_zone(absolute_name(*name, context.origin), context.zone);
    if (!owner)
        return refuse(entry, context,
                      "the name " + absolute_name(*name, context.origin) +
                          " lies outside the zone " + context.zone + ".");
    entry.owner = *owner;
    return Done{};
}

Status find_ttl(ZoneEntry& entry, const ZoneContext& context) {
    if (entry.ttl_word) {
        entry.ttl_s = *parse_zone_ttl(entry.words[*entry.ttl_word].text);
    } else if (context.default_ttl_s) {
        entry.ttl_s = *context.default_ttl_s;
    } else if (context.last_ttl_s) {
        entry.ttl_s = *context.last_ttl_s;
    } else if (entry.type == "SOA") {
        // As BIND does: the SOA's own minimum stands in for a $TTL that nobody wrote.
        entry.ttl_s = *parse_zone_ttl(entry.value.substr(entry.value.rfind(' ') + 1));
    } else {
        return refuse(entry, context, "the record has no TTL, and no $TTL stands above it.");
    }
    return Done{};
}

}  // namespace

std::string ZoneText::text() const {
    std::string all;
    for (const auto& entry : entries) all += entry.text;
    return all;
}

std::size_t ZoneText::soa() const {
    std::size_t at = 0;
    while (at < entries.size() && entries[at].type != "SOA") ++at;
    return at;
}

Status find_head(ZoneEntry& entry, const ZoneContext& context) {
    std::size_t at = entry.owner_written ? 1 : 0;
    entry.ttl_word.reset();
    entry.class_word.reset();
    // They may come as TTL class type or as class TTL type.
    for (; at < entry.words.size(); ++at) {
        const RdataWord& word = entry.words[at];
        const std::string upper = upper_case(word.text);
        if (!entry.ttl_word && !word.quoted && parse_zone_ttl(word.text)) {
            entry.ttl_word = at;
        } else if (!entry.class_word && upper == "IN") {
            entry.class_word = at;
        } else {
            break;
        }
    }
    if (at >= entry.words.size()) return refuse(entry, context, "the record has no type.");
    const std::string upper = upper_case(entry.words[at].text);
    if (upper == "CH" || upper == "HS" || upper == "CS" || upper.starts_with("CLASS"))
        return refuse(entry, context, "the class " + upper + " is not kept here, only IN.");
    const auto type = checked_type(upper);
    if (!type) return refuse(entry, context, type.error().message);
    entry.type = *type;
    entry.type_word = at;
    return Done{};
}

Status read_entry(ZoneEntry& entry, ZoneContext& context) {
    entry.origin = context.origin;
    if (entry.words.empty()) return Done{};
    if (entry.owner_written && !entry.words[0].quoted && entry.words[0].text.starts_with('$'))
        return read_directive(entry, context);
    entry.kind = ZoneEntry::Kind::record;
    if (const auto found = find_head(entry, context); !found) return found;
    if (const auto found = find_owner(entry, context); !found) return found;
    const std::vector<RdataWord> words(entry.words.begin() + static_cast<long>(entry.type_word) + 1,
                                       entry.words.end());
    const auto value = value_of_words(entry.type, words, context.origin);
    if (!value) return refuse(entry, context, value.error().message);
    entry.value = *value;
    if (entry.type == "SOA" && words[0].text == "\\#")  // RFC 3597, 5, which hides the serial.
        return refuse(entry, context,
                      "the SOA is not understood as bytes: write its seven fields.");
    if (const auto found = find_ttl(entry, context); !found) return found;
    context.owner = entry.owner;
    context.last_ttl_s = entry.ttl_s;
    return Done{};
}

Result<ZoneText> parse_zone(std::string_view text, const std::string& zone,
                            const std::string& path) {
    auto entries = split_entries(text, path);
    if (!entries) return entries.error();
    ZoneText parsed{.zone = zone, .path = path, .entries = std::move(*entries)};
    ZoneContext context{.zone = zone, .path = path, .origin = zone, .owner = ""};
    int authorities = 0;
    for (auto& entry : parsed.entries) {
        if (const auto read = read_entry(entry, context); !read) return read.error();
        if (entry.type != "SOA") continue;
        ++authorities;
        if (entry.owner != "@")
            return refuse(entry, context, "the SOA is not of the zone " + zone + " itself.");
    }
    if (authorities != 1)
        return fail("bad_zone_file", path + ": the zone " + zone + " needs exactly one SOA, and " +
                                         std::to_string(authorities) + " are there.");
    return parsed;
}

}  // namespace perilune
