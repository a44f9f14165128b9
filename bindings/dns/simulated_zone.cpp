// The provider of a simulated zone: its API, with the family's own rules.
#include "bindings/dns/simulated_zone.h"

#include <algorithm>

#include "bindings/dns/dns.h"
#include "bindings/dns/names.h"
#include "bindings/dns/rdata.h"
#include "bindings/dns/zone_edit.h"
#include "bindings/dns/zone_ttl.h"
#include "interpreter/base/simulated_handlers.h"

namespace perilune {

namespace {

constexpr std::size_t serial_word = 2;  // Of a SOA's value.

// Negative answers may be kept five minutes: the last field (RFC 2308, section 4).
std::string first_text() {
    const auto serial = static_cast<std::uint64_t>(date_number(wall_now_s())) * 100 + 1;
    return "$TTL 1h\n@ IN SOA ns1 hostmaster ( " + std::to_string(serial) +
           " 1h 15m 1w 5m )\n@ IN NS ns1\n@ IN NS ns2\n";
}

std::vector<std::string> servers_of(const Value& values) {
    std::vector<std::string> servers;
    const Value& given = values.has("name_servers") ? values["name_servers"] : values["servers"];
    for (const auto& one : given.list())
        if (one.text() != "ns") servers.push_back(one.text());
    return servers;
}

std::unique_ptr<SimulatedTarget> make(const Settings& settings, SimulatedWorld&) {
    return std::make_unique<SimulatedZone>(settings);
}

}  // namespace

SimulatedZone::SimulatedZone(const Settings& settings)
    : target_(settings.target), name_servers_(servers_of(settings.values)) {
    zone_ = lower_case(settings.values["zone"].text());
    if (ends_in_dot(zone_)) zone_.pop_back();
    if (zone_.empty()) zone_ = "example.com";
    if (const auto zone = parse_zone(first_text(), zone_, target_)) sets_ = record_sets(*zone);
    for (const auto& one : settings.values["resolvers"].list())
        resolver_names_.push_back(one.text());
    if (resolver_names_.empty()) resolver_names_ = {"resolver-1", "resolver-2"};
    for (const auto& name : resolver_names_) resolvers_[name];
}

RecordSet& SimulatedZone::soa() {
    return *std::find_if(sets_.begin(), sets_.end(),
                         [](const RecordSet& set) { return set.type == "SOA"; });
}

std::uint32_t SimulatedZone::serial_now() const {
    for (const auto& set : sets_)
        if (set.type == "SOA")
            if (const auto words = split_words(set.values[0]); words)
                return static_cast<std::uint32_t>(std::stoul((*words)[serial_word].text));
    return 0;
}

Result<Value> SimulatedZone::list(Call& call) {
    if (api_error_) return *api_error_;
    std::string owner;
    if (call.arguments.has("name")) {
        const auto resolved = resolve_owner(call.arguments["name"].text(), zone_);
        if (!resolved) return resolved.error();
        owner = *resolved;
    }
    const std::string& type = call.arguments["type"].text();
    List found;
    for (const auto& set : sets_)
        if ((owner.empty() || set.name == owner) && (type.empty() || set.type == type))
            found.push_back(to_value(set));
    return Value(std::move(found));
}

Result<Value> SimulatedZone::get(Call& call) {
    const auto listed = list(call);
    if (!listed) return listed;
    if (listed->list().empty() || call.arguments.has("set_id")) return Value();
    return listed->list()[0];
}

Result<Value> SimulatedZone::drift(Call& call) {
    if (api_error_) return *api_error_;
    return drift_of(sets_, call.arguments["records"].list(), zone_);
}

Result<Value> SimulatedZone::export_zone(Call&) {
    if (api_error_) return *api_error_;
    std::string first = "$ORIGIN " + zone_ + ".\n";
    std::string rest;
    for (const auto& set : sets_)
        for (const auto& value : set.values)
            (set.type == "SOA" ? first : rest) += set.name + "\t" + std::to_string(set.ttl_s) +
                                                  "\tIN\t" + set.type + "\t" +
                                                  zone_file_words(set.type, value) + "\n";
    return Value(first + rest);
}

Result<Value> SimulatedZone::serial(Call&) {
    if (api_error_) return *api_error_;
    Value servers = Map{};
    Value errors = Map{};
    for (const auto& server : name_servers()) {
        if (silent_.contains(server)) {
            errors.set(server, server + " does not answer.");
        } else {
            servers.set(server, static_cast<double>(serial_now()));
        }
    }
    Value result;
    result.set("serial", static_cast<double>(serial_now())).set("servers", std::move(servers));
    if (!errors.map().empty()) result.set("errors", std::move(errors));
    return result;
}

Result<SimulatedZone::Worked> SimulatedZone::work_out(const Call& call) const {
    const auto change = change_of(call, sets_, zone_, features_);
    if (!change) return change.error();
    auto left = apply(*change, sets_, zone_, features_);
    if (!left) return left.error();
    const auto keys = change->keys();
    Worked worked;
    worked.before = state_of(keys, sets_);
    worked.after = state_of(keys, *left);
    worked.sets = std::move(*left);
    return worked;
}

// The provider takes the change whole, and counts the zone's serial up.
void SimulatedZone::take(Worked worked) {
    if (worked.before == worked.after) return;
    const std::uint32_t serial = next_serial(serial_now(), date_number(wall_now_s()));
    sets_ = std::move(worked.sets);
    std::sort(sets_.begin(), sets_.end(), comes_before);
    std::string& value = soa().values[0];
    const auto words = split_words(value);
    if (!words) return;
    value.clear();
    for (std::size_t i = 0; i < words->size(); ++i)
        value +=
            (i == 0 ? "" : " ") + (i == serial_word ? std::to_string(serial) : (*words)[i].text);
}

Result<Before> SimulatedZone::before(Call& call) {
    if (api_error_) return *api_error_;
    const auto worked = work_out(call);
    if (!worked) return worked.error();
    Before found;
    found.state = worked->before;
    describe(found, worked->after);
    found.already_so = worked->before == worked->after;
    if (found.already_so) found.result = result_of(call.operation, worked->before, worked->after);
    return found;
}

Outcome SimulatedZone::act(Call& call, const Value& recorded) {
    if (!call.may_act())
        return Outcome::not_sent(fail("not_sent", "This host may have lost the run."));
    if (api_error_) return Outcome::not_sent(*api_error_);
    auto worked = work_out(call);
    if (!worked) return Outcome::failed(worked.error());
    const Value after = worked->after;
    take(std::move(*worked));
    return Outcome::done(result_of(call.operation, recorded, after), after);
}

Driver SimulatedZone::make_driver(Services&) {
    Driver driver;
    const auto observe = [&](const char* name, Result<Value> (SimulatedZone::*asked)(Call&)) {
        driver.operations[name] =
            observe_at_once([this, asked](Call& call) { return (this->*asked)(call); });
    };
    observe("list", &SimulatedZone::list);
    observe("get", &SimulatedZone::get);
    observe("lookup", &SimulatedZone::lookup);
    observe("resolves", &SimulatedZone::resolves);
    observe("serial", &SimulatedZone::serial);
    observe("drift", &SimulatedZone::drift);
    observe("export", &SimulatedZone::export_zone);
    for (const auto* name : {"upsert", "delete", "batch", "set_ttl"})
        driver.operations[name] =
            change_at_once([this](Call& call) { return before(call); },
                           [this](Call& call, const Value& found) { return act(call, found); }, {},
                           restore_records);
    return driver;
}

extern constinit const SimulatedKind simulated_dns = {.family = "dns", .make = make};

}  // namespace perilune
