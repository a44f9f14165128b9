// What the redis driver changes.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "bindings/cache/cache_changes.h"
#include "bindings/cache/redis_store.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/http_headers.h"

namespace perilune {

namespace {

Outcome not_done(const Error& error) {
    if (error.retry == Retry::unknown) return Outcome::unknown(error);
    if (error.retry == Retry::safe && error.code != "cancelled") return Outcome::not_sent(error);
    return Outcome::failed(error);
}

// { there, value | digest, expires_at_ms }: of a value that is a secret only its digest is kept.
Result<Value> state_of(RedisSession& session, const std::string& key, bool secret) {
    const auto value = session.ask({"GET", key});
    if (!value) return value.error();
    Value state;
    state.set("there", value->kind != RespReply::Kind::nothing);
    if (value->kind == RespReply::Kind::nothing) return state;
    if (secret) {
        state.set("digest", to_hex(sha256(value->text)));
    } else {
        state.set("value", value->text);
    }
    // Redis 7.0 and later; older ones cannot tell the moment, and undo then leaves it out.
    const auto at = session.ask({"PEXPIRETIME", key});
    if (at && at->number > 0) state.set("expires_at_ms", at->number);
    return state;
}

Result<Before> before_set(const RedisStore& store, const Call& call) {
    auto session = RedisSession::open(store, call);
    if (!session) return session.error();
    const Value& value = call.arguments["value"];
    const auto state = state_of(*session, call.arguments["key"].text(), value.is_secret());
    if (!state) return state.error();
    Before before;
    before.state = *state;
    before.sign = (*state)["there"].boolean() ? '~' : '+';
    before.plan = call.arguments["key"].text();
    const bool stays = !call.arguments.has("expires_in") && !state->has("expires_at_ms");
    if (stays && value.is_text() && (*state)["value"] == value) {
        before.already_so = true;
        before.result.set("changed", false);
    }
    return before;
}

Outcome act_set(const RedisStore& store, const Call& call, const Value&) {
    auto session = RedisSession::open(store, call);
    if (!session) return not_done(session.error());
    const auto value = open_text(call, call.arguments["value"]);
    if (!value) return Outcome::failed(value.error());
    std::vector<std::string> words = {"SET", call.arguments["key"].text(), *value};
    if (call.arguments.has("expires_in")) {
        const double at_ms = (wall_now_s() + call.arguments["expires_in"].number()) * 1000;
        words.insert(words.end(), {"PXAT", std::to_string(std::llround(at_ms))});
    }
    if (const auto set = session->ask(words); !set) return not_done(set.error());
    const auto after = state_of(*session, words[1], call.arguments["value"].is_secret());
    if (!after) return not_done(after.error());
    return Outcome::done(Value().set("changed", true), *after);
}

// One key's own state, so that undo of `set` and of `delete` meet; else which keys are there.
Result<Before> before_delete(const RedisStore& store, const Call& call) {
    auto session = RedisSession::open(store, call);
    if (!session) return session.error();
    const auto keys = cache_keys_of(call);
    Before before;
    before.sign = '-';
    std::int64_t there = 0;
    for (const auto& key : keys) {
        const auto found = session->ask({"EXISTS", key});
        if (!found) return found.error();
        there += found->number;
    }
    before.state.set("there", there > 0).set("count", there);
    if (keys.size() == 1 && there == 1)
        if (const auto state = state_of(*session, keys[0], false)) before.state = *state;
    if (keys.size() == 1 && there == 0) before.state = Value().set("there", false);
    before.plan = std::to_string(there) + " of " + std::to_string(keys.size()) + " keys are there";
    before.already_so = there == 0;
    if (before.already_so) before.result.set("changed", false).set("deleted", 0);
    return before;
}

Outcome act_delete(const RedisStore& store, const Call& call, const Value& before) {
    auto session = RedisSession::open(store, call);
    if (!session) return not_done(session.error());
    std::vector<std::string> words = {"DEL"};
    for (auto& key : cache_keys_of(call)) words.push_back(std::move(key));
    if (const auto gone = session->ask(words); !gone) return not_done(gone.error());
    // Of a try whose answer was lost the count is in what was there before.
    const Value deleted = before.has("count") ? before["count"] : Value(1);
    Value after;
    after.set("there", false);
    if (words.size() > 2) after.set("count", 0);
    return Outcome::done(Value().set("changed", true).set("deleted", deleted), after);
}

Result<Before> before_sweep(const RedisStore& store, const Call& call) {
    const auto sweep = sweep_of(store.target, store.sessions, call);
    if (!sweep) return sweep.error();
    auto session = RedisSession::open(store, call);
    if (!session) return session.error();
    const auto keys = matching_keys(*session, sweep->pattern, call);
    if (!keys) return keys.error();
    return before_sweep_of(store.target, *sweep, keys->size());
}

Outcome act_sweep(const RedisStore& store, const Call& call, const Value&) {
    const auto sweep = sweep_of(store.target, store.sessions, call);
    if (!sweep) return Outcome::failed(sweep.error());
    auto session = RedisSession::open(store, call);
    if (!session) return not_done(session.error());
    const auto keys = matching_keys(*session, sweep->pattern, call);
    if (!keys) return not_done(keys.error());
    std::int64_t deleted = 0;
    for (std::size_t at = 0; at < keys->size(); at += sweep->batch) {
        if (call.cancel->asked() || !call.may_act()) {
            Outcome outcome =
                Outcome::failed(fail("cancelled", "Deleting keys was told to stop.", Retry::safe));
            outcome.left_some = deleted > 0;
            return outcome;
        }
        std::vector<std::string> words = {"UNLINK"};
        const auto end = std::min(keys->size(), at + sweep->batch);
        words.insert(words.end(), keys->begin() + static_cast<std::ptrdiff_t>(at),
                     keys->begin() + static_cast<std::ptrdiff_t>(end));
        const auto gone = session->ask(words);
        if (!gone) return not_done(gone.error());
        deleted += gone->number;
        call.tell(std::to_string(end) + " of " + std::to_string(keys->size()) + " keys");
        if (end < keys->size())
            std::this_thread::sleep_for(std::chrono::duration<double>(sweep->pause_s));
    }
    return Outcome::done(Value().set("changed", deleted > 0).set("deleted", deleted),
                         Value().set("count", 0));
}

Result<Value> role_of(RedisSession& session) {
    const auto role = session.info("replication", "role");
    if (!role) return role.error();
    Value state;
    state.set("primary", *role == "master");
    if (*role == "master") return state;
    const auto host = session.info("replication", "master_host");
    const auto port = session.info("replication", "master_port");
    if (host && port) state.set("follows", *host + ":" + *port);
    return state;
}

Result<Before> before_promote(const RedisStore& store, const Call& call) {
    auto session = RedisSession::open(store, call);
    if (!session) return session.error();
    const auto state = role_of(*session);
    if (!state) return state.error();
    return before_promote_of(*state);
}

Outcome act_promote(const RedisStore& store, const Call& call, const Value& before) {
    auto session = RedisSession::open(store, call);
    if (!session) return not_done(session.error());
    if (const auto done = session->ask({"REPLICAOF", "NO", "ONE"}); !done)
        return not_done(done.error());
    const auto now = role_of(*session);
    if (!now) return not_done(now.error());
    return Outcome::done(promoted(before, true), *now);
}

Sighting look_promote(const RedisStore& store, const Call& call, const Value& before) {
    Sighting seen;
    auto session = RedisSession::open(store, call);
    const Result<Value> now = session ? role_of(*session) : Result<Value>(session.error());
    if (!now) {
        seen.evidence = now.error().message;
    } else if ((*now)["primary"].boolean()) {
        seen.kind = Sighting::Kind::happened;
        seen.value = promoted(before, true);
        seen.after = *now;
    } else {
        seen.kind = Sighting::Kind::did_not;
        seen.evidence = store.target + " still follows " + (*now)["follows"].text() + ".";
    }
    return seen;
}

}  // namespace

void add_redis_changes(Driver& driver, const RedisStorePointer& store) {
    using Look = Result<Before> (*)(const RedisStore&, const Call&);
    using Act = Outcome (*)(const RedisStore&, const Call&, const Value&);
    using Undo = std::optional<Restore> (*)(const Call&, const Value&, const Value&);
    const auto add = [&](const char* name, Look before, Act act, Undo undo) {
        driver.operations[name] = change_blocking(
            store->loop, [store, before](Call& call) { return before(*store, call); },
            [store, act](Call& call, const Value& found) { return act(*store, call, found); }, {},
            undo);
    };
    add("set", before_set, act_set, restore_cache_set);
    add("delete", before_delete, act_delete, restore_cache_delete);
    add("delete_matching", before_sweep, act_sweep, nullptr);
    add("flush_sessions", before_sweep, act_sweep, nullptr);
    driver.operations["promote"] = change_blocking(
        store->loop, [store](Call& call) { return before_promote(*store, call); },
        [store](Call& call, const Value& found) { return act_promote(*store, call, found); },
        [store](Call& call, const Value& found) { return look_promote(*store, call, found); });
}

}  // namespace perilune
