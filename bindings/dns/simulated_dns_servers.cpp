// The servers of a simulated zone: its own, which answer with it at once, and resolvers.
#include <algorithm>

#include "bindings/dns/names.h"
#include "bindings/dns/rdata.h"
#include "bindings/dns/simulated_zone.h"

namespace perilune {

namespace {

// What stands in front of proxied sets, whatever they hold (RFC 5737, RFC 3849).
constexpr const char* proxy_address = "198.51.100.80";
constexpr const char* proxy_address_v6 = "2001:db8::80";
constexpr std::uint32_t proxy_ttl_s = 300;

// The addresses that the provider finds behind a CNAME at the zone itself.
void add_flattened(std::vector<DnsRecord>& served, const RecordSet& set, const std::string& zone,
                   const std::vector<DnsRecord>& known) {
    const std::string target = absolute_name(set.values[0], ".");
    for (const auto* type : {"A", "AAAA"}) {
        const Answer behind = answer_from(known, "", target, type);
        for (const auto& value : behind.values)
            served.push_back({zone, type, value, std::min(set.ttl_s, behind.ttl_s)});
    }
}

std::string without_port(const std::string& server) {
    return server.ends_with(":53") ? server.substr(0, server.size() - 3) : server;
}

}  // namespace

ServedZone SimulatedZone::served() const {
    ServedZone made{.records = {}, .outside = outside_, .zone = zone_};
    const RecordSet* apex = nullptr;
    for (const auto& set : sets_) {
        const std::string owner = absolute_name(set.name, zone_);
        if (set.type == "SOA")
            if (const auto words = split_words(set.values[0]); words)
                made.negative_s = std::min<double>(set.ttl_s, std::stod(words->back().text));
        if (set.proxied && *set.proxied) {
            made.records.push_back({owner, "A", proxy_address, proxy_ttl_s});
            made.records.push_back({owner, "AAAA", proxy_address_v6, proxy_ttl_s});
        } else if (set.type == "CNAME" && set.name == "@") {
            apex = &set;
        } else {
            for (const auto& value : set.values)
                made.records.push_back({owner, set.type, value, set.ttl_s});
        }
    }
    if (apex) {
        auto known = made.records;
        known.insert(known.end(), outside_.begin(), outside_.end());
        add_flattened(made.records, *apex, zone_, known);
    }
    const auto servers = name_servers();
    made.silent = std::all_of(servers.begin(), servers.end(), [this](const std::string& server) {
        return silent_.contains(server);
    });
    return made;
}

std::vector<std::string> SimulatedZone::name_servers() const {
    if (!name_servers_.empty()) return name_servers_;
    for (const auto& set : sets_)
        if (set.type == "NS" && set.name == "@") return set.values;
    return {};
}

Answer SimulatedZone::ask_server(const std::string& server, const std::string& name,
                                 const std::string& type) {
    if (silent_.contains(server) || silent_.contains(without_port(server)))
        return {.server = server, .error = server + " does not answer."};
    const auto own = name_servers();
    const ServedZone zone = served();
    for (const auto& one : own)
        if (without_port(one) == without_port(server))
            return answer_from(zone.records, server, name, type);
    // A server that nobody has spoken of before is one of the world's resolvers.
    return resolvers_[without_port(server)].answer(zone, server, name, type);
}

Result<SimulatedZone::Answers> SimulatedZone::ask_for(const Call& call, const std::string& type) {
    const auto owner = resolve_owner(call.arguments["name"].text(), zone_);
    if (!owner) return owner.error();
    const Value& asked = call.arguments["servers"];
    std::vector<std::string> servers;
    for (const auto& one : asked.list()) servers.push_back(one.text());
    if (asked.text() == "authoritative") servers = name_servers();
    if (asked.text() == "resolvers") servers = resolver_names_;
    Answers answers;
    for (const auto& server : servers)
        answers.push_back(ask_server(server, absolute_name(*owner, zone_), type));
    return answers;
}

Result<Value> SimulatedZone::lookup(Call& call) {
    const auto answers = ask_for(call, call.arguments["type"].text());
    if (!answers) return answers.error();
    List told;
    for (const auto& answer : *answers) told.push_back(to_value(answer));
    return Value(std::move(told));
}

Result<Value> SimulatedZone::resolves(Call& call) {
    const std::string& to = call.arguments["to"].text();
    const std::string& given = call.arguments["type"].text();
    const auto answers = ask_for(call, given.empty() ? type_for(to) : given);
    if (!answers) return answers.error();
    if (answers->empty())
        return fail("lookup_failed", "There is no server to ask for " + target_ + ".", Retry::safe);
    return Value(std::all_of(answers->begin(), answers->end(),
                             [&](const Answer& answer) { return answers_with(answer, to); }));
}

}  // namespace perilune
