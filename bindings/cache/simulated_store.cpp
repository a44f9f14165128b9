// The keys of a simulated store.
#include "bindings/cache/simulated_store.h"

#include <algorithm>
#include <cmath>

#include "bindings/cache/cache.h"
#include "bindings/cache/glob.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/http_headers.h"
#include "interpreter/base/simulated_handlers.h"

namespace perilune {

namespace {

constexpr double entry_bytes = 64;  // What a key takes besides its name and value.

Error not_reached(const std::string& target) {
    return fail("refused", target + ": the connection was refused.", Retry::safe);
}

std::unique_ptr<SimulatedTarget> make(const Settings& settings, SimulatedWorld& world) {
    return std::make_unique<SimulatedStore>(settings, world);
}

}  // namespace

SimulatedStore::SimulatedStore(const Settings& settings, SimulatedWorld& world)
    : target_(settings.target), world_(world), sessions_(settings.values["sessions"].text()) {}

void SimulatedStore::settle() {
    for (;;) {
        Job* next = nullptr;  // Jobs end in the order of their times.
        for (auto& [key, job] : jobs_)
            if (!job.ended && job.ends_s <= boot_now_s() && (!next || job.ends_s < next->ends_s))
                next = &job;
        if (!next) break;
        end_job(*next);
    }
    const double now_ms = wall_now_s() * 1000;
    std::erase_if(entries_, [now_ms](const auto& entry) {
        return entry.second.expires_at_ms && *entry.second.expires_at_ms <= now_ms;
    });
}

double SimulatedStore::bytes() const {
    double total = 0;
    for (const auto& [key, entry] : entries_)
        total += entry_bytes + static_cast<double>(key.size() + entry.value.size());
    return total;
}

// A store that cannot be reached is an answer.
Result<Value> SimulatedStore::status(Call&) {
    settle();
    if (!reachable_) return Value().set("reachable", false);
    Value status;
    status.set("reachable", true).set("latency_s", world_.observe_takes_s);
    status.set("role", primary_.empty() ? "primary" : "replica");
    status.set("keys", static_cast<double>(entries_.size())).set("memory_bytes", bytes());
    if (bytes_max_ > 0) status.set("memory_max_bytes", bytes_max_);
    return status;
}

Result<Value> SimulatedStore::get(Call& call) {
    settle();
    if (!reachable_) return not_reached(target_);
    const std::string& key = call.arguments["key"].text();
    const auto state = state_of(key, false);
    if (!state) return state.error();
    if (!(*state)["there"].boolean()) return Value();
    entries_[key].used = ++uses_;
    Value entry;
    entry.set("value", (*state)["value"]);
    if (state->has("expires_at_ms"))
        entry.set("ttl_s", (*state)["expires_at_ms"].number() / 1000 - wall_now_s());
    return entry;
}

Result<Value> SimulatedStore::count(Call& call) {
    settle();
    if (!reachable_) return not_reached(target_);
    return Value(static_cast<double>(matching(call.arguments["pattern"].text()).size()));
}

// { there, value | digest, expires_at_ms? }: of a value that is a secret only its digest is kept.
Result<Value> SimulatedStore::state_of(const std::string& key, bool secret) const {
    const auto found = entries_.find(key);
    Value state;
    state.set("there", found != entries_.end());
    if (found == entries_.end()) return state;
    const Entry& entry = found->second;
    if (!entry.plain) return fail("wrong_type", target_ + ": the value of " + key + " is no text.");
    if (secret) {
        state.set("digest", to_hex(sha256(entry.value)));
    } else {
        state.set("value", entry.value);
    }
    if (entry.expires_at_ms) state.set("expires_at_ms", *entry.expires_at_ms);
    return state;
}

std::vector<std::string> SimulatedStore::matching(const std::string& pattern) const {
    std::vector<std::string> keys;
    for (const auto& [key, entry] : entries_)
        if (matches_glob(pattern, key)) keys.push_back(key);
    return keys;
}

// Makes room first, where the store may forget what was used longest ago; else a full one refuses.
Status SimulatedStore::put(const std::string& key, Entry entry) {
    const auto old = entries_.find(key);
    const auto size = [&] {
        const double without =
            old == entries_.end()
                ? 0
                : static_cast<double>(old->second.value.size() + key.size()) + entry_bytes;
        return bytes() - without + entry_bytes +
               static_cast<double>(key.size() + entry.value.size());
    };
    while (bytes_max_ > 0 && size() > bytes_max_) {
        auto least = entries_.end();
        for (auto one = entries_.begin(); one != entries_.end(); ++one)
            if (one != old && (least == entries_.end() || one->second.used < least->second.used))
                least = one;
        if (!evicts_ || least == entries_.end())
            return fail("refused",
                        target_ + ": OOM command not allowed when used memory > 'maxmemory'.");
        entries_.erase(least);
        ++evicted_;
    }
    entry.used = ++uses_;
    entries_[key] = std::move(entry);
    return Done{};
}

std::optional<Error> SimulatedStore::refuses_changes(const Call& call) const {
    if (!call.may_act()) return fail("not_sent", "This host may have lost the run.", Retry::safe);
    if (!reachable_) return not_reached(target_);
    if (primary_.empty()) return std::nullopt;
    return fail("refused", target_ + ": READONLY You can't write against a read only replica of " +
                               primary_ + ".");
}

Result<Before> SimulatedStore::before_set(Call& call) {
    settle();
    if (!reachable_) return not_reached(target_);
    const Value& value = call.arguments["value"];
    const auto state = state_of(call.arguments["key"].text(), value.is_secret());
    if (!state) return state.error();
    Before before;
    before.state = *state;
    before.sign = (*state)["there"].boolean() ? '~' : '+';
    before.plan = call.arguments["key"].text();
    const bool stays = !call.arguments.has("expires_in") && !state->has("expires_at_ms");
    before.already_so = stays && value.is_text() && (*state)["value"] == value;
    if (before.already_so) before.result.set("changed", false);
    return before;
}

Outcome SimulatedStore::act_set(Call& call) {
    settle();
    if (const auto refused = refuses_changes(call))
        return refused->retry == Retry::safe ? Outcome::not_sent(*refused)
                                             : Outcome::failed(*refused);
    const auto value = open_text(call, call.arguments["value"]);
    if (!value) return Outcome::failed(value.error());
    const bool secret = call.arguments["value"].is_secret();
    Entry entry{.value = *value, .expires_at_ms = {}, .secret = secret};
    if (call.arguments.has("expires_in")) {
        const double at_ms = (wall_now_s() + call.arguments["expires_in"].number()) * 1000;
        entry.expires_at_ms = std::round(at_ms);
    }
    const std::string& key = call.arguments["key"].text();
    if (const auto kept = put(key, std::move(entry)); !kept) return Outcome::failed(kept.error());
    return Outcome::done(Value().set("changed", true), *state_of(key, secret));
}

// One key's own state, so that undo of `set` and of `delete` meet; else which keys are there.
Result<Before> SimulatedStore::before_delete(Call& call) {
    settle();
    if (!reachable_) return not_reached(target_);
    const auto keys = cache_keys_of(call);
    const auto there = std::ranges::count_if(
        keys, [this](const std::string& key) { return entries_.contains(key); });
    Before before;
    before.sign = '-';
    before.state.set("there", there > 0).set("count", static_cast<double>(there));
    if (keys.size() == 1 && there == 1)
        if (const auto state = state_of(keys[0], false)) before.state = *state;
    if (keys.size() == 1 && there == 0) before.state = Value().set("there", false);
    before.plan = std::to_string(there) + " of " + std::to_string(keys.size()) + " keys are there";
    before.already_so = there == 0;
    if (before.already_so) before.result.set("changed", false).set("deleted", 0);
    return before;
}

Outcome SimulatedStore::act_delete(Call& call, const Value& before) {
    settle();
    if (const auto refused = refuses_changes(call))
        return refused->retry == Retry::safe ? Outcome::not_sent(*refused)
                                             : Outcome::failed(*refused);
    const auto keys = cache_keys_of(call);
    for (const auto& key : keys) entries_.erase(key);
    // Of a try whose answer was lost the count is in what was there before.
    const Value deleted = before.has("count") ? before["count"] : Value(1);
    Value after;
    after.set("there", false);
    if (keys.size() > 1) after.set("count", 0);
    return Outcome::done(Value().set("changed", true).set("deleted", deleted), after);
}

extern constinit const SimulatedKind simulated_cache = {.family = "cache", .make = make};

}  // namespace perilune
