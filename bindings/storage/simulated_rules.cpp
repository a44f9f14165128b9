// Operations on the rules of a bucket in memory, in the forms that the driver s3 takes and shows.
#include "bindings/storage/simulated_rules.h"

#include "bindings/storage/object_key.h"
#include "bindings/storage/s3_rule_forms.h"
#include "bindings/storage/s3_setting.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/simulated_handlers.h"

namespace perilune {

namespace {

constexpr double presign_s_max = 7 * 86400;

using State = std::shared_ptr<BucketState>;
using RulesOf = Result<List> (*)(const Call& call);

Result<List> read_cors(const Call& call) {
    List rules;
    for (const auto& rule : call.arguments["rules"].list()) {
        const auto made = cors_to_xml(rule);
        if (!made) return made.error();
        rules.push_back(cors_from_xml(*made));
    }
    return rules;
}

Result<List> read_lifecycle(const Call& call) {
    const S3Place whole{};
    List rules;
    for (const auto& rule : call.arguments["rules"].list()) {
        const auto made = lifecycle_to_xml(whole, rule);
        if (!made) return made.error();
        rules.push_back(lifecycle_from_xml(whole, *made));
    }
    return rules;
}

Handler rules_handler(const State& state, List BucketState::*rules, RulesOf wanted) {
    return change_at_once(
        [=](Call& call) -> Result<Before> {
            const auto read = wanted(call);
            if (!read) return read.error();
            return before_s3_setting(Value((*state).*rules), Value(*read));
        },
        [=](Call& call, const Value& before) {
            const auto read = wanted(call);
            if (!read) return Outcome::failed(read.error());
            (*state).*rules = *read;
            return s3_set_to(before, Value(*read));
        },
        {},
        [](const Call& call, const Value& before, const Value& result) -> std::optional<Restore> {
            if (!result["changed"].boolean()) return std::nullopt;
            return Restore{call.operation, Value().set("rules", before)};
        });
}

bool is_meant(const HeldReplication& rule, const Call& call) {
    return rule.to == call.arguments["to"].text() && rule.prefix == call.arguments["prefix"].text();
}

Value replication_to(const Call& call, const std::string& state) {
    return Value()
        .set("to", call.arguments["to"])
        .set("prefix", call.arguments["prefix"].text())
        .set("state", state);
}

Value replication_now(const BucketState& state, const Call& call) {
    bool on = false;
    for (const auto& rule : state.replication) on = on || is_meant(rule, call);
    return replication_to(call, on ? "on" : "off");
}

Outcome set_replication(const SimulatedRulesPlace& place, const Call& call, const Value& before) {
    const State to = place.bucket_of(call.arguments["to"].text());
    auto& rules = place.state->replication;
    std::erase_if(rules, [&](const HeldReplication& rule) { return is_meant(rule, call); });
    const std::string& wanted = call.arguments["state"].text();
    if (wanted == "on") {
        rules.push_back({.to = call.arguments["to"].text(),
                         .bucket = to,
                         .prefix = call.arguments["prefix"].text()});
        to->replicated_from.push_back(place.state);
    }
    return s3_set_to(before, replication_to(call, wanted));
}

Handler replication_handler(const SimulatedRulesPlace& place) {
    return change_at_once(
        [place](Call& call) -> Result<Before> {
            const std::string& to = call.arguments["to"].text();
            const State other = place.bucket_of(to);
            if (!other || other == place.state)
                return fail("bad_argument", "Replication of " + place.state->target + " to " + to +
                                                " cannot be: name another bucket.");
            const Value now = replication_now(*place.state, call);
            Before before =
                before_s3_setting(now, replication_to(call, call.arguments["state"].text()));
            before.plan = now["state"].text() + " → " + call.arguments["state"].text();
            return before;
        },
        [place](Call& call, const Value& before) { return set_replication(place, call, before); },
        {},
        [](const Call& call, const Value& before, const Value& result) -> std::optional<Restore> {
            if (!result["changed"].boolean()) return std::nullopt;
            Value arguments = call.arguments;
            return Restore{"set_replication", arguments.set("state", before["state"])};
        });
}

Value replication_status(BucketState& state, const std::string& prefix) {
    apply_rules(state);
    Value oldest;
    double pending = 0;
    double failed = 0;
    for (const auto& copy : state.copies) {
        if (!copy.key.starts_with(prefix)) continue;
        failed += copy.failed;
        if (copy.failed) continue;
        pending += 1;
        if (oldest.is_nil()) oldest = copy.written_at_s;
    }
    Value status;
    status.set("pending", pending).set("failed", failed);
    return status.set("oldest_pending_at", oldest);
}

Result<Value> presign(const SimulatedRulesPlace& place, const Call& call) {
    const std::string& key = call.arguments["key"].text();
    const std::string& method = call.arguments["method"].text();
    if (const auto known = check_key(key, place.state->target); !known) return known.error();
    const double valid_s = call.arguments["valid_for"].number();
    if (valid_s < 1 || valid_s > presign_s_max)
        return fail("bad_argument",
                    "valid_for of storage:presign must be from 1 s to 7 d, as S3 has it.");
    const double ends_at = wall_now_s() + valid_s;
    place.state->presigned.push_back(
        Value().set("key", key).set("method", method).set("ends_at", ends_at));
    const std::string url = "https://" + place.state->target.substr(8) + ".storage.invalid/" + key +
                            "?method=" + method +
                            "&ends_at=" + std::to_string(static_cast<long>(ends_at));
    return place.services->keep_secret(call.target + " " + method + " " + key, url);
}

}  // namespace

Value show_replication(const BucketState& state) {
    List rules;
    for (const auto& rule : state.replication)
        rules.push_back(Value().set("state", "on").set("to", rule.to).set("prefix", rule.prefix));
    return Value(std::move(rules));
}

void add_simulated_rules(Operations& operations, const SimulatedRulesPlace& place) {
    const State state = place.state;
    operations["settings"] = observe_at_once([state](Call&) -> Result<Value> {
        Value settings;
        settings.set("versioning", state->settings.versioned ? "on" : "off");
        if (state->settings.keep_old_for_s > 0)
            settings.set("keep_old_for_s", state->settings.keep_old_for_s);
        settings.set("cors", state->cors).set("lifecycle", state->lifecycle);
        if (!state->replication.empty()) settings.set("replication", show_replication(*state));
        if (!state->encryption.empty()) settings.set("encryption", state->encryption);
        return settings;
    });
    operations["set_cors"] = rules_handler(state, &BucketState::cors, read_cors);
    operations["set_lifecycle"] = rules_handler(state, &BucketState::lifecycle, read_lifecycle);
    operations["set_replication"] = replication_handler(place);
    operations["replication_status"] = observe_at_once([state](Call& call) -> Result<Value> {
        return replication_status(*state, call.arguments["prefix"].text());
    });
    operations["presign"] =
        observe_at_once([place](Call& call) -> Result<Value> { return presign(place, call); });
}

}  // namespace perilune
