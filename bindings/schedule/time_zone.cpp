#include "bindings/schedule/time_zone.h"

#include <algorithm>
#include <array>

#include "interpreter/base/files.h"

namespace perilune {

namespace {

constexpr std::size_t header_bytes = 44;
constexpr int offset_s_max = 26 * 3600;  // Beyond what any zone ever had.

std::int64_t read_number(std::string_view bytes, std::size_t at, std::size_t width) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < width; ++i)
        number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
    if (width == 4) return static_cast<std::int32_t>(number);
    return static_cast<std::int64_t>(number);
}

// The counts in a TZif header, in its order (RFC 8536, section 3.1).
struct Counts {
    std::size_t universal, standard, leaps, changes, types, letters;

    std::size_t data_bytes(std::size_t width) const {
        return changes * width + changes + types * 6 + letters + leaps * (width + 4) + standard +
               universal;
    }
};

bool read_header(std::string_view bytes, std::size_t at, Counts& counts) {
    if (bytes.size() < at + header_bytes || bytes.substr(at, 4) != "TZif") return false;
    std::array<std::size_t, 6> numbers{};
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const std::int64_t number = read_number(bytes, at + 20 + i * 4, 4);
        if (number < 0 || number > 1 << 20) return false;
        numbers[i] = static_cast<std::size_t>(number);
    }
    counts = {numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]};
    return counts.types > 0;
}

bool is_zone_name(const std::string& name) {
    if (name.empty() || name.size() > 100 || name[0] == '/' || name.find("..") != std::string::npos)
        return false;
    return std::all_of(name.begin(), name.end(), [](char letter) {
        const bool alphabetic = (letter | 0x20) >= 'a' && (letter | 0x20) <= 'z';
        return alphabetic || (letter >= '0' && letter <= '9') ||
               std::string_view("/_+-").find(letter) != std::string_view::npos;
    });
}

// "+02:00"; nothing where it is no fixed offset.
bool read_fixed(const std::string& name, int& offset_s) {
    if (name.size() != 6 || (name[0] != '+' && name[0] != '-') || name[3] != ':') return false;
    for (const std::size_t at : {1, 2, 4, 5})
        if (name[at] < '0' || name[at] > '9') return false;
    const int hours = (name[1] - '0') * 10 + (name[2] - '0');
    const int minutes = (name[4] - '0') * 10 + (name[5] - '0');
    offset_s = (hours * 3600 + minutes * 60) * (name[0] == '-' ? -1 : 1);
    return hours < 24 && minutes < 60;
}

struct Table {
    std::vector<UnixSeconds> changes;
    std::vector<int> offsets_s;
    std::string rule;
};

// Reads the second part of the file, whose times have 64 bits; every file of today has one.
bool read_table(std::string_view bytes, Table& table) {
    Counts first{};
    if (!read_header(bytes, 0, first) || bytes[4] < '2') return false;
    const std::size_t second_at = header_bytes + first.data_bytes(4);
    Counts counts{};
    if (!read_header(bytes, second_at, counts)) return false;
    const std::size_t data = second_at + header_bytes;
    const std::size_t end = data + counts.data_bytes(8);
    if (bytes.size() < end + 2 || bytes[end] != '\n' || bytes.back() != '\n') return false;
    const std::size_t kinds = data + counts.changes * 8;
    const std::size_t types = kinds + counts.changes;
    const auto offset_of = [&](std::size_t type) {
        return static_cast<int>(read_number(bytes, types + type * 6, 4));
    };
    table.offsets_s.push_back(offset_of(0));
    for (std::size_t i = 0; i < counts.changes; ++i) {
        const auto type = static_cast<unsigned char>(bytes[kinds + i]);
        if (type >= counts.types) return false;
        table.changes.push_back(read_number(bytes, data + i * 8, 8));
        table.offsets_s.push_back(offset_of(type));
    }
    table.rule = std::string(bytes.substr(end + 1, bytes.size() - end - 2));
    return std::is_sorted(table.changes.begin(), table.changes.end());
}

}  // namespace

Result<TimeZone> TimeZone::find(const std::string& name, const std::string& folder) {
    TimeZone zone;
    zone.name_ = name;
    int fixed_s = 0;
    if (name == "UTC" || name == "Etc/UTC" || read_fixed(name, fixed_s)) {
        zone.offsets_s_.push_back(fixed_s);
        return zone;
    }
    const Error unknown = fail(
        "bad_time_zone", "There is no time zone \"" + name + "\" in " + folder +
                             ". Write \"UTC\", an offset such as \"+02:00\", or a name such as "
                             "\"Europe/Paris\"; the names come with the package tzdata.");
    if (!is_zone_name(name)) return unknown;
    const auto bytes = read_file(folder + "/" + name, 1 << 20);
    if (!bytes) return unknown;
    Table table;
    if (!read_table(*bytes, table))
        return fail("bad_time_zone", "The file " + folder + "/" + name +
                                         " is no time zone that "
                                         "can be read here (TZif, version 2 or later).");
    zone.changes_ = std::move(table.changes);
    zone.offsets_s_ = std::move(table.offsets_s);
    if (table.rule.empty()) return zone;
    const auto rule = ZoneRule::parse(table.rule);
    if (!rule) return rule.error();
    zone.rule_ = std::make_shared<const ZoneRule>(*rule);
    return zone;
}

int TimeZone::offset_s(UnixSeconds at) const {
    const auto next = std::upper_bound(changes_.begin(), changes_.end(), at);
    if (next == changes_.end() && rule_) return rule_->offset_s(at);
    return offsets_s_[static_cast<std::size_t>(next - changes_.begin())];
}

std::vector<UnixSeconds> TimeZone::moments(LocalSeconds local) const {
    std::vector<UnixSeconds> found;
    // Around one time there are at most two offsets: the one before and the one after a change.
    for (const UnixSeconds near : {local - offset_s_max, local + offset_s_max}) {
        const UnixSeconds moment = local - offset_s(near);
        if (offset_s(moment) == local - moment) found.push_back(moment);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

UnixSeconds TimeZone::gap_end(LocalSeconds local) const {
    UnixSeconds before = local - offset_s_max;  // Clocks show less than `local` here…
    UnixSeconds after = local + offset_s_max;   // … and more here.
    while (after - before > 1) {
        const UnixSeconds middle = before + (after - before) / 2;
        (this->local(middle) < local ? before : after) = middle;
    }
    return after;
}

}  // namespace perilune
