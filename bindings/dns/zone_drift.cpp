// How a zone differs from the record sets that it should have.
#include <algorithm>

#include "bindings/dns/names.h"
#include "bindings/dns/zone_change.h"

namespace perilune {

namespace {

// True where what is wanted says nothing that is not so.
bool is_as_wanted(const Value& wanted, const Value& found) {
    for (const auto& [field, value] : wanted.map()) {
        const bool absent = value.text().empty() && !value.boolean() && !found.has(field);
        const bool may_lack = field == "comment" || field == "proxied";
        if (field != "name" && !(found[field] == value) && !(may_lack && absent)) return false;
    }
    return true;
}

}  // namespace

Result<Value> drift_of(std::vector<RecordSet> sets, const List& records, const std::string& zone) {
    List missing;
    List different;
    List extra;
    for (const auto& wanted : records) {
        const auto owner = resolve_owner(wanted["name"].text(), zone);
        if (!owner) return owner.error();
        const auto found = std::find_if(sets.begin(), sets.end(), [&](const RecordSet& set) {
            return set.name == *owner && set.type == wanted["type"].text();
        });
        if (found == sets.end()) {
            missing.push_back(wanted);
            continue;
        }
        const Value is = to_value(*found);
        Value pair;
        if (!is_as_wanted(wanted, is))
            different.push_back(pair.set("wanted", wanted).set("found", is));
        sets.erase(found);
    }
    for (const auto& set : sets)
        if (set.name != "@" || (set.type != "SOA" && set.type != "NS"))
            extra.push_back(to_value(set));
    Value result;
    result.set("missing", std::move(missing)).set("different", std::move(different));
    return result.set("extra", std::move(extra));
}

}  // namespace perilune
