#include "bindings/dns/served.h"

#include <algorithm>

namespace perilune {

namespace {

// Gives the names a wildcard stands for records of their own (RFC 4592): the wildcard just below
// the nearest name that exists, and only where the name itself does not.
void expand_wildcard(std::vector<DnsRecord>& records, const std::string& name) {
    std::string encloser = name;
    while (!is_name_served(records, encloser)) {
        const auto dot = encloser.find('.');
        if (dot == std::string::npos) return;
        encloser.erase(0, dot + 1);
    }
    if (encloser == name) return;
    const std::size_t count = records.size();
    for (std::size_t i = 0; i < count; ++i) {
        if (records[i].owner != "*." + encloser) continue;
        DnsRecord made = records[i];
        made.owner = name;
        records.push_back(std::move(made));
    }
}

}  // namespace

bool is_name_served(const std::vector<DnsRecord>& records, const std::string& name) {
    return std::any_of(records.begin(), records.end(), [&](const DnsRecord& record) {
        return record.owner == name || record.owner.ends_with("." + name);
    });
}

std::vector<DnsRecord> records_at(const std::vector<DnsRecord>& records, const std::string& name) {
    std::vector<DnsRecord> found = records;
    expand_wildcard(found, name);
    std::erase_if(found, [&](const DnsRecord& record) { return record.owner != name; });
    return found;
}

Answer answer_from(std::vector<DnsRecord> records, const std::string& server,
                   const std::string& name, const std::string& type) {
    expand_wildcard(records, name);
    Answer answer = follow(records, server, name, type);
    // The name at the end of a chain may be a wildcard's too.
    if (!answer.values.empty() || answer.chain.empty()) return answer;
    expand_wildcard(records, answer.chain.back());
    return follow(records, server, name, type);
}

}  // namespace perilune
