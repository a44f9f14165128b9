// Zones behind a provider's API: every operation of the family from two functions of its file.
//
// `sets()` gives the zone's record sets: a list of dns.RecordSet, names relative to the zone,
// values as the provider writes them. `change { upserts, deletes }` makes a change of whole sets,
// in one transaction where the provider has one, and returns once its own servers have it; a set
// also has `contents`, its values as a zone file writes them.
#include <algorithm>

#include "bindings/dns/dns.h"
#include "bindings/dns/lookup.h"
#include "bindings/dns/names.h"
#include "bindings/dns/rdata.h"
#include "bindings/dns/zone_change.h"

namespace perilune {

namespace {

struct RemoteZone {
    Loop& loop;
    std::string target;
    std::string zone;  // Lower-case, without the last dot.
    std::vector<std::string> servers;
    std::vector<std::string> resolvers;  // Empty: the system's.
    ZoneFeatures features;
    Remote remote;
};
using RemoteZonePointer = std::shared_ptr<const RemoteZone>;
using Sets = std::vector<RecordSet>;

Result<Sets> sets_from(const Value& told) {
    Sets sets;
    for (const auto& one : told.list()) {
        RecordSet set = record_set_from(one);
        set.name = lower_case(set.name);
        for (auto& value : set.values)
            if (auto canonical = value_of_text(set.type, value)) value = *canonical;
        std::sort(set.values.begin(), set.values.end());
        sets.push_back(std::move(set));
    }
    std::sort(sets.begin(), sets.end(), comes_before);
    return sets;
}

Awaitable<Result<Sets>> read_sets(RemoteZonePointer zone, Call* call) {
    auto reading = zone->remote.read(*call, "sets", Value(Map{}));
    const Result<Value> told = co_await reading;
    if (!told) co_return told.error();
    co_return sets_from(*told);
}

Awaitable<Result<Value>> list(RemoteZonePointer zone, Call* call) {
    std::string owner;
    if (call->arguments.has("name")) {
        const auto resolved = resolve_owner(call->arguments["name"].text(), zone->zone);
        if (!resolved) co_return resolved.error();
        owner = *resolved;
    }
    auto reading = read_sets(zone, call);
    const Result<Sets> sets = co_await reading;
    if (!sets) co_return sets.error();
    const std::string& type = call->arguments["type"].text();
    List found;
    for (const auto& set : *sets)
        if ((owner.empty() || set.name == owner) && (type.empty() || set.type == type))
            found.push_back(to_value(set));
    co_return Value(std::move(found));
}

Awaitable<Result<Value>> get(RemoteZonePointer zone, Call* call) {
    auto listing = list(zone, call);
    const Result<Value> listed = co_await listing;
    if (!listed) co_return listed.error();
    co_return listed->list().empty() ? Value() : listed->list()[0];
}

Awaitable<Result<Value>> drift(RemoteZonePointer zone, Call* call) {
    auto reading = read_sets(zone, call);
    const Result<Sets> sets = co_await reading;
    if (!sets) co_return sets.error();
    co_return drift_of(*sets, call->arguments["records"].list(), zone->zone);
}

struct Worked {
    ZoneChange change;
    Value before;
    Value after;
};

Result<Worked> work_out(const RemoteZone& zone, const Call& call, const Sets& sets) {
    auto change = change_of(call, sets, zone.zone, zone.features);
    if (!change) return change.error();
    const auto left = apply(*change, sets, zone.zone, zone.features);
    if (!left) return left.error();
    const auto keys = change->keys();
    Worked worked;
    worked.before = state_of(keys, sets);
    worked.after = state_of(keys, *left);
    worked.change = std::move(*change);
    return worked;
}

Awaitable<Result<Before>> before(RemoteZonePointer zone, Call* call) {
    auto reading = read_sets(zone, call);
    const Result<Sets> sets = co_await reading;
    if (!sets) co_return sets.error();
    const Result<Worked> worked = work_out(*zone, *call, *sets);
    if (!worked) co_return worked.error();
    Before found;
    found.state = worked->before;
    describe(found, worked->after);
    found.already_so = worked->before == worked->after;
    if (found.already_so) found.result = result_of(call->operation, worked->before, worked->after);
    co_return found;
}

// The change as the provider's file gets it: whole sets as they shall be, and what is to go.
Value asked_of(const Worked& worked) {
    List upserts;
    List deletes;
    for (const auto& one : worked.after["records"].list()) {
        if (one.has("record")) {
            Value set = one["record"];
            List contents;
            for (const auto& value : set["values"].list())
                contents.emplace_back(zone_file_words(set["type"].text(), value.text()));
            upserts.push_back(set.set("contents", std::move(contents)));
        } else {
            deletes.push_back(one);
        }
    }
    Value asked;
    return asked.set("upserts", std::move(upserts)).set("deletes", std::move(deletes));
}

Awaitable<Outcome> act(RemoteZonePointer zone, Call* call, const Value* recorded) {
    auto reading = read_sets(zone, call);
    const Result<Sets> sets = co_await reading;
    if (!sets) co_return Outcome::failed(sets.error());
    const Result<Worked> worked = work_out(*zone, *call, *sets);
    if (!worked) co_return Outcome::failed(worked.error());
    if (!(worked->before == worked->after)) {
        auto changing = zone->remote.change(*call, "change", asked_of(*worked));
        Outcome changed = co_await changing;
        if (changed.kind != Outcome::Kind::done) co_return changed;
    }
    co_return Outcome::done(result_of(call->operation, *recorded, worked->after), worked->after);
}

std::vector<std::string> texts(const Value& list) {
    std::vector<std::string> all;
    for (const auto& one : list.list()) all.push_back(one.text());
    return all;
}

// The servers that are authoritative for the zone, as the world's resolvers know them.
std::vector<std::string> authoritative(const RemoteZone& zone, double deadline_s) {
    if (!zone.servers.empty()) return zone.servers;
    std::vector<std::string> names;
    for (const auto& answer : ask_all(system_resolvers(), zone.zone, "NS", deadline_s))
        names.insert(names.end(), answer.values.begin(), answer.values.end());
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

std::vector<Answer> ask_for(const RemoteZone& zone, const Call& call, const std::string& type,
                            const std::string& owner) {
    const Value& asked = call.arguments["servers"];
    std::vector<NameServer> servers;
    std::vector<Answer> answers;
    std::vector<std::string> named = texts(asked);
    if (asked.text() == "authoritative") named = authoritative(zone, call.deadline_s);
    if (asked.text() == "resolvers") named = zone.resolvers;
    if (asked.text() == "resolvers" && named.empty()) servers = system_resolvers();
    for (const auto& name : named) {
        if (auto found = find_server(name)) {
            servers.push_back(std::move(*found));
        } else {
            answers.push_back({.server = name, .error = found.error().message});
        }
    }
    for (auto& answer : ask_all(servers, absolute_name(owner, zone.zone), type, call.deadline_s))
        answers.push_back(std::move(answer));
    return answers;
}

Result<Value> lookup(const RemoteZone& zone, const Call& call) {
    const auto owner = resolve_owner(call.arguments["name"].text(), zone.zone);
    if (!owner) return owner.error();
    List answers;
    for (const auto& answer : ask_for(zone, call, call.arguments["type"].text(), *owner))
        answers.push_back(to_value(answer));
    return Value(std::move(answers));
}

Result<Value> resolves(const RemoteZone& zone, const Call& call) {
    const auto owner = resolve_owner(call.arguments["name"].text(), zone.zone);
    if (!owner) return owner.error();
    const std::string& to = call.arguments["to"].text();
    const std::string& given = call.arguments["type"].text();
    const auto answers = ask_for(zone, call, given.empty() ? type_for(to) : given, *owner);
    if (answers.empty())
        return fail("lookup_failed",
                    "There is no server to ask for " + *owner + " of " + zone.target + ".",
                    Retry::safe);
    return Value(std::all_of(answers.begin(), answers.end(),
                             [&](const Answer& answer) { return answers_with(answer, to); }));
}

ZoneFeatures features_of(const Remote& remote) {
    return {.proxied = remote.offers("proxied"), .apex_cname = remote.offers("apex_cname")};
}

using Observe = Awaitable<Result<Value>> (*)(RemoteZonePointer zone, Call* call);
using Ask = Result<Value> (*)(const RemoteZone& zone, const Call& call);

void add_operations(Driver& driver, const Remote& remote, const Settings& settings,
                    Services& services) {
    std::string name = lower_case(settings.values["zone"].text());
    if (ends_in_dot(name)) name.pop_back();
    const RemoteZonePointer zone =
        std::make_shared<RemoteZone>(RemoteZone{.loop = services.loop,
                                                .target = settings.target,
                                                .zone = std::move(name),
                                                .servers = texts(settings.values["name_servers"]),
                                                .resolvers = texts(settings.values["resolvers"]),
                                                .features = features_of(remote),
                                                .remote = remote});
    const std::pair<const char*, Observe> observes[] = {
        {"list", list}, {"get", get}, {"drift", drift}};
    for (const auto& [operation, observe] : observes)
        driver.operations[operation].observe = [zone, observe](Call& call) {
            return observe(zone, &call);
        };
    const std::pair<const char*, Ask> asks[] = {{"lookup", lookup}, {"resolves", resolves}};
    for (const auto& [operation, ask] : asks)
        driver.operations[operation] =
            observe_blocking(zone->loop, [zone, ask](Call& call) { return ask(*zone, call); });
    for (const auto* operation : {"upsert", "delete", "batch", "set_ttl"}) {
        Handler handler;
        handler.before = [zone](Call& call) { return before(zone, &call); };
        handler.act = [zone](Call& call, const Value& recorded) {
            return act(zone, &call, &recorded);
        };
        handler.restore = restore_records;
        driver.operations[operation] = std::move(handler);
    }
}

constexpr std::string_view functions[] = {"sets", "change"};
constexpr std::string_view operations[] = {"list",   "get",    "drift", "lookup", "resolves",
                                           "upsert", "delete", "batch", "set_ttl"};
constexpr std::string_view features[] = {"proxied", "apex_cname"};

}  // namespace

constinit const FamilyRules dns_rules = {.family = "dns",
                                         .functions = functions,
                                         .operations = operations,
                                         .features = features,
                                         .add = add_operations};

}  // namespace perilune
