// A record set in C++: what a zone holds under one name and type, and the rules it must keep.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

struct RecordSet {
    std::string name;  // Relative to the zone.
    std::string type;
    std::vector<std::string> values;  // Canonical, sorted.
    std::uint32_t ttl_s = 0;
    // What there is: nothing where there is none. What is wanted: nothing keeps what there is,
    // empty text removes it.
    std::optional<std::string> comment;
    // What there is: true, or nothing. What is wanted: nothing keeps what there is.
    std::optional<bool> proxied;
};

// What a zone can hold besides what RFC 1035 knows.
struct ZoneFeatures {
    bool proxied = false;     // A proxy in front of addresses.
    bool apex_cname = false;  // A CNAME at the zone itself, answered as addresses.
};

// As a result has it: dns.RecordSet.
Value to_value(const RecordSet& set);
// From checked arguments of upsert, an element of batch's upserts, or a recorded RecordSet.
RecordSet record_set_from(const Value& value);

// The order of lists: the zone itself first, then by name and type.
bool comes_before(const RecordSet& left, const RecordSet& right);

// Refuses a CNAME beside other data or with several values (RFC 1034, section 3.6.2), and a CNAME
// at the zone itself unless the provider answers it as addresses.
Status check_cname_rules(const std::vector<RecordSet>& sets, const std::string& zone,
                         const ZoneFeatures& features = {});

}  // namespace perilune
