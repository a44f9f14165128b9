// A zone file as text that is edited in place (RFC 1035, section 5.1; $TTL by RFC 2308): whatever
// is not edited stays as it is, byte for byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/dns/rdata.h"

namespace perilune {

struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
};

// One entry of the file: a record, a directive, or lines with nothing but blanks and comments. Its
// text has its line ends, several of them where parentheses join lines.
struct ZoneEntry {
    enum class Kind { other, origin, ttl, record };
    std::string text;
    int line = 0;  // Where it begins, from 1; 0 of an entry that an edit made.
    Kind kind = Kind::other;

    // How it is written.
    std::vector<RdataWord> words;
    std::vector<Span> places;     // Of the words, quotes included, in `text`.
    std::optional<Span> comment;  // After the last word, with its `;`, without the line's end.
    bool grouped = false;         // Has parentheses.
    bool owner_written = false;   // Else the line begins with a blank and goes on with the last.
    std::optional<std::size_t> ttl_word, class_word;
    std::size_t type_word = 0;  // The words after it are the value.

    // What a record means.
    std::string owner;  // Relative to the zone.
    std::string type;
    std::string value;  // Canonical.
    std::uint32_t ttl_s = 0;
    std::string origin;  // In force at this entry.
};

struct ZoneText {
    std::string zone;  // Lower-case, without the last dot.
    std::string path;  // For messages.
    std::vector<ZoneEntry> entries;

    std::string text() const;
    // The index of the SOA record, which every parsed zone has exactly once.
    std::size_t soa() const;
};

// Parses the text of a zone. $INCLUDE, $GENERATE, other classes than IN and names outside the zone
// are refused with the file's line.
Result<ZoneText> parse_zone(std::string_view text, const std::string& zone,
                            const std::string& path);

// Splits the text into entries with their words; the first half of parse_zone.
Result<std::vector<ZoneEntry>> split_entries(std::string_view text, const std::string& path);

// What an entry inherits from those before it.
struct ZoneContext {
    std::string zone;
    std::string path;
    std::string origin;
    std::string owner;  // Relative to the zone; empty before the first record.
    std::optional<std::uint32_t> default_ttl_s;  // Of $TTL.
    std::optional<std::uint32_t> last_ttl_s;     // Of the last record with one (RFC 1035).
};

// Finds where TTL, class and type stand among a record's words.
Status find_head(ZoneEntry& entry, const ZoneContext& context);

// Works out what an entry means where it stands, and updates the context for the next one.
Status read_entry(ZoneEntry& entry, ZoneContext& context);

}  // namespace perilune
