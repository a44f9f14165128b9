// The one file that adapts ldns.
#include "bindings/dns/dns_codec.h"

#include <cstdlib>
#include <memory>
#include <optional>  // ldns makes a macro of bool, which what comes after it would trip over.

#include <ldns/ldns.h>

#include "bindings/dns/names.h"
#include "bindings/dns/rdata.h"

namespace perilune {

namespace {

constexpr std::uint16_t udp_bytes_max = 1232;  // What passes everywhere without fragments.

using Packet = std::unique_ptr<ldns_pkt, decltype(&ldns_pkt_free)>;
using Text = std::unique_ptr<char, decltype(&std::free)>;

std::string name_text(const ldns_rdf* name) {
    const Text text(ldns_rdf2str(name), std::free);
    if (!text) return "";
    const std::string lower = lower_case(text.get());
    return lower == "." ? lower : absolute_name(lower, ".");
}

Result<DnsRecord> read_record(const ldns_rr* record) {
    DnsRecord read;
    read.owner = name_text(ldns_rr_owner(record));
    read.type = type_name(static_cast<std::uint16_t>(ldns_rr_get_type(record)));
    read.ttl_s = ldns_rr_ttl(record);
    std::string line;
    for (std::size_t i = 0; i < ldns_rr_rd_count(record); ++i) {
        const Text field(ldns_rdf2str(ldns_rr_rdf(record, i)), std::free);
        if (!field) return fail("bad_reply", "A record of the reply cannot be read.");
        line += (line.empty() ? "" : " ") + std::string(field.get());
    }
    const auto words = split_words(line);
    if (!words) return words.error();
    auto value = value_of_words(read.type, *words, ".");
    if (!value) return value.error();
    read.value = std::move(*value);
    return read;
}

std::string code_text(ldns_pkt_rcode code) {
    const Text text(ldns_pkt_rcode2str(code), std::free);
    return text ? text.get() : "RCODE" + std::to_string(static_cast<int>(code));
}

bool answers_question(const ldns_pkt* packet, const std::string& name, std::uint16_t type) {
    const ldns_rr_list* questions = ldns_pkt_question(packet);
    if (!questions || ldns_rr_list_rr_count(questions) != 1) return false;
    const ldns_rr* question = ldns_rr_list_rr(questions, 0);
    return ldns_rr_get_type(question) == static_cast<ldns_rr_type>(type) &&
           name_text(ldns_rr_owner(question)) == name;
}

Error not_ours() {
    return fail("bad_reply", "The reply does not answer the question.", Retry::safe);
}

Result<Packet> read_packet(std::string_view bytes, std::uint16_t id) {
    ldns_pkt* raw = nullptr;
    const auto status =
        ldns_wire2pkt(&raw, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    Packet packet(raw, ldns_pkt_free);
    if (status != LDNS_STATUS_OK || !packet)
        return fail("bad_reply", "The reply is no DNS message.", Retry::safe);
    if (!ldns_pkt_qr(packet.get()) || ldns_pkt_id(packet.get()) != id) return not_ours();
    return packet;
}

DnsReply reply_of(const ldns_pkt* packet) {
    DnsReply reply;
    reply.code = code_text(ldns_pkt_get_rcode(packet));
    reply.truncated = ldns_pkt_tc(packet);
    reply.authoritative = ldns_pkt_aa(packet);
    const ldns_rr_list* answers = ldns_pkt_answer(packet);
    for (std::size_t i = 0; answers && i < ldns_rr_list_rr_count(answers); ++i) {
        auto record = read_record(ldns_rr_list_rr(answers, i));
        if (record) reply.answers.push_back(std::move(*record));
    }
    return reply;
}

}  // namespace

Result<std::string> make_query(std::uint16_t id, const std::string& name, const std::string& type) {
    const auto unusable = [&] {
        return fail("bad_argument", "The name " + name + " cannot be asked for.");
    };
    ldns_rdf* owner = ldns_dname_new_frm_str(dotted(name).c_str());
    if (!owner) return unusable();
    const Packet packet(ldns_pkt_query_new(owner, static_cast<ldns_rr_type>(type_number(type)),
                                           LDNS_RR_CLASS_IN, LDNS_RD),
                        ldns_pkt_free);
    if (!packet) return unusable();
    ldns_pkt_set_id(packet.get(), id);
    ldns_pkt_set_edns_udp_size(packet.get(), udp_bytes_max);
    std::uint8_t* wire = nullptr;
    std::size_t length = 0;
    if (ldns_pkt2wire(&wire, packet.get(), &length) != LDNS_STATUS_OK) return unusable();
    const std::unique_ptr<std::uint8_t, decltype(&std::free)> bytes(wire, std::free);
    return std::string(reinterpret_cast<const char*>(wire), length);
}

Result<DnsReply> read_reply(std::string_view bytes, std::uint16_t id, const std::string& name,
                            const std::string& type) {
    const auto packet = read_packet(bytes, id);
    if (!packet) return packet.error();
    if (!answers_question(packet->get(), name, type_number(type))) return not_ours();
    return reply_of(packet->get());
}

Result<DnsReply> read_message(std::string_view bytes, std::uint16_t id) {
    const auto packet = read_packet(bytes, id);
    if (!packet) return packet.error();
    return reply_of(packet->get());
}

}  // namespace perilune
