#include "bindings/dns/record_set.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

namespace perilune {

namespace {

// What DNSSEC puts beside a CNAME (RFC 4034, section 3 and 4).
bool may_stand_beside_cname(const std::string& type) {
    static constexpr std::array<std::string_view, 3> types = {"CNAME", "RRSIG", "NSEC"};
    return std::find(types.begin(), types.end(), type) != types.end();
}

}  // namespace

Value to_value(const RecordSet& set) {
    List values;
    for (const auto& value : set.values) values.emplace_back(value);
    Value made;
    made.set("name", set.name).set("type", set.type).set("values", std::move(values));
    made.set("ttl_s", static_cast<double>(set.ttl_s));
    if (set.comment && !set.comment->empty()) made.set("comment", *set.comment);
    if (set.proxied && *set.proxied) made.set("proxied", true);
    return made;
}

RecordSet record_set_from(const Value& value) {
    RecordSet set;
    set.name = value["name"].text();
    set.type = value["type"].text();
    for (const auto& one : value["values"].list()) set.values.push_back(one.text());
    const Value& ttl = value.has("ttl") ? value["ttl"] : value["ttl_s"];
    set.ttl_s = static_cast<std::uint32_t>(ttl.integer());
    if (value.has("comment")) set.comment = value["comment"].text();
    if (value.has("proxied")) set.proxied = value["proxied"].boolean();
    return set;
}

bool comes_before(const RecordSet& left, const RecordSet& right) {
    const auto key = [](const RecordSet& set) { return std::tie(set.name, set.type); };
    if ((left.name == "@") != (right.name == "@")) return left.name == "@";
    return key(left) < key(right);
}

Status check_cname_rules(const std::vector<RecordSet>& sets, const std::string& zone,
                         const ZoneFeatures& features) {
    std::map<std::string, const RecordSet*> aliases;
    for (const auto& set : sets)
        if (set.type == "CNAME") aliases[set.name] = &set;
    for (const auto& [name, set] : aliases) {
        const std::string whole = name == "@" ? zone : name + "." + zone;
        if (name == "@" && !features.apex_cname)
            return fail("cname_conflict", "A CNAME at the zone itself (" + zone +
                                              ") would stand beside its SOA and NS. Use A or AAAA "
                                              "records there.");
        if (set->values.size() != 1)
            return fail("cname_conflict", "The CNAME " + whole + " has " +
                                              std::to_string(set->values.size()) +
                                              " values; a CNAME has exactly one.");
    }
    for (const auto& set : sets) {
        if (may_stand_beside_cname(set.type) || !aliases.contains(set.name)) continue;
        const bool address = set.type == "A" || set.type == "AAAA";
        if (set.name == "@" && !address) continue;  // A CNAME there is answered as addresses only.
        return fail("cname_conflict",
                    "A CNAME and a " + set.type + " cannot both stand at " + set.name + "." + zone +
                        " (RFC 1034, 3.6.2). Remove one in the same batch that puts the other.");
    }
    return Done{};
}

}  // namespace perilune
