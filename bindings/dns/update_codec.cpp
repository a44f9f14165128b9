// Builds the messages; ldns gives the wire form of names and records.
#include "bindings/dns/update_codec.h"

#include <cstdlib>
#include <memory>
#include <optional>  // ldns makes a macro of bool, which what comes after it would trip over.

#include <ldns/ldns.h>

#include "bindings/dns/names.h"
#include "bindings/dns/rdata.h"

namespace perilune {

namespace {

constexpr std::uint16_t update_flags = 5U << 11;
constexpr std::uint16_t soa_type = 6;
constexpr std::uint16_t transfer_type = 252;
constexpr std::uint16_t any_type = 255;
constexpr std::uint16_t in_class = 1;
constexpr std::uint16_t any_class = 255;

void append_16(std::string& out, std::size_t number) {
    out += {static_cast<char>(number >> 8 & 0xff), static_cast<char>(number & 0xff)};
}

Result<std::string> wire_of(const std::string& name) {
    const std::unique_ptr<ldns_rdf, decltype(&ldns_rdf_deep_free)> read(
        ldns_dname_new_frm_str(dotted(name).c_str()), ldns_rdf_deep_free);
    if (!read) return fail("bad_argument", "\"" + name + "\" is no domain name.");
    return std::string(reinterpret_cast<const char*>(ldns_rdf_data(read.get())),
                       ldns_rdf_size(read.get()));
}

Status append_record(std::string& out, const SetUpdate& set, const std::string& content) {
    const std::string line =
        dotted(set.owner) + " " + std::to_string(set.ttl_s) + " IN " + set.type + " " + content;
    ldns_rr* raw = nullptr;
    if (ldns_rr_new_frm_str(&raw, line.c_str(), 0, nullptr, nullptr) != LDNS_STATUS_OK)
        return fail("bad_argument", "The record \"" + line + "\" cannot be written.");
    const std::unique_ptr<ldns_rr, decltype(&ldns_rr_free)> record(raw, ldns_rr_free);
    std::uint8_t* wire = nullptr;
    std::size_t size = 0;
    if (ldns_rr2wire(&wire, raw, LDNS_SECTION_ANSWER, &size) != LDNS_STATUS_OK)
        return fail("bad_argument", "The record \"" + line + "\" cannot be written.");
    const std::unique_ptr<std::uint8_t, decltype(&std::free)> kept(wire, std::free);
    out.append(reinterpret_cast<const char*>(wire), size);
    return Done{};
}

std::string header(std::uint16_t id, std::uint16_t flags, std::size_t third_count) {
    std::string out;
    append_16(out, id);
    append_16(out, flags);
    append_16(out, 1);  // One question, or one zone.
    append_16(out, 0);
    append_16(out, third_count);
    append_16(out, 0);
    return out;
}

Result<std::string> question(std::uint16_t id, std::uint16_t flags, std::size_t third_count,
                             const std::string& name, std::uint16_t type) {
    const auto wire = wire_of(name);
    if (!wire) return wire;
    std::string out = header(id, flags, third_count) + *wire;
    append_16(out, type);
    append_16(out, in_class);
    return out;
}

}  // namespace

Result<std::string> make_update(std::uint16_t id, const std::string& zone,
                                const std::vector<SetUpdate>& sets) {
    std::size_t records = 0;
    for (const auto& set : sets) records += 1 + set.contents.size();
    auto message = question(id, update_flags, records, zone, soa_type);
    if (!message) return message;
    for (const auto& set : sets) {
        const auto owner = wire_of(set.owner);
        if (!owner) return owner;
        *message += *owner;
        append_16(*message, type_number(set.type));
        append_16(*message, any_class);
        *message += std::string(6, '\0');  // No TTL, no data: the whole set goes.
        for (const auto& content : set.contents)
            if (const auto added = append_record(*message, set, content); !added)
                return added.error();
    }
    return message;
}

Result<std::string> make_transfer(std::uint16_t id, const std::string& zone) {
    return question(id, 0, 0, zone, transfer_type);
}

Result<std::string> make_query_of_all(std::uint16_t id, const std::string& name) {
    return question(id, 0, 0, name, any_type);
}

}  // namespace perilune
