// What a simulated store does for some time: sweeps, snapshots, restores, purges and promotions.
#include <algorithm>

#include "bindings/cache/cache.h"
#include "bindings/cache/simulated_store.h"
#include "interpreter/base/simulated_handlers.h"

namespace perilune {

namespace {

constexpr double look_every_s = 0.5;

Outcome not_done(const Error& error) {
    return error.retry == Retry::safe ? Outcome::not_sent(error) : Outcome::failed(error);
}

// "https://shop.example.com/a?b" begins with "shop.example.com/a".
bool lies_below(const std::string& url, const std::string& prefix) {
    const auto scheme = url.find("://");
    const auto host = scheme == std::string::npos ? 0 : scheme + 3;
    return std::string_view(url).substr(host).starts_with(prefix);
}

bool contains(const Value& list, const std::string& text) {
    return std::ranges::any_of(list.list(), [&](const Value& one) { return one.text() == text; });
}

bool is_purged(const std::string& url, const std::set<std::string>& tags, const Value& what) {
    if (what.has("everything") || contains(what["urls"], url)) return true;
    for (const auto& tag : tags)
        if (contains(what["tags"], tag)) return true;
    return std::ranges::any_of(what["prefixes"].list(),
                               [&](const Value& prefix) { return lies_below(url, prefix.text()); });
}

}  // namespace

Result<Before> SimulatedStore::before_sweep(Call& call) {
    settle();
    const auto sweep = sweep_of(target_, sessions_, call);
    if (!sweep) return sweep.error();
    if (!reachable_) return fail("refused", target_ + " refuses the connection.", Retry::safe);
    return before_sweep_of(target_, *sweep, matching(sweep->pattern).size());
}

Awaitable<Outcome> SimulatedStore::act_sweep(SimulatedStore* store, Loop* loop, Call* call) {
    store->settle();
    const auto sweep = sweep_of(store->target_, store->sessions_, *call);
    if (!sweep) co_return Outcome::failed(sweep.error());
    double deleted = 0;
    const auto keys = store->matching(sweep->pattern);
    for (std::size_t at = 0; at < keys.size(); at += sweep->batch) {
        auto refused = store->refuses_changes(*call);
        if (call->cancel->asked())
            refused = fail("cancelled", "Deleting keys was told to stop.", Retry::never);
        if (refused) {
            Outcome outcome = deleted > 0 ? Outcome::failed(*refused) : not_done(*refused);
            outcome.left_some = deleted > 0;
            co_return outcome;
        }
        const auto end = std::min(keys.size(), at + sweep->batch);
        for (std::size_t i = at; i < end; ++i)
            deleted += static_cast<double>(store->entries_.erase(keys[i]));
        call->tell(std::to_string(end) + " of " + std::to_string(keys.size()) + " keys");
        if (end < keys.size()) co_await wait_until(*loop, boot_now_s() + sweep->pause_s);
    }
    co_return Outcome::done(Value().set("changed", deleted > 0).set("deleted", deleted),
                            Value().set("count", 0));
}

Value SimulatedStore::role_state() const {
    Value state;
    state.set("primary", primary_.empty());
    if (!primary_.empty()) state.set("follows", primary_);
    return state;
}

Value SimulatedStore::backup_value(const std::string& id) const {
    const Snapshot& snapshot = snapshots_.at(id);
    double size = 0;
    for (const auto& [key, entry] : snapshot.entries)
        size += static_cast<double>(key.size() + entry.value.size());
    Value made;
    made.set("id", id).set("kind", "snapshot").set("at", snapshot.at).set("size_bytes", size);
    return made.set("state", snapshot.complete ? "complete" : "running");
}

Result<Value> SimulatedStore::list_snapshots(Call&) {
    settle();
    if (!reachable_) return fail("refused", target_ + " refuses the connection.", Retry::safe);
    std::vector<std::string> ids;
    ids.reserve(snapshots_.size());
    for (const auto& [id, snapshot] : snapshots_) ids.push_back(id);
    std::ranges::stable_sort(ids, [this](const std::string& left, const std::string& right) {
        return snapshots_.at(left).at > snapshots_.at(right).at;
    });
    List listed;
    for (const auto& id : ids) listed.push_back(backup_value(id));
    return Value(std::move(listed));
}

Result<Before> SimulatedStore::before_job(Call& call) {
    settle();
    if (!reachable_) return fail("refused", target_ + " refuses the connection.", Retry::safe);
    if (call.operation == "promote") return before_promote_of(role_state());
    Before before;
    if (call.operation == "snapshot") {
        before.sign = '+';
        before.plan = call.arguments["name"].text();
    } else if (call.operation == "restore") {
        const std::string& id = call.arguments["backup"].text();
        const auto found = snapshots_.find(id);
        if (found == snapshots_.end())
            return fail("not_found", target_ + " has no snapshot " + id + ".");
        if (!found->second.complete)
            return fail("not_ready", target_ + ": the snapshot " + id + " is being made.",
                        Retry::safe);
        before.state.set("keys", static_cast<double>(entries_.size()));
        before.plan = std::to_string(entries_.size()) + " keys → " +
                      std::to_string(found->second.entries.size()) + " of " + id;
    }
    return before;
}

SimulatedStore::Job& SimulatedStore::begin_job(const Call& call) {
    const auto [place, fresh] = jobs_.try_emplace(call.key);
    Job& job = place->second;
    if (!fresh) return job;
    const auto takes = takes_s_.find(call.operation);
    job.operation = call.operation;
    job.arguments = call.arguments;
    job.begins_s = boot_now_s();
    job.ends_s = job.begins_s + (takes == takes_s_.end() ? 0 : takes->second);
    job.result.set("changed", true);
    if (job.operation == "promote") job.result = promoted(role_state(), true);
    if (job.operation == "snapshot") {
        const std::string id = call.arguments["name"].text() + "-" + std::to_string(jobs_.size());
        snapshots_[id] = {.at = wall_now_s(), .entries = entries_};
        job.arguments.set("id", id);
    } else if (job.operation == "restore") {
        const Snapshot& snapshot = snapshots_.at(call.arguments["backup"].text());
        job.entries = snapshot.entries;
        job.result.set("data_until_at", snapshot.at).set("moved_endpoint", false);
        job.result.set("took_s", job.ends_s - job.begins_s);
        job.result.set("restored_bytes",
                       backup_value(call.arguments["backup"].text())["size_bytes"]);
    } else if (job.operation == "purge") {
        const std::string id = "purge-" + std::to_string(purges_.size() + 1);
        job.result.set("purge_id", id);
        Value purge = call.arguments;
        purges_.push_back(
            purge.set("timeout", Value()).set("purge_id", id).set("at", wall_now_s()));
    }
    return job;
}

void SimulatedStore::end_job(Job& job) {
    job.ended = true;
    if (job.operation == "promote") {
        primary_.clear();
    } else if (job.operation == "snapshot") {
        const std::string& id = job.arguments["id"].text();
        snapshots_[id].complete = true;
        job.result = backup_value(id).set("changed", true);
    } else if (job.operation == "purge") {
        std::erase_if(edge_, [&](const auto& kept) {
            return is_purged(kept.first, kept.second, job.arguments);
        });
    } else {
        entries_ = job.entries;
    }
}

// The provider goes on with its work where the host's call ends before it.
Awaitable<Outcome> SimulatedStore::act_job(SimulatedStore* store, Loop* loop, Call* call,
                                           const Value* before) {
    store->settle();
    const bool known = store->jobs_.contains(call->key);
    if (!call->may_act() || !store->reachable_)
        co_return Outcome::not_sent(fail(
            "refused", store->target_ + " was not asked, or refuses the connection.", Retry::safe));
    if (!known && call->operation == "restore" &&
        !store->snapshots_.contains(call->arguments["backup"].text()))
        co_return Outcome::failed(fail("not_found", store->target_ + " has no such snapshot."));
    const double ends_s = store->begin_job(*call).ends_s;
    while (boot_now_s() < std::min(ends_s, call->deadline_s) && !call->cancel->asked()) {
        const double until_s = std::min(ends_s, boot_now_s() + look_every_s);
        co_await wait_until(*loop, std::min(until_s, call->deadline_s));
    }
    store->settle();
    const Job& job = store->jobs_.at(call->key);
    if (!job.ended)
        co_return Outcome::unknown(
            fail("timed_out",
                 store->target_ + ": " + call->operation + " goes on, but the call has ended.",
                 Retry::unknown));
    const bool promotes = call->operation == "promote";
    co_return Outcome::done(promotes ? promoted(*before, true) : job.result,
                            promotes ? store->role_state() : Value());
}

Sighting SimulatedStore::look_promote(const Value& before) {
    Sighting seen;
    seen.kind = primary_.empty() ? Sighting::Kind::happened : Sighting::Kind::did_not;
    if (primary_.empty()) {
        seen.value = promoted(before, true);
        seen.after = role_state();
    } else {
        seen.evidence = target_ + " still follows " + primary_ + ".";
    }
    return seen;
}

Sighting SimulatedStore::look_job(Call& call, const Value& before) {
    settle();
    if (!reachable_) return {.evidence = target_ + " does not answer."};
    const auto found = jobs_.find(call.key);
    if (found != jobs_.end() && !found->second.ended)
        return {.evidence = target_ + ": " + call.operation + " still goes on."};
    if (call.operation == "promote") return look_promote(before);
    if (found == jobs_.end())
        return {.kind = Sighting::Kind::did_not,
                .evidence = target_ + " knows of no such " + call.operation + "."};
    return {.kind = Sighting::Kind::happened,
            .value = found->second.result,
            .evidence = target_ + " has done it."};
}

void SimulatedStore::add_jobs(Driver& driver, Loop& loop) {
    for (const auto* name : {"delete_matching", "flush_sessions"}) {
        Handler& handler = driver.operations[name];
        handler = change_at_once([this](Call& call) { return before_sweep(call); }, {});
        handler.act = [this, loop = &loop](Call& call, const Value&) {
            return act_sweep(this, loop, &call);
        };
    }
    for (const auto* name : {"snapshot", "restore", "promote", "purge"}) {
        Handler& handler = driver.operations[name];
        handler = change_at_once(
            [this](Call& call) { return before_job(call); }, {},
            [this](Call& call, const Value& found) { return look_job(call, found); });
        handler.act = [this, loop = &loop](Call& call, const Value& found) {
            return act_job(this, loop, &call, &found);
        };
    }
}

}  // namespace perilune
