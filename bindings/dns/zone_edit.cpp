#include "bindings/dns/zone_edit.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "bindings/dns/zone_entry_edit.h"
#include "bindings/dns/zone_ttl.h"

namespace perilune {

namespace {

using Kind = ZoneEntry::Kind;
using Meaning = std::tuple<std::string, std::string, std::string, std::uint32_t>;

bool belongs(const ZoneEntry& entry, const std::string& name, const std::string& type) {
    return entry.kind == Kind::record && entry.owner == name && entry.type == type;
}

// Edits the lines of one set: values that stay keep theirs, the others take the new values in
// order. Lines left over are marked for removal by an empty text; values left over are returned.
Result<std::vector<std::string>> reuse_lines(ZoneText& zone, const RecordSet& wanted) {
    std::vector<std::string> fresh = wanted.values;
    std::vector<ZoneEntry*> spare;
    for (auto& entry : zone.entries) {
        if (!belongs(entry, wanted.name, wanted.type)) continue;
        const auto kept = std::find(fresh.begin(), fresh.end(), entry.value);
        if (kept != fresh.end()) {
            fresh.erase(kept);
        } else {
            spare.push_back(&entry);
        }
    }
    const std::size_t changed = std::min(spare.size(), fresh.size());
    for (std::size_t i = 0; i < changed; ++i)
        if (const auto written = write_value(*spare[i], fresh[i], zone); !written)
            return written.error();
    for (std::size_t i = changed; i < spare.size(); ++i) spare[i]->text.clear();
    fresh.erase(fresh.begin(), fresh.begin() + static_cast<long>(changed));
    return fresh;
}

void drop_marked(ZoneText& zone) {
    std::erase_if(zone.entries, [](const ZoneEntry& entry) {
        return entry.kind == Kind::record && entry.text.empty();
    });
}

// The record after which a new one of this name and type goes: the set's last, the name's last, or
// the zone's last.
std::size_t place_for(const ZoneText& zone, const std::string& name, const std::string& type) {
    std::size_t best = 0;
    int rank = -1;
    for (std::size_t i = 0; i < zone.entries.size(); ++i) {
        const ZoneEntry& entry = zone.entries[i];
        if (entry.kind != Kind::record) continue;
        const int found = entry.owner != name ? 0 : entry.type != type ? 1 : 2;
        if (found >= rank) {
            rank = found;
            best = i;
        }
    }
    return best;
}

// Lines that went on with the name or the TTL of a line that is no longer there say it themselves.
Status repair_heirs(ZoneText& zone) {
    std::string owner;
    std::optional<std::uint32_t> default_ttl_s;
    std::optional<std::uint32_t> last_ttl_s;
    for (auto& entry : zone.entries) {
        if (entry.kind == Kind::ttl) default_ttl_s = parse_zone_ttl(entry.words[1].text);
        if (entry.kind != Kind::record) continue;
        if (!entry.owner_written && entry.owner != owner)
            if (const auto written = write_owner(entry, zone); !written) return written;
        const auto inherited = default_ttl_s ? default_ttl_s : last_ttl_s;
        const bool first_soa = entry.type == "SOA" && !inherited;
        if (!entry.ttl_word && inherited != entry.ttl_s && !first_soa)
            if (const auto written = write_ttl(entry, entry.ttl_s, zone); !written) return written;
        owner = entry.owner;
        last_ttl_s = entry.ttl_s;
    }
    return Done{};
}

Status raise_serial(ZoneText& zone, std::uint32_t today) {
    ZoneEntry& soa = zone.entries[zone.soa()];
    const std::string serial = std::to_string(next_serial(serial_of(zone), today));
    const std::size_t word = soa.type_word + 3;
    auto words = split_words(soa.value);
    if (!words) return words.error();
    (*words)[2].text = serial;
    soa.value.clear();
    for (const auto& one : *words) soa.value += (soa.value.empty() ? "" : " ") + one.text;
    const Span place = soa.places[word];
    soa.text.replace(place.begin, place.end - place.begin, serial);
    return Done{};
}

std::multiset<Meaning> meaning(const ZoneText& zone) {
    std::multiset<Meaning> all;
    for (const auto& entry : zone.entries)
        if (entry.kind == Kind::record)
            all.emplace(entry.owner, entry.type, entry.value, entry.ttl_s);
    return all;
}

}  // namespace

std::vector<RecordSet> record_sets(const ZoneText& zone) {
    std::map<std::pair<std::string, std::string>, RecordSet> sets;
    for (const auto& entry : zone.entries) {
        if (entry.kind != Kind::record) continue;
        RecordSet& set = sets[{entry.owner, entry.type}];
        set.ttl_s = set.values.empty() ? entry.ttl_s : std::min(set.ttl_s, entry.ttl_s);
        set.name = entry.owner;
        set.type = entry.type;
        set.values.push_back(entry.value);
        const std::string comment = comment_of(entry);
        if (!set.comment && !comment.empty()) set.comment = comment;
    }
    std::vector<RecordSet> all;
    for (auto& [key, set] : sets) {
        std::sort(set.values.begin(), set.values.end());
        set.values.erase(std::unique(set.values.begin(), set.values.end()), set.values.end());
        all.push_back(std::move(set));
    }
    std::sort(all.begin(), all.end(), comes_before);
    return all;
}

std::optional<RecordSet> find_record_set(const ZoneText& zone, const std::string& name,
                                         const std::string& type) {
    for (auto& set : record_sets(zone))
        if (set.name == name && set.type == type) return std::move(set);
    return std::nullopt;
}

Status put_record_set(ZoneText& zone, const RecordSet& wanted) {
    const auto fresh = reuse_lines(zone, wanted);
    if (!fresh) return fresh.error();
    for (const auto& value : *fresh) {
        const std::size_t after = place_for(zone, wanted.name, wanted.type);
        ZoneEntry& neighbour = zone.entries[after];
        auto entry = make_entry(neighbour, wanted.name, wanted.type, wanted.ttl_s, value, zone);
        if (!entry) return entry.error();
        if (!neighbour.text.empty() && !neighbour.text.ends_with('\n')) neighbour.text += '\n';
        zone.entries.insert(zone.entries.begin() + static_cast<long>(after) + 1, std::move(*entry));
    }
    drop_marked(zone);
    bool first = true;
    for (auto& entry : zone.entries) {
        if (!belongs(entry, wanted.name, wanted.type)) continue;
        if (entry.ttl_s != wanted.ttl_s)
            if (const auto written = write_ttl(entry, wanted.ttl_s, zone); !written) return written;
        const bool comments = wanted.comment && (first || wanted.comment->empty());
        first = false;
        if (!comments) continue;
        if (const auto written = write_comment(entry, *wanted.comment, zone); !written)
            return written;
    }
    return Done{};
}

void remove_record_set(ZoneText& zone, const std::string& name, const std::string& type) {
    std::erase_if(zone.entries, [&](const ZoneEntry& entry) { return belongs(entry, name, type); });
}

Result<std::string> finish_edit(ZoneText& zone, std::uint32_t today) {
    if (const auto repaired = repair_heirs(zone); !repaired) return repaired.error();
    if (const auto raised = raise_serial(zone, today); !raised) return raised.error();
    std::string text = zone.text();
    const auto parsed = parse_zone(text, zone.zone, zone.path);
    if (!parsed) return parsed.error();
    if (meaning(*parsed) != meaning(zone))
        return fail("edit_refused", "The edited text of " + zone.path +
                                        " would not say what was asked; nothing was written. Edit "
                                        "the file by hand and report this file as a defect.");
    return text;
}

std::uint32_t serial_of(const ZoneText& zone) {
    const auto words = split_words(zone.entries[zone.soa()].value);
    if (!words || words->size() < 3) return 0;
    return static_cast<std::uint32_t>(std::stoul((*words)[2].text));
}

}  // namespace perilune
