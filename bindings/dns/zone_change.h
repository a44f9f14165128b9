// What a change of the dns family does to a zone's record sets: worked out before it is made.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bindings/dns/record_set.h"
#include "interpreter/base/driver.h"

namespace perilune {

struct RecordKey {
    std::string name;
    std::string type;
    auto operator<=>(const RecordKey&) const = default;
};

struct ZoneChange {
    std::vector<RecordKey> deletes;
    std::vector<RecordSet> upserts;

    std::vector<RecordKey> keys() const;  // Of both, sorted.
};

// The change that upsert, delete, batch or set_ttl asks for, names resolved against the zone.
// Refuses what the zone cannot hold: proxies, weighted and failover sets, another SOA.
Result<ZoneChange> change_of(const Call& call, const std::vector<RecordSet>& sets,
                             const std::string& zone, const ZoneFeatures& features = {});

// The sets as the change would leave them; refuses a CNAME beside other data.
Result<std::vector<RecordSet>> apply(const ZoneChange& change, std::vector<RecordSet> sets,
                                     const std::string& zone, const ZoneFeatures& features = {});

// The state of the sets a change names: `{ records = { { name, type, record? } … } }`, sorted.
Value state_of(const std::vector<RecordKey>& keys, const std::vector<RecordSet>& sets);

// The operation's result, from the states before and after.
Value result_of(const std::string& operation, const Value& before, const Value& after);

// A plan's sign and line for going from one state to the other.
void describe(Before& found, const Value& after);

// What differs between the sets there are and those there should be: the result of `drift`.
Result<Value> drift_of(std::vector<RecordSet> sets, const List& records, const std::string& zone);

// The call that brings a recorded state back.
std::optional<Restore> restore_records(const Call& call, const Value& before, const Value& result);

}  // namespace perilune
