// What a server that has these records answers of them: wildcards stand for names, CNAMEs lead on.
#pragma once

#include "bindings/dns/lookup.h"

namespace perilune {

// True where the name has records, or others stand below it.
bool is_name_served(const std::vector<DnsRecord>& records, const std::string& name);

// The records of an absolute name, a wildcard's among them (RFC 4592).
std::vector<DnsRecord> records_at(const std::vector<DnsRecord>& records, const std::string& name);

// The answer to one question, CNAMEs followed as far as the records go.
Answer answer_from(std::vector<DnsRecord> records, const std::string& server,
                   const std::string& name, const std::string& type);

}  // namespace perilune
