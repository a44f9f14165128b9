// DNS messages (RFC 1035, section 4): a query made, a reply read. ldns stays behind it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

struct DnsRecord {
    std::string owner;  // Absolute, lower-case, without the last dot.
    std::string type;
    std::string value;  // Canonical.
    std::uint32_t ttl_s = 0;
};

struct DnsReply {
    std::string code;  // "NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED", …
    bool truncated = false;
    bool authoritative = false;
    std::vector<DnsRecord> answers;
};

// The bytes of a query for an absolute name, recursion desired, with EDNS (1232 bytes).
Result<std::string> make_query(std::uint16_t id, const std::string& name, const std::string& type);

// Reads a reply; refuses one with another id or question, which is not an answer to ours.
Result<DnsReply> read_reply(std::string_view bytes, std::uint16_t id, const std::string& name,
                            const std::string& type);

// The code and the answer's records of any message with this id.
Result<DnsReply> read_message(std::string_view bytes, std::uint16_t id);

}  // namespace perilune
