#include "bindings/cache/cache_changes.h"

#include <algorithm>

#include "interpreter/base/loop.h"

namespace perilune {

namespace {

// The call that gives a key its recorded value back, with the time it had left.
std::optional<Restore> set_again(const std::string& key, const Value& state) {
    if (!state.has("value")) return std::nullopt;
    Value arguments;
    arguments.set("key", key).set("value", state["value"]);
    if (state.has("expires_at_ms"))
        arguments.set("expires_in",
                      std::max(0.001, state["expires_at_ms"].number() / 1000 - wall_now_s()));
    return Restore{"set", arguments};
}

}  // namespace

std::vector<std::string> cache_keys_of(const Call& call) {
    std::vector<std::string> keys;
    for (const auto& key : call.arguments["keys"].list()) keys.push_back(key.text());
    return keys;
}

std::optional<Restore> restore_cache_set(const Call& call, const Value& before, const Value&) {
    const std::string& key = call.arguments["key"].text();
    if (before["there"].boolean()) return set_again(key, before);
    return Restore{"delete", Value().set("keys", List{key})};
}

std::optional<Restore> restore_cache_delete(const Call& call, const Value& before, const Value&) {
    const auto keys = cache_keys_of(call);
    if (keys.size() != 1) return std::nullopt;
    return set_again(keys[0], before);
}

Result<Sweep> sweep_of(const std::string& target, const std::string& sessions, const Call& call) {
    Sweep sweep;
    sweep.pattern = sessions;
    if (call.operation == "delete_matching") {
        sweep.pattern = call.arguments["pattern"].text();
        sweep.batch = static_cast<std::size_t>(call.arguments["batch_keys"].number());
        sweep.pause_s = call.arguments["pause"].number();
        sweep.most = call.arguments["delete_at_most"].number();
    }
    if (!sweep.pattern.empty()) return sweep;
    return fail("unsupported", target +
                                   " does not say which keys are sessions. Add the setting "
                                   "\"sessions\", such as \"sess:*\".");
}

Result<Before> before_sweep_of(const std::string& target, const Sweep& sweep, std::size_t keys) {
    const auto count = static_cast<double>(keys);
    if (sweep.most >= 0 && count > sweep.most)
        return fail("too_many", target + ": " + std::to_string(keys) + " keys match " +
                                    sweep.pattern +
                                    ", which is more than delete_at_most allows. Nothing was "
                                    "deleted. Narrow the pattern, or allow more.");
    Before before;
    before.sign = '-';
    before.plan = std::to_string(keys) + " keys match " + sweep.pattern;
    before.state.set("count", count);
    before.already_so = keys == 0;
    if (before.already_so) before.result.set("changed", false).set("deleted", 0);
    return before;
}

Before before_promote_of(const Value& state) {
    Before before;
    before.state = state;
    before.already_so = state["primary"].boolean();
    before.plan = before.already_so ? "is the primary" : "replica → primary";
    if (before.already_so) before.result = promoted(state, false);
    return before;
}

Value promoted(const Value& before, bool changed) {
    Value result;
    result.set("changed", changed);
    if (before.has("follows")) result.set("primary_before", before["follows"]);
    return result;
}

}  // namespace perilune
