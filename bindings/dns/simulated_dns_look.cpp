// What a test sees of a simulated zone, and does to it from outside.
#include <algorithm>

#include "bindings/dns/dns.h"
#include "bindings/dns/names.h"
#include "bindings/dns/simulated_zone.h"
#include "bindings/dns/zone_edit.h"

namespace perilune {

namespace {

// The arguments of `operation` as a runbook's call would have them.
Result<Call> call_of(const std::string& operation, const Value& arguments) {
    const Operation* row = dns_family.operation(operation);
    auto checked = check_arguments(dns_family, *row, arguments.map());
    if (!checked) return checked.error();
    Call call;
    call.operation = operation;
    call.arguments = std::move(*checked);
    return call;
}

}  // namespace

Value SimulatedZone::look() {
    Value records{Map{}};
    std::set<std::pair<std::string, std::string>> questions;
    for (const auto& set : sets_) {
        Value types = records.has(set.name) ? records[set.name] : Value(Map{});
        types.set(set.type, to_value(set));
        records.set(set.name, std::move(types));
        if (set.type != "SOA" && set.type != "NS")
            questions.emplace(absolute_name(set.name, zone_), set.type == "CNAME" ? "A" : set.type);
    }
    Value resolvers{Map{}};
    for (const auto& [name, resolver] : resolvers_) {
        auto asked = questions;
        for (const auto& [owner, type] : resolver.kept())
            if (owner_in_zone(owner, zone_) && !type.empty() && type != "CNAME")
                asked.emplace(owner, type);
        // Looking changes nothing: a copy is asked.
        SimulatedResolver copy = resolver;
        Value answers{Map{}};
        for (const auto& [owner, type] : asked) {
            const std::string shown = owner == zone_ ? "@" : *owner_in_zone(owner, zone_);
            Value types = answers.has(shown) ? answers[shown] : Value(Map{});
            types.set(type, to_value(copy.answer(served(), name, owner, type)));
            answers.set(shown, std::move(types));
        }
        resolvers.set(name, std::move(answers));
    }
    Value seen;
    seen.set("zone", zone_)
        .set("serial", static_cast<double>(serial_now()))
        .set("records", std::move(records));
    seen.set("resolvers", std::move(resolvers)).set("reachable", !api_error_.has_value());
    List silent;
    for (const auto& server : silent_) silent.emplace_back(server);
    return seen.set("silent", std::move(silent));
}

// Somebody else changes the zone, by the same rules; the provider's failures do not concern them.
Result<Value> SimulatedZone::change_outside(const std::string& operation, const Value& arguments) {
    const auto call = call_of(operation, arguments);
    if (!call) return call.error();
    auto worked = work_out(*call);
    if (!worked) return worked.error();
    const Value result = result_of(operation, worked->before, worked->after);
    take(std::move(*worked));
    return result;
}

Result<Value> SimulatedZone::put(const Value& arguments) {
    return change_outside("upsert", arguments);
}

Result<Value> SimulatedZone::remove(const Value& arguments) {
    return change_outside("delete", arguments);
}

Result<Value> SimulatedZone::import_text(const Value& arguments) {
    const auto zone = parse_zone(arguments["text"].text(), zone_, target_);
    if (!zone) return zone.error();
    auto sets = record_sets(*zone);
    if (const auto kept = check_cname_rules(sets, zone_, features_); !kept) return kept.error();
    sets_ = std::move(sets);
    return Value();
}

Result<Value> SimulatedZone::offer(const Value& arguments) {
    if (arguments.has("proxied")) features_.proxied = arguments["proxied"].boolean();
    if (arguments.has("apex_cname")) features_.apex_cname = arguments["apex_cname"].boolean();
    return Value();
}

// Makes records of a name outside the zone known to the world.
Result<Value> SimulatedZone::know(const Value& arguments) {
    Value whole = arguments;
    const auto name = target_name(arguments["name"].text());
    if (!name) return name.error();
    const auto call = call_of("upsert", whole.set("name", *name));
    if (!call) return call.error();
    const std::string& type = call->arguments["type"].text();
    std::erase_if(outside_, [&](const DnsRecord& record) {
        return record.owner == *name && record.type == type;
    });
    const auto ttl_s = static_cast<std::uint32_t>(call->arguments["ttl"].integer());
    for (const auto& value : call->arguments["values"].list())
        outside_.push_back({*name, type, value.text(), ttl_s});
    return Value();
}

Result<Value> SimulatedZone::stop_api(const Value& arguments) {
    const std::string code = arguments.has("code") ? arguments["code"].text() : "unavailable";
    api_error_ =
        fail(code, target_ + ": the provider's API does not work now (" + code + ").", Retry::safe);
    return Value();
}

Result<Value> SimulatedZone::recover(const Value& arguments) {
    if (arguments.has("server")) {
        silent_.erase(arguments["server"].text());
    } else {
        api_error_.reset();
        silent_.clear();
    }
    return Value();
}

Result<Value> SimulatedZone::silence(const Value& arguments) {
    if (!arguments.has("server"))
        return fail("bad_argument", "silence needs server, a name server or a resolver.");
    silent_.insert(arguments["server"].text());
    return Value();
}

Result<std::vector<std::string>> SimulatedZone::resolvers_of(const Value& arguments) const {
    if (!arguments.has("resolver")) return resolver_names_;
    const std::string& name = arguments["resolver"].text();
    if (resolvers_.contains(name)) return std::vector<std::string>{name};
    return fail("bad_argument", target_ + " has no resolver " + name + ".");
}

// Somebody's program asks resolvers, which keep the answer from then on.
Result<Value> SimulatedZone::ask(const Value& arguments) {
    const auto resolvers = resolvers_of(arguments);
    if (!resolvers) return resolvers.error();
    Value question;
    question.set("name", arguments["name"]);
    question.set("type", arguments.has("type") ? arguments["type"] : Value("A"));
    List servers;
    for (const auto& name : *resolvers) servers.emplace_back(name);
    auto call = call_of("lookup", question.set("servers", std::move(servers)));
    if (!call) return call.error();
    return lookup(*call);
}

Result<Value> SimulatedZone::hold(const Value& arguments) {
    const auto resolvers = resolvers_of(arguments);
    if (!resolvers) return resolvers.error();
    const auto keep_s = convert(Type::duration, arguments["at_least"], "at_least of stale");
    if (!keep_s) return keep_s.error();
    for (const auto& name : *resolvers) resolvers_[name].keep_at_least(keep_s->number());
    return Value();
}

Result<Value> SimulatedZone::flush(const Value& arguments) {
    const auto resolvers = resolvers_of(arguments);
    if (!resolvers) return resolvers.error();
    for (const auto& name : *resolvers) resolvers_[name].forget();
    return Value();
}

const std::vector<std::pair<std::string_view, SimulatedZone::Control>>&
SimulatedZone::control_table() {
    static const std::vector<std::pair<std::string_view, Control>> table = {
        {"put", &SimulatedZone::put},
        {"delete", &SimulatedZone::remove},
        {"import", &SimulatedZone::import_text},
        {"offer", &SimulatedZone::offer},
        {"outside", &SimulatedZone::know},
        {"fail", &SimulatedZone::stop_api},
        {"recover", &SimulatedZone::recover},
        {"silence", &SimulatedZone::silence},
        {"ask", &SimulatedZone::ask},
        {"stale", &SimulatedZone::hold},
        {"flush", &SimulatedZone::flush}};
    return table;
}

std::vector<std::string_view> SimulatedZone::controls() const {
    std::vector<std::string_view> names;
    for (const auto& [name, does] : control_table()) names.push_back(name);
    return names;
}

Result<Value> SimulatedZone::control(std::string_view name, const Value& arguments) {
    for (const auto& [known, does] : control_table())
        if (known == name) return (this->*does)(arguments);
    return unknown_control(name, controls());
}

}  // namespace perilune
