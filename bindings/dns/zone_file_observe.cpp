// What the zone_file driver reads: the file's records, and what name servers say of them.
#include <algorithm>

#include "bindings/dns/names.h"
#include "bindings/dns/served.h"
#include "bindings/dns/zone_change.h"
#include "bindings/dns/zone_file.h"

namespace perilune {

namespace {

constexpr const char* file_as_server = "zone file";

std::vector<DnsRecord> dns_records(const ZoneText& zone) {
    std::vector<DnsRecord> records;
    for (const auto& entry : zone.entries)
        if (entry.kind == ZoneEntry::Kind::record)
            records.push_back(
                {absolute_name(entry.owner, zone.zone), entry.type, entry.value, entry.ttl_s});
    return records;
}

Answer answer_from_file(const ZoneText& zone, const std::string& name, const std::string& type) {
    return answer_from(dns_records(zone), file_as_server, name, type);
}

std::vector<std::string> texts(const Value& list) {
    std::vector<std::string> all;
    for (const auto& one : list.list()) all.push_back(one.text());
    return all;
}

std::vector<Answer> answers_for(const ZoneFile& file, const ZoneText& zone, const Call& call,
                                const std::string& name, const std::string& type) {
    const Value& asked = call.arguments["servers"];
    std::vector<Answer> answers;
    std::vector<NameServer> servers;
    std::vector<std::string> named;
    if (asked.is_list()) {
        named = texts(asked);
    } else if (asked.text() == "authoritative") {
        named = file.servers;
    } else {
        named = file.resolvers;
        if (named.empty() && !file.servers.empty()) servers = system_resolvers();
    }
    for (std::size_t i = 0; auto& found : find_servers(named, zone)) {
        if (found) {
            servers.push_back(std::move(*found));
        } else {
            const std::string shown = i < named.size() ? named[i] : file.zone;
            answers.push_back({.server = shown, .error = found.error().message});
        }
        ++i;
    }
    if (servers.empty() && answers.empty()) return {answer_from_file(zone, name, type)};
    for (auto& answer : ask_all(servers, name, type, call.deadline_s))
        answers.push_back(std::move(answer));
    return answers;
}

Result<Value> list_records(const ZoneFile& file, const Call& call) {
    const auto zone = file.load();
    if (!zone) return zone.error();
    std::string owner;
    if (call.arguments.has("name")) {
        const auto resolved = resolve_owner(call.arguments["name"].text(), file.zone);
        if (!resolved) return resolved.error();
        owner = *resolved;
    }
    const std::string& type = call.arguments["type"].text();
    List found;
    for (const auto& set : record_sets(*zone))
        if ((owner.empty() || set.name == owner) && (type.empty() || set.type == type))
            found.push_back(to_value(set));
    return Value(std::move(found));
}

Result<Value> get_record(const ZoneFile& file, const Call& call) {
    const auto listed = list_records(file, call);
    if (!listed) return listed;
    if (listed->list().empty() || call.arguments.has("set_id")) return Value();
    return listed->list()[0];
}

Result<Value> lookup(const ZoneFile& file, const Call& call) {
    const auto zone = file.load();
    if (!zone) return zone.error();
    const auto owner = resolve_owner(call.arguments["name"].text(), file.zone);
    if (!owner) return owner.error();
    List answers;
    for (const auto& answer : answers_for(file, *zone, call, absolute_name(*owner, file.zone),
                                          call.arguments["type"].text()))
        answers.push_back(to_value(answer));
    return Value(std::move(answers));
}

Result<Value> resolves(const ZoneFile& file, const Call& call) {
    const auto zone = file.load();
    if (!zone) return zone.error();
    const auto owner = resolve_owner(call.arguments["name"].text(), file.zone);
    if (!owner) return owner.error();
    const std::string& to = call.arguments["to"].text();
    const std::string& given = call.arguments["type"].text();
    const auto answers = answers_for(file, *zone, call, absolute_name(*owner, file.zone),
                                     given.empty() ? type_for(to) : given);
    if (answers.empty())
        return fail("lookup_failed",
                    "There is no server to ask for " + *owner + " of " + file.target + ".",
                    Retry::safe);
    return Value(std::all_of(answers.begin(), answers.end(),
                             [&](const Answer& answer) { return answers_with(answer, to); }));
}

Result<Value> serial(const ZoneFile& file, const Call& call) {
    const auto zone = file.load();
    if (!zone) return zone.error();
    const auto own = static_cast<double>(serial_of(*zone));
    Value servers = Map{};
    Value errors = Map{};
    if (file.servers.empty()) servers.set(file_as_server, own);
    std::vector<NameServer> asked;
    for (auto& found : find_servers(file.servers, *zone)) {
        if (found) {
            asked.push_back(std::move(*found));
        } else {
            errors.set(file.zone, found.error().message);
        }
    }
    const auto serials = ask_serials(asked, file.zone, call.deadline_s);
    for (std::size_t i = 0; i < asked.size(); ++i) {
        if (serials[i]) {
            servers.set(asked[i].shown, static_cast<double>(*serials[i]));
        } else {
            errors.set(asked[i].shown, serials[i].error().message);
        }
    }
    Value result;
    result.set("serial", own).set("servers", std::move(servers));
    if (!errors.map().empty()) result.set("errors", std::move(errors));
    return result;
}

Result<Value> drift(const ZoneFile& file, const Call& call) {
    const auto zone = file.load();
    if (!zone) return zone.error();
    return drift_of(record_sets(*zone), call.arguments["records"].list(), file.zone);
}

Result<Value> export_zone(const ZoneFile& file, const Call&) {
    const auto zone = file.load();
    if (!zone) return zone.error();
    return Value(zone->text());
}

}  // namespace

std::vector<Result<NameServer>> find_servers(const std::vector<std::string>& texts,
                                             const ZoneText& zone) {
    std::vector<Result<NameServer>> servers;
    for (const auto& text : texts) {
        if (text != "ns") {
            servers.push_back(find_server(text));
            continue;
        }
        const auto own = find_record_set(zone, "@", "NS");
        for (const auto& name : own ? own->values : std::vector<std::string>{}) {
            const auto glue = follow(dns_records(zone), "", name, "A");
            servers.push_back(find_server(glue.values.empty() ? name : glue.values[0]));
        }
    }
    return servers;
}

void add_zone_observes(Driver& driver, const ZoneFilePointer& file) {
    using Observe = Result<Value> (*)(const ZoneFile&, const Call&);
    const auto add = [&](const char* name, Observe observe) {
        driver.operations[name] = observe_blocking(
            file->loop, [file, observe](Call& call) { return observe(*file, call); });
    };
    add("list", list_records);
    add("get", get_record);
    add("lookup", lookup);
    add("resolves", resolves);
    add("serial", serial);
    add("drift", drift);
    add("export", export_zone);
}

}  // namespace perilune
