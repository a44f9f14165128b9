#include "bindings/dns/simulated_resolver.h"

#include <algorithm>
#include <cmath>

#include "bindings/dns/names.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

constexpr int links_max = 10;  // Of a chain of CNAMEs; longer is a loop.
// Under this type it is kept that a name does not exist at all (NXDOMAIN).
constexpr const char* no_such_name = "";

}  // namespace

double SimulatedResolver::left_s(const Kept& kept) const {
    return kept.since_s + std::max(kept.ttl_s, keep_s_) - boot_now_s();
}

const SimulatedResolver::Kept* SimulatedResolver::find(const Question& question) const {
    const auto found = kept_.find(question);
    return found == kept_.end() || left_s(found->second) <= 0 ? nullptr : &found->second;
}

// The set itself, or the CNAME in its place, or that there is neither.
const SimulatedResolver::Kept* SimulatedResolver::find_any(const std::string& name,
                                                           const std::string& type) const {
    if (const Kept* kept = find({name, type})) return kept;
    if (const Kept* alias = find({name, "CNAME"}); alias && !alias->records.empty()) return alias;
    return find({name, no_such_name});
}

// Asks the zone's servers and keeps what they say; nothing where none of them answers.
std::optional<SimulatedResolver::Kept> SimulatedResolver::ask(const ServedZone& zone,
                                                              const std::string& name,
                                                              const std::string& type) {
    const bool inside = name == zone.zone || owner_in_zone(name, zone.zone).has_value();
    if (inside && zone.silent) return std::nullopt;
    const auto& known = inside ? zone.records : zone.outside;
    Kept kept{.records = {}, .since_s = boot_now_s(), .ttl_s = zone.negative_s};
    std::string as = type;
    const auto found = records_at(known, name);
    for (const std::string& one : {type, std::string("CNAME")}) {
        for (const auto& record : found)
            if (record.type == one) kept.records.push_back(record);
        as = one;
        if (!kept.records.empty()) break;
    }
    if (kept.records.empty())
        as = found.empty() && !is_name_served(known, name) ? no_such_name : type;
    else
        kept.ttl_s = kept.records[0].ttl_s;
    for (const auto& record : kept.records) kept.ttl_s = std::min<double>(kept.ttl_s, record.ttl_s);
    kept_[{name, as}] = kept;
    return kept;
}

Answer SimulatedResolver::answer(const ServedZone& zone, const std::string& server,
                                 const std::string& name, const std::string& type) {
    std::vector<DnsRecord> records;
    std::string at = name;
    for (int link = 0; link < links_max; ++link) {
        std::optional<Kept> kept;
        if (const Kept* known = find_any(at, type)) kept = *known;
        if (!kept) kept = ask(zone, at, type);
        if (!kept) return {.server = server, .error = "The server answered SERVFAIL."};
        for (DnsRecord record : kept->records) {
            record.ttl_s = static_cast<std::uint32_t>(std::max(0.0, std::ceil(left_s(*kept))));
            records.push_back(std::move(record));
        }
        if (kept->records.empty() || kept->records[0].type == type) break;
        at = kept->records[0].value;
        if (at.size() > 1 && at.ends_with('.')) at.pop_back();
    }
    return follow(records, server, name, type);
}

std::vector<std::pair<std::string, std::string>> SimulatedResolver::kept() const {
    std::vector<Question> all;
    for (const auto& [question, kept] : kept_)
        if (left_s(kept) > 0) all.push_back(question);
    return all;
}

}  // namespace perilune
