// What a test sees of a simulated store, and does to it from outside.
#include <algorithm>

#include "bindings/cache/cache.h"
#include "bindings/cache/simulated_store.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/simulated_handlers.h"

namespace perilune {

namespace {

Result<double> seconds(const Value& given, const std::string& what) {
    const auto converted = convert(Type::duration, given, what);
    if (!converted) return converted.error();
    return converted->number();
}

}  // namespace

Value SimulatedStore::look() {
    settle();
    Value keys{Map{}};
    for (const auto& [key, entry] : entries_) {
        Value shown;
        if (entry.secret) {
            shown.set("digest", to_hex(sha256(entry.value)));
        } else {
            shown.set("value", entry.value);
        }
        if (entry.expires_at_ms) shown.set("ttl_s", *entry.expires_at_ms / 1000 - wall_now_s());
        keys.set(key, std::move(shown));
    }
    Value snapshots{Map{}};
    for (const auto& [id, snapshot] : snapshots_) {
        const auto held = static_cast<double>(snapshot.entries.size());
        snapshots.set(id, backup_value(id).set("keys", held));
    }
    List edge;
    for (const auto& [url, tags] : edge_) edge.emplace_back(url);
    Value seen;
    seen.set("keys", std::move(keys)).set("snapshots", std::move(snapshots));
    seen.set("edge", std::move(edge)).set("purges", purges_).set("evicted", evicted_);
    seen.set("role", primary_.empty() ? "primary" : "replica").set("memory_bytes", bytes());
    if (!primary_.empty()) seen.set("follows", primary_);
    return seen.set("reachable", reachable_);
}

// Somebody's program sets a key: a text, or something else ("list").
Result<Value> SimulatedStore::put_outside(const Value& arguments) {
    settle();
    const std::string& key = arguments["key"].text();
    if (key.empty()) return fail("bad_argument", "put needs key.");
    Entry entry{.value = arguments["value"].text(), .expires_at_ms = {}};
    entry.plain = !arguments.has("kind") || arguments["kind"].text() == "text";
    if (arguments.has("expires_in")) {
        const auto left_s = seconds(arguments["expires_in"], "expires_in of put");
        if (!left_s) return left_s.error();
        entry.expires_at_ms = (wall_now_s() + *left_s) * 1000;
    }
    if (const auto kept = put(key, std::move(entry)); !kept) return kept.error();
    return Value();
}

Result<Value> SimulatedStore::delete_outside(const Value& arguments) {
    settle();
    return Value(entries_.erase(arguments["key"].text()) > 0);
}

Result<Value> SimulatedStore::stop(const Value&) {
    reachable_ = false;
    return Value();
}

Result<Value> SimulatedStore::recover(const Value&) {
    reachable_ = true;
    return Value();
}

// Its process ends and begins again; what it had in memory is gone, unless it keeps it.
Result<Value> SimulatedStore::restart(const Value& arguments) {
    settle();
    if (!arguments["keeps"].boolean()) entries_.clear();
    reachable_ = true;
    return Value();
}

Result<Value> SimulatedStore::follow(const Value& arguments) {
    primary_ = arguments["primary"].text();
    if (primary_.empty()) return fail("bad_argument", "follow needs primary, a store's address.");
    return Value();
}

Result<Value> SimulatedStore::limit(const Value& arguments) {
    const auto most = convert(Type::size, arguments["memory"], "memory of limit");
    if (!most) return most.error();
    bytes_max_ = most->number();
    evicts_ = arguments["evicts"].boolean();
    return Value();
}

// How long operations take from now on: takes { snapshot = "5m", purge = 30 }.
Result<Value> SimulatedStore::takes(const Value& arguments) {
    for (const auto& [operation, given] : arguments.map()) {
        const auto takes_s = seconds(given, operation + " of takes");
        if (!takes_s) return takes_s.error();
        takes_s_[operation] = *takes_s;
    }
    return Value();
}

Result<Value> SimulatedStore::lose_snapshot(const Value& arguments) {
    settle();
    const std::string& id = arguments["id"].text();
    const auto found = snapshots_.find(id);
    if (found == snapshots_.end() || !found->second.complete)
        return fail("not_found", target_ + " has no complete snapshot " + id + ".");
    snapshots_.erase(found);
    return Value();
}

// Somebody asks the network for a URL, which it keeps from then on.
Result<Value> SimulatedStore::serve(const Value& arguments) {
    const std::string& url = arguments["url"].text();
    if (url.empty()) return fail("bad_argument", "serve needs url.");
    std::set<std::string> tags;
    for (const auto& tag : arguments["tags"].list()) tags.insert(tag.text());
    edge_[url] = std::move(tags);
    return Value();
}

const std::vector<std::pair<std::string_view, SimulatedStore::Control>>&
SimulatedStore::control_table() {
    static const std::vector<std::pair<std::string_view, Control>> table = {
        {"put", &SimulatedStore::put_outside},
        {"delete", &SimulatedStore::delete_outside},
        {"fail", &SimulatedStore::stop},
        {"recover", &SimulatedStore::recover},
        {"restart", &SimulatedStore::restart},
        {"follow", &SimulatedStore::follow},
        {"limit", &SimulatedStore::limit},
        {"takes", &SimulatedStore::takes},
        {"lose_snapshot", &SimulatedStore::lose_snapshot},
        {"serve", &SimulatedStore::serve}};
    return table;
}

std::vector<std::string_view> SimulatedStore::controls() const {
    std::vector<std::string_view> names;
    for (const auto& [name, does] : control_table()) names.push_back(name);
    return names;
}

Result<Value> SimulatedStore::control(std::string_view name, const Value& arguments) {
    for (const auto& [known, does] : control_table())
        if (known == name) return (this->*does)(arguments);
    return unknown_control(name, controls());
}

Driver SimulatedStore::make_driver(Services& services) {
    Driver driver;
    const auto observe = [&](const char* name, Result<Value> (SimulatedStore::*asked)(Call&)) {
        driver.operations[name] =
            observe_at_once([this, asked](Call& call) { return (this->*asked)(call); });
    };
    observe("status", &SimulatedStore::status);
    observe("get", &SimulatedStore::get);
    observe("count", &SimulatedStore::count);
    observe("list_snapshots", &SimulatedStore::list_snapshots);
    driver.operations["set"] = change_at_once(
        [this](Call& call) { return before_set(call); },
        [this](Call& call, const Value&) { return act_set(call); }, {}, restore_cache_set);
    driver.operations["delete"] =
        change_at_once([this](Call& call) { return before_delete(call); },
                       [this](Call& call, const Value& before) { return act_delete(call, before); },
                       {}, restore_cache_delete);
    add_jobs(driver, services.loop);
    return driver;
}

}  // namespace perilune
