#include "bindings/dns/zone_entry_edit.h"

#include <algorithm>

#include "bindings/dns/names.h"
#include "bindings/dns/zone_ttl.h"

namespace perilune {

namespace {

// Replaces a part of the text and finds the words anew; what the record means is the caller's.
Status rewrite(ZoneEntry& entry, Span place, std::string_view by, const ZoneText& zone) {
    entry.text.replace(place.begin, place.end - place.begin, by);
    auto again = split_entries(entry.text, zone.path);
    if (!again) return again.error();
    if (again->size() != 1 || (*again)[0].words.empty())
        return fail("edit_refused", "Editing the record " + entry.owner + " " + entry.type +
                                        " of " + zone.path +
                                        " would break its line; edit it by hand.");
    ZoneEntry& read = (*again)[0];
    entry.words = std::move(read.words);
    entry.places = std::move(read.places);
    entry.comment = read.comment;
    entry.grouped = read.grouped;
    entry.owner_written = read.owner_written;
    const ZoneContext context{
        .zone = zone.zone, .path = zone.path, .origin = entry.origin, .owner = entry.owner};
    return find_head(entry, context);
}

std::string_view line_end(std::string_view text) {
    if (text.ends_with("\r\n")) return "\r\n";
    return text.ends_with('\n') ? "\n" : "";
}

// The name as it is written where the entry stands.
std::string owner_text(const ZoneEntry& entry, const ZoneText& zone) {
    if (entry.origin == zone.zone) return entry.owner;
    return (entry.owner == "@" ? zone.zone : entry.owner + "." + zone.zone) + ".";
}

}  // namespace

Status write_owner(ZoneEntry& entry, const ZoneText& zone) {
    const std::size_t blanks = std::min(entry.text.find_first_not_of(" \t"), entry.text.size());
    std::string owner = owner_text(entry, zone);
    const bool spaces = entry.text.find('\t') >= blanks;
    if (spaces && blanks > owner.size()) {
        owner.append(blanks - owner.size(), ' ');  // The columns stay where they are.
    } else {
        owner += '\t';
    }
    return rewrite(entry, {0, blanks}, owner, zone);
}

Status write_ttl(ZoneEntry& entry, std::uint32_t ttl_s, const ZoneText& zone) {
    entry.ttl_s = ttl_s;
    const std::string text = std::to_string(ttl_s);
    if (entry.ttl_word) {
        const std::size_t at = *entry.ttl_word;
        if (parse_zone_ttl(entry.words[at].text) == ttl_s) return Done{};
        return rewrite(entry, entry.places[at], text, zone);
    }
    const std::size_t before = entry.places[entry.class_word.value_or(entry.type_word)].begin;
    return rewrite(entry, {before, before}, text + " ", zone);
}

Status write_value(ZoneEntry& entry, const std::string& value, const ZoneText& zone) {
    entry.value = value;
    const std::string words = zone_file_words(entry.type, value);
    if (!entry.grouped) {
        const Span place{entry.places[entry.type_word + 1].begin, entry.places.back().end};
        return rewrite(entry, place, words, zone);
    }
    // Parentheses may open anywhere in the record, so its lines are joined into one.
    std::string line;
    for (std::size_t at = 0; at <= entry.type_word; ++at) {
        if (at > 0 || !entry.owner_written) line += '\t';
        const Span place = entry.places[at];
        line += entry.text.substr(place.begin, place.end - place.begin);
    }
    line += "\t" + words;
    const std::string comment = comment_of(entry);
    if (!comment.empty()) line += " ; " + comment;
    line += line_end(entry.text);
    return rewrite(entry, {0, entry.text.size()}, line, zone);
}

Status write_comment(ZoneEntry& entry, const std::string& comment, const ZoneText& zone) {
    if (comment == comment_of(entry)) return Done{};
    const std::size_t end = entry.text.size() - line_end(entry.text).size();
    Span place{end, end};
    if (entry.comment) place = *entry.comment;
    std::string written = comment.empty() ? "" : "; " + comment;
    if (!entry.comment) written = " " + written;
    if (comment.empty())
        while (place.begin > 0 &&
               std::string_view(" \t").find(entry.text[place.begin - 1]) != std::string_view::npos)
            --place.begin;
    return rewrite(entry, place, written, zone);
}

std::string comment_of(const ZoneEntry& entry) {
    if (!entry.comment) return "";
    const std::string_view text = entry.text;
    const auto comment =
        text.substr(entry.comment->begin, entry.comment->end - entry.comment->begin);
    const auto first = comment.find_first_not_of("; \t");
    if (first == std::string_view::npos) return "";
    return std::string(comment.substr(first, comment.find_last_not_of(" \t") + 1 - first));
}

Result<ZoneEntry> make_entry(const ZoneEntry& neighbour, const std::string& owner,
                             const std::string& type, std::uint32_t ttl_s, const std::string& value,
                             const ZoneText& zone) {
    ZoneEntry entry;
    entry.kind = ZoneEntry::Kind::record;
    entry.origin = neighbour.origin;
    entry.owner = owner;
    entry.type = type;
    entry.value = value;
    entry.ttl_s = ttl_s;
    const std::string line = owner_text(entry, zone) + "\t" + std::to_string(ttl_s) + "\tIN\t" +
                             type + "\t" + zone_file_words(type, value) +
                             (neighbour.text.ends_with("\r\n") ? "\r\n" : "\n");
    if (const auto made = rewrite(entry, {0, 0}, line, zone); !made) return made.error();
    return entry;
}

}  // namespace perilune
