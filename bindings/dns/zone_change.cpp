#include "bindings/dns/zone_change.h"

#include <algorithm>

#include "bindings/dns/names.h"

namespace perilune {

namespace {

Status check_plain(const Value& set, const ZoneFeatures& features) {
    for (const auto* field : {"set_id", "weight", "failover"})
        if (set.has(field))
            return fail("unsupported",
                        std::string("This zone has no weighted or failover sets, so ") + field +
                            " cannot be kept. Leave it out, or use a "
                            "provider that has them.");
    if (set["proxied"].boolean() && !features.proxied)
        return fail("unsupported", "This zone has no proxy, so proxied = true cannot be kept.");
    return Done{};
}

Error protected_record(const RecordKey& key, const std::string& zone) {
    if (key.type == "SOA")
        return fail("unsupported",
                    "The SOA of " + zone +
                        " is the zone's own: its serial is raised "
                        "by every change here; its other fields are edited by hand.");
    return fail("unsupported", "The NS records of " + zone +
                                   " itself cannot be deleted: a zone "
                                   "without name servers is not served. Use upsert.");
}

Result<RecordKey> key_of(const Value& named, const std::string& zone) {
    const auto owner = resolve_owner(named["name"].text(), zone);
    if (!owner) return owner.error();
    return RecordKey{*owner, named["type"].text()};
}

Status add_upsert(ZoneChange& change, const Value& wanted, const std::string& zone,
                  const ZoneFeatures& features) {
    if (const auto plain = check_plain(wanted, features); !plain) return plain;
    const auto key = key_of(wanted, zone);
    if (!key) return key.error();
    if (key->type == "SOA") return protected_record(*key, zone);
    RecordSet set = record_set_from(wanted);
    set.name = key->name;
    change.upserts.push_back(std::move(set));
    return Done{};
}

Status add_delete(ZoneChange& change, const Value& named, const std::string& zone,
                  const ZoneFeatures& features) {
    if (const auto plain = check_plain(named, features); !plain) return plain;
    const auto key = key_of(named, zone);
    if (!key) return key.error();
    const bool apex_ns = key->type == "NS" && key->name == "@";
    if (key->type == "SOA" || apex_ns) return protected_record(*key, zone);
    change.deletes.push_back(*key);
    return Done{};
}

const RecordSet* find(const std::vector<RecordSet>& sets, const RecordKey& key) {
    for (const auto& set : sets)
        if (set.name == key.name && set.type == key.type) return &set;
    return nullptr;
}

Status add_ttls(ZoneChange& change, const Call& call, const std::vector<RecordSet>& sets,
                const std::string& zone, const ZoneFeatures& features) {
    for (const auto& named : call.arguments["records"].list()) {
        if (const auto plain = check_plain(named, features); !plain) return plain;
        const auto key = key_of(named, zone);
        if (!key) return key.error();
        if (key->type == "SOA") return protected_record(*key, zone);
        const RecordSet* found = find(sets, *key);
        if (!found)
            return fail("not_found", "set_ttl on " + call.target + ": there is no record set " +
                                         key->name + " " + key->type + " in " + zone +
                                         "; nothing was changed.");
        RecordSet wanted = *found;
        wanted.ttl_s = static_cast<std::uint32_t>(call.arguments["ttl"].integer());
        wanted.comment.reset();
        wanted.proxied.reset();
        change.upserts.push_back(std::move(wanted));
    }
    return Done{};
}

Value record_change(const Value& before, const Value& after) {
    Value made;
    made.set("changed", !(before == after));
    if (!before.is_nil()) made.set("before", before);
    if (!after.is_nil()) made.set("after", after);
    return made;
}

std::string show(const Value& record) {
    if (record.is_nil()) return "none";
    std::string shown;
    for (const auto& value : record["values"].list())
        shown += (shown.empty() ? "" : ", ") + value.text();
    return shown + (record["proxied"].boolean() ? ", proxied" : "") + " (" +
           std::to_string(record["ttl_s"].integer()) + " s)";
}

// A RecordSet as the arguments that make it again, note and proxy included or removed.
Value arguments_of(const Value& record, std::string_view ttl_field) {
    Value made = record;
    made.set("ttl_s", Value());
    made.set(ttl_field, record["ttl_s"]);
    if (!record.has("comment")) made.set("comment", "");
    if (!record.has("proxied")) made.set("proxied", false);
    return made;
}

}  // namespace

std::vector<RecordKey> ZoneChange::keys() const {
    std::vector<RecordKey> all = deletes;
    for (const auto& set : upserts) all.push_back({set.name, set.type});
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

Result<ZoneChange> change_of(const Call& call, const std::vector<RecordSet>& sets,
                             const std::string& zone, const ZoneFeatures& features) {
    ZoneChange change;
    Status added = Done{};
    if (call.operation == "upsert") {
        added = add_upsert(change, call.arguments, zone, features);
    } else if (call.operation == "delete") {
        added = add_delete(change, call.arguments, zone, features);
    } else if (call.operation == "set_ttl") {
        added = add_ttls(change, call, sets, zone, features);
    } else {
        for (const auto& named : call.arguments["deletes"].list())
            if (added) added = add_delete(change, named, zone, features);
        for (const auto& wanted : call.arguments["upserts"].list())
            if (added) added = add_upsert(change, wanted, zone, features);
    }
    if (!added) return added.error();
    for (const auto& set : change.upserts)
        for (const auto& key : change.deletes)
            if (key == RecordKey{set.name, set.type})
                return fail("bad_argument", "One batch both puts and deletes " + key.name + " " +
                                                key.type + "; say which is meant.");
    return change;
}

Result<std::vector<RecordSet>> apply(const ZoneChange& change, std::vector<RecordSet> sets,
                                     const std::string& zone, const ZoneFeatures& features) {
    for (const auto& key : change.deletes)
        std::erase_if(sets, [&](const RecordSet& set) {
            return set.name == key.name && set.type == key.type;
        });
    for (const auto& wanted : change.upserts) {
        const RecordSet* found = find(sets, {wanted.name, wanted.type});
        RecordSet made = wanted;
        if (!made.comment && found) made.comment = found->comment;
        if (made.comment && made.comment->empty()) made.comment.reset();
        if (!made.proxied && found) made.proxied = found->proxied;
        if (made.proxied && !*made.proxied) made.proxied.reset();
        if (found) {
            sets[static_cast<std::size_t>(found - sets.data())] = std::move(made);
        } else {
            sets.push_back(std::move(made));
        }
    }
    if (const auto kept = check_cname_rules(sets, zone, features); !kept) return kept.error();
    return sets;
}

Value state_of(const std::vector<RecordKey>& keys, const std::vector<RecordSet>& sets) {
    List records;
    for (const auto& key : keys) {
        Value one;
        one.set("name", key.name).set("type", key.type);
        if (const RecordSet* found = find(sets, key)) one.set("record", to_value(*found));
        records.push_back(std::move(one));
    }
    Value state;
    return state.set("records", std::move(records));
}

Value result_of(const std::string& operation, const Value& before, const Value& after) {
    const List& old_records = before["records"].list();
    const List& new_records = after["records"].list();
    List changes;
    bool changed = false;
    for (const bool deletions : {true, false}) {
        for (std::size_t i = 0; i < new_records.size() && i < old_records.size(); ++i) {
            const Value& left = new_records[i]["record"];
            if (left.is_nil() != deletions) continue;
            changes.push_back(record_change(old_records[i]["record"], left));
            changed = changed || changes.back()["changed"].boolean();
        }
    }
    if (operation == "set_ttl") return changes;
    if (operation != "batch") return changes.empty() ? record_change({}, {}) : changes[0];
    Value result;
    return result.set("changed", changed).set("changes", std::move(changes)).set("atomic", true);
}

void describe(Before& found, const Value& after) {
    const List& old_records = found.state["records"].list();
    const List& new_records = after["records"].list();
    found.sign = '~';
    for (std::size_t i = 0; i < new_records.size(); ++i) {
        const Value& before = old_records[i]["record"];
        const Value& left = new_records[i]["record"];
        if (before == left) continue;
        if (new_records.size() == 1) found.sign = before.is_nil() ? '+' : left.is_nil() ? '-' : '~';
        found.plan += (found.plan.empty() ? "" : "; ") + new_records[i]["name"].text() + " " +
                      new_records[i]["type"].text() + ": " + show(before) + " → " + show(left);
    }
}

std::optional<Restore> restore_records(const Call& call, const Value& before, const Value& result) {
    if (result["changed"].is_boolean() && !result["changed"].boolean()) return std::nullopt;
    const List& records = before["records"].list();
    const bool one = call.operation == "upsert" || call.operation == "delete";
    if (one && records.size() == 1) {
        const Value& record = records[0]["record"];
        if (!record.is_nil()) return Restore{"upsert", arguments_of(record, "ttl")};
        if (call.operation == "delete") return std::nullopt;
        Value named;
        named.set("name", records[0]["name"]).set("type", records[0]["type"]);
        return Restore{"delete", named};
    }
    List upserts;
    List deletes;
    for (const auto& old : records) {
        if (old.has("record")) {
            upserts.push_back(arguments_of(old["record"], "ttl_s"));
        } else {
            Value named;
            deletes.push_back(named.set("name", old["name"]).set("type", old["type"]));
        }
    }
    Value arguments;
    if (!upserts.empty()) arguments.set("upserts", std::move(upserts));
    if (!deletes.empty()) arguments.set("deletes", std::move(deletes));
    return Restore{"batch", arguments};
}

}  // namespace perilune
