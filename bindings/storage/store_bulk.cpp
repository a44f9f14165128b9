// Changing many objects of one place: delete_many, prune and restore_prefix.
#include <algorithm>
#include <limits>

#include "bindings/storage/object_key.h"
#include "bindings/storage/store_handlers.h"
#include "interpreter/base/retention.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();
constexpr double just_before_s = 1e-6;

Outcome failed(const Error& error, bool some) {
    Outcome outcome = Outcome::failed(error);
    outcome.left_some = some;
    return outcome;
}

Value failure_of(const std::string& key, const Error& error) {
    return Value().set("key", key).set("message", error.message);
}

// The current objects among the keys that a call means.
Result<std::vector<std::string>> keys_to_delete(const ObjectStore& store, const Call& call) {
    std::vector<std::string> keys;
    for (const auto& key : call.arguments["keys"].list()) {
        if (!key.is_text())
            return fail("bad_argument", "keys of storage:delete_many must be a list of texts.");
        const auto found = store.current(key.text());
        if (!found) return found.error();
        if (*found) keys.push_back(key.text());
    }
    if (call.arguments.has("prefix")) {
        const auto listed = store.list(call.arguments["prefix"].text(), "", no_limit);
        if (!listed) return listed.error();
        for (const auto& version : *listed) keys.push_back(version.key);
    }
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    const double most = call.arguments["delete_at_most"].number();
    if (const auto few = check_deletions(store.target(), keys.size(), most); !few)
        return few.error();
    return keys;
}

// What a call has done so far, over all of its tries: its versions carry its key.
struct Trace {
    double versions = 0;  // Deletions included.
    double deletions = 0;
    std::optional<double> first_at_s = {};

    double before_at_s() const { return first_at_s ? *first_at_s - just_before_s : wall_now_s(); }
};

Result<Trace> trace_of(const ObjectStore& store, const Call& call) {
    Trace trace;
    std::vector<std::string> keys;
    for (const auto& key : call.arguments["keys"].list()) keys.push_back(key.text());
    if (keys.empty()) {
        auto known = store.known_keys(call.arguments["prefix"].text());
        if (!known) return known.error();
        keys = std::move(*known);
    }
    for (const auto& key : keys) {
        const auto versions = store.versions(key);
        if (!versions) return versions.error();
        for (const auto& version : *versions) {
            if (call.key.empty() || version.made_by != call.key) continue;
            trace.first_at_s =
                std::min(trace.first_at_s.value_or(version.modified_at_s), version.modified_at_s);
            trace.versions += 1;
            if (version.deleted) trace.deletions += 1;
        }
    }
    return trace;
}

Result<Before> before_delete_many(const ObjectStore& store, Call& call) {
    const auto keys = keys_to_delete(store, call);
    if (!keys) return keys.error();
    auto state = many_state(store, call.arguments["prefix"].text(), call.arguments["keys"].list());
    if (!state) return state.error();
    Before before;
    before.state = std::move(*state);
    before.already_so = keys->empty();
    before.sign = '-';
    before.plan = count_of_objects(keys->size());
    before.result.set("deleted", 0).set("failed", List{}).set("changed", false);
    return before;
}

Outcome act_delete_many(const ObjectStore& store, Call& call, const Value&) {
    const auto keys = keys_to_delete(store, call);
    if (!keys) return failed(keys.error(), false);
    double deleted = 0;
    List failures;
    for (const auto& key : *keys) {
        if (const auto stopped = stop_asked(call, "Deleting from " + store.target()))
            return failed(*stopped, deleted > 0);
        const auto removed = store.remove(key, call.key, call.deadline_s);
        if (!removed) failures.push_back(failure_of(key, removed.error()));
        if (removed && *removed) deleted += 1;
        call.tell(std::to_string(static_cast<long>(deleted)) + " of " +
                  count_of_objects(keys->size()));
    }
    const auto trace = trace_of(store, call);
    if (!trace) return failed(trace.error(), deleted > 0);
    auto after = many_state(store, call.arguments["prefix"].text(), call.arguments["keys"].list());
    if (!after) return failed(after.error(), deleted > 0);
    Value result;
    result.set("deleted", std::max(deleted, trace->deletions)).set("failed", std::move(failures));
    result.set("before_at", trace->before_at_s());
    const auto settings = store.settings();
    result.set("kept_versions", settings.ok() && settings->versioned);
    result.set("changed", result["deleted"].number() > 0);
    return Outcome::done(std::move(result), std::move(*after));
}

std::optional<Restore> restore_many(const Call& call, const Value&, const Value& result) {
    if (!result["changed"].boolean() || !result["kept_versions"].boolean()) return std::nullopt;
    Value arguments;
    arguments.set("prefix", call.arguments["prefix"].text()).set("at", result["before_at"]);
    arguments.set("keys", call.arguments["keys"]);
    return Restore{"restore_prefix", arguments};
}

Result<RetentionChoice> choose(const ObjectStore& store, const Call& call) {
    const auto retention = read_retention(call.arguments["keep"]);
    if (!retention) return retention.error();
    const auto listed = store.list(call.arguments["prefix"].text(), "", no_limit);
    if (!listed) return listed.error();
    std::vector<Dated> things;
    for (const auto& version : *listed) things.push_back({version.key, version.modified_at_s});
    return choose_retention(std::move(things), *retention, call.arguments["keep_at_least"].number(),
                            call.arguments["delete_at_most"].number());
}

Value names(const std::vector<std::string>& keys) {
    List list;
    for (const auto& key : keys) list.emplace_back(key);
    return Value(std::move(list));
}

Result<Before> before_prune(const ObjectStore& store, Call& call) {
    const auto choice = choose(store, call);
    if (!choice) return choice.error();
    Before before;
    before.state.set("removed", names(choice->removed)).set("kept", names(choice->kept));
    before.already_so = choice->removed.empty();
    before.sign = '-';
    before.plan = count_of_objects(choice->removed.size()) + ", " +
                  count_of_objects(choice->kept.size()) + " stay";
    before.result = before.state;
    before.result.set("changed", false);
    return before;
}

// Removes exactly what was decided before the intent, also when it is done again: what was written
// since is not judged.
Outcome act_prune(const ObjectStore& store, Call& call, const Value& before) {
    bool some = false;
    for (const auto& key : before["removed"].list()) {
        if (const auto stopped = stop_asked(call, "Pruning " + store.target()))
            return failed(*stopped, some);
        const auto removed = store.remove(key.text(), call.key, call.deadline_s);
        if (!removed) return failed(removed.error(), some);
        some = true;
        const auto expired = store.expire(key.text(), call.deadline_s);
        if (!expired) return failed(expired.error(), some);
    }
    Value after;
    after.set("removed", List{}).set("kept", before["kept"]);
    return Outcome::done(Value(before).set("changed", true), std::move(after));
}

// Brings one key back to a moment. True: it was changed.
Result<bool> restore_key(const ObjectStore& store, const std::string& key, const Call& call) {
    const auto versions = store.versions(key);
    if (!versions) return versions.error();
    const double at_s = call.arguments["at"].number();
    const auto then = std::find_if(versions->begin(), versions->end(), [&](const Version& version) {
        return version.modified_at_s <= at_s;
    });
    const auto now = store.current(key);
    if (!now) return now.error();
    if (then == versions->end() || then->deleted)
        return store.remove(key, call.key, call.deadline_s);
    if (*now && (*now)->digest == then->digest && (*now)->content_type == then->content_type)
        return false;
    Placing placing;
    placing.key = key;
    placing.made_by = call.key;
    const auto placed = store.copy(key, then->id, placing, call.deadline_s);
    if (!placed) return placed.error();
    if (!*placed)
        return fail("not_found", "The version " + then->id + " of \"" + key + "\" is not kept.");
    return (*placed)->changed;
}

Result<std::vector<std::string>> keys_to_restore(const ObjectStore& store, const Call& call) {
    const auto settings = store.settings();
    if (!settings) return settings.error();
    if (!settings->versioned)
        return fail("versions_off", "Restoring a prefix of " + store.target() +
                                        " needs versioning, so that nothing is lost by it. Use "
                                        "set_versioning first.");
    auto known = store.known_keys(call.arguments["prefix"].text());
    if (!known || !call.arguments.has("keys")) return known;
    std::vector<std::string> keys;
    for (const auto& key : call.arguments["keys"].list())
        if (std::binary_search(known->begin(), known->end(), key.text()))
            keys.push_back(key.text());
    return keys;
}

Result<Before> before_restore_prefix(const ObjectStore& store, Call& call) {
    const auto keys = keys_to_restore(store, call);
    if (!keys) return keys.error();
    auto state = many_state(store, call.arguments["prefix"].text(), call.arguments["keys"].list());
    if (!state) return state.error();
    Before before;
    before.state = std::move(*state);
    before.plan =
        count_of_objects(keys->size()) + " as at " + show_time(call.arguments["at"].number());
    return before;
}

Outcome act_restore_prefix(const ObjectStore& store, Call& call, const Value& before) {
    const auto keys = keys_to_restore(store, call);
    if (!keys) return failed(keys.error(), false);
    double restored = 0;
    List failures;
    for (const auto& key : *keys) {
        if (const auto stopped = stop_asked(call, "Restoring " + store.target()))
            return failed(*stopped, restored > 0);
        const auto changed = restore_key(store, key, call);
        if (!changed) failures.push_back(failure_of(key, changed.error()));
        if (changed && *changed) restored += 1;
        call.tell(std::to_string(static_cast<long>(restored)) + " restored of " +
                  count_of_objects(keys->size()));
    }
    const auto trace = trace_of(store, call);
    if (!trace) return failed(trace.error(), restored > 0);
    auto after = many_state(store, call.arguments["prefix"].text(), call.arguments["keys"].list());
    if (!after) return failed(after.error(), restored > 0);
    restored = std::max(restored, trace->versions);
    const double others = static_cast<double>(keys->size() - failures.size());
    Value result;
    result.set("restored", restored).set("unchanged", others - restored);
    result.set("failed", std::move(failures));
    result.set("before_at", trace->before_at_s()).set("kept_versions", true);
    result.set("changed", !(before == *after));
    return Outcome::done(std::move(result), std::move(*after));
}

}  // namespace

void add_store_bulk_changes(Operations& operations, const std::shared_ptr<StorePlace>& place) {
    operations["delete_many"] =
        change_of_store(place, before_delete_many, act_delete_many, restore_many);
    operations["prune"] = change_of_store(place, before_prune, act_prune);
    operations["restore_prefix"] =
        change_of_store(place, before_restore_prefix, act_restore_prefix, restore_many);
}

}  // namespace perilune
