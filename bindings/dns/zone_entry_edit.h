// Rewrites one part of one record's text: its name, TTL, value or comment, and nothing else of it.
#pragma once

#include "bindings/dns/zone_text.h"

namespace perilune {

// Writes the record's name in front of it where it went on with the last one's.
Status write_owner(ZoneEntry& entry, const ZoneText& zone);
// Makes the record say this TTL itself.
Status write_ttl(ZoneEntry& entry, std::uint32_t ttl_s, const ZoneText& zone);
// Puts another canonical value in place of the record's.
Status write_value(ZoneEntry& entry, const std::string& value, const ZoneText& zone);
// Puts a comment behind the record, or takes it away where the text is empty.
Status write_comment(ZoneEntry& entry, const std::string& comment, const ZoneText& zone);

// The comment behind a record without its `;`, or empty.
std::string comment_of(const ZoneEntry& entry);

// A record on a line of its own, as it is written after `neighbour`.
Result<ZoneEntry> make_entry(const ZoneEntry& neighbour, const std::string& owner,
                             const std::string& type, std::uint32_t ttl_s, const std::string& value,
                             const ZoneText& zone);

}  // namespace perilune
