// What name servers answer: lookup and resolves, for every driver of the family.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bindings/dns/dns_client.h"

namespace perilune {

// One server's answer.
struct Answer {
    std::string server;
    std::vector<std::string> values;  // Canonical, sorted, of the type asked for.
    std::uint32_t ttl_s = 0;          // The least of the records that led to the values.
    std::vector<std::string> chain;   // The names the CNAMEs led to, in order.
    std::optional<std::string> error;
};

Value to_value(const Answer& answer);

// Follows the CNAMEs among `records` from `name` to the values of `type`.
Answer follow(const std::vector<DnsRecord>& records, const std::string& server,
              const std::string& name, const std::string& type);

// Asks all servers at once for an absolute name. A server that gives only the beginning of a chain
// of CNAMEs is asked for the rest, as far as it answers. Blocks.
std::vector<Answer> ask_all(const std::vector<NameServer>& servers, const std::string& name,
                            const std::string& type, double deadline_s);

// The type that `resolves` asks for where none is given.
std::string type_for(const std::string& to);

// True where the answer has `to` among its values or along its chain.
bool answers_with(const Answer& answer, const std::string& to);

// The serial each server answers with for the zone, in the order of the servers.
std::vector<Result<std::uint32_t>> ask_serials(const std::vector<NameServer>& servers,
                                               const std::string& zone, double deadline_s);

}  // namespace perilune
