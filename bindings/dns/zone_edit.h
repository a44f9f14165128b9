// Edits of a zone file's text that leave every other line as it is.
#pragma once

#include "bindings/dns/record_set.h"
#include "bindings/dns/zone_text.h"

namespace perilune {

// All record sets of the zone, in the order of lists. A set's TTL is the least of its records', its
// comment the first that stands behind one of them.
std::vector<RecordSet> record_sets(const ZoneText& zone);
std::optional<RecordSet> find_record_set(const ZoneText& zone, const std::string& name,
                                         const std::string& type);

// Puts a set in the place of what there is: values that stay keep their lines, changed ones are
// edited in place, new ones follow the name's other records, or the zone's last.
Status put_record_set(ZoneText& zone, const RecordSet& wanted);
void remove_record_set(ZoneText& zone, const std::string& name, const std::string& type);

// Ends an edit: lines that went on with the name or TTL of a line that is gone get their own, the
// SOA's serial goes up, and the outcome is parsed anew to prove that it says what was meant.
// Returns the new text.
Result<std::string> finish_edit(ZoneText& zone, std::uint32_t today);

std::uint32_t serial_of(const ZoneText& zone);

}  // namespace perilune
