// DNS messages that read and change whole zones: transfers (RFC 5936) and updates (RFC 2136).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

// What an update does to one record set: all its records go, and `contents` (as a zone file writes
// them) come in their place; none where it is only deleted.
struct SetUpdate {
    std::string owner;  // Absolute.
    std::string type;
    std::uint32_t ttl_s = 0;
    std::vector<std::string> contents;
};

// One UPDATE message, which the server applies whole or not at all (RFC 2136, 2.5 and 3.4).
Result<std::string> make_update(std::uint16_t id, const std::string& zone,
                                const std::vector<SetUpdate>& sets);
// A request for all records of the zone, or for all of one name.
Result<std::string> make_transfer(std::uint16_t id, const std::string& zone);
Result<std::string> make_query_of_all(std::uint16_t id, const std::string& name);

}  // namespace perilune
