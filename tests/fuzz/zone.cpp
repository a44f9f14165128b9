// A zone file's text: what is parsed is written as it was, edits change what they say and nothing
// else, and what is refused is refused with the file's line.
#include <algorithm>

#include "bindings/dns/zone_edit.h"
#include "bindings/dns/zone_ttl.h"
#include "tests/fuzz/property.h"

namespace perilune::fuzz {

namespace {

constexpr std::size_t text_bytes_max = 2048;
constexpr std::uint32_t today = 20260301;
const std::string zone_name = "example.com";

bool is_same(const RecordSet& one, const RecordSet& other) {
    return one.name == other.name && one.type == other.type && one.values == other.values &&
           one.ttl_s == other.ttl_s;
}

std::vector<RecordSet> without(std::vector<RecordSet> sets, const RecordSet& gone) {
    std::erase_if(
        sets, [&](const RecordSet& set) { return set.name == gone.name && set.type == gone.type; });
    // An edit raises the serial, which is part of the SOA's value.
    std::erase_if(sets, [](const RecordSet& set) { return set.type == "SOA"; });
    return sets;
}

void require_same(const std::vector<RecordSet>& before, const std::vector<RecordSet>& after,
                  const std::string& text) {
    require(before.size() == after.size() && std::ranges::equal(before, after, is_same),
            "An edit leaves all other record sets as they are.", text);
}

void check_refusal(const Error& error) {
    require(error.message.starts_with("zone.db:"), "A refusal names the file and line.",
            error.message);
}

// Edits one set, and reads what was written.
void edit(const ZoneText& parsed, const RecordSet& target, bool remove) {
    ZoneText zone = parsed;
    RecordSet wanted = target;
    wanted.ttl_s = 77;
    if (remove) {
        remove_record_set(zone, target.name, target.type);
    } else {
        wanted.values = {"192.0.2.7", "192.0.2.8"};
        wanted.type = "A";
        wanted.comment = "note";
        if (!put_record_set(zone, wanted)) return;
    }
    const auto text = finish_edit(zone, today);
    if (!text)
        return require(text.error().code != "edit_refused", "An edit says what was meant.",
                       text.error().message);
    const auto again = parse_zone(*text, zone_name, "zone.db");
    require(again.ok(), "What an edit writes can be read.", *text);
    const auto sets = record_sets(*again);
    require_same(without(record_sets(parsed), wanted), without(sets, wanted), *text);
    const auto found = find_record_set(*again, wanted.name, wanted.type);
    require(remove ? !found : found && is_same(*found, wanted), "An edit does what it says.",
            *text);
    require(serial_after(serial_of(*again), serial_of(parsed)), "An edit raises the serial.",
            *text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text = text_of(data, std::min(size, text_bytes_max));
    const auto parsed = parse_zone(text, zone_name, "zone.db");
    if (!parsed) {
        check_refusal(parsed.error());
        return 0;
    }
    require(parsed->text() == text, "What is not edited stays as it is, byte for byte.");
    const auto sets = record_sets(*parsed);
    for (const auto& set : sets) {
        for (const auto& value : set.values) {
            // A canonical value is written as words, and read from them as the same.
            const std::string words = zone_file_words(set.type, value);
            const auto split = split_words(words);
            require(split.ok(), "A value is written as words.", words);
            const auto again = value_of_words(set.type, *split, "elsewhere.example");
            require(again.ok() && *again == value, "A value is read as it was written.",
                    set.type + " " + value + " as " + words);
        }
        if (set.type == "SOA") continue;
        edit(*parsed, set, true);
        edit(*parsed, set, false);
    }
    return 0;
}

}  // namespace perilune::fuzz
