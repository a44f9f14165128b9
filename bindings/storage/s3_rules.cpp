// A bucket's rules: set_cors, set_lifecycle and set_versioning, each replaced whole.
#include "bindings/storage/s3_handlers.h"
#include "bindings/storage/s3_rule_forms.h"
#include "bindings/storage/s3_setting.h"

namespace perilune {

namespace {

Awaitable<Result<XmlElement>> read_lifecycle(S3Pointer s3, S3Bounds bounds) {
    auto reading = read_s3_setting(s3, "lifecycle", "LifecycleConfiguration", bounds);
    auto read = co_await reading;
    co_return read;
}

Value cors_rules(const XmlElement& configuration) {
    List rules;
    for (const auto* rule : configuration.all("CORSRule")) rules.push_back(cors_from_xml(*rule));
    return Value(std::move(rules));
}

Value lifecycle_rules(const S3Place& place, const XmlElement& configuration) {
    List rules;
    for (const auto* rule : configuration.all("Rule"))
        if (is_own_rule(place, *rule)) rules.push_back(lifecycle_from_xml(place, *rule));
    return Value(std::move(rules));
}

Value shown_versioning(const XmlElement& versioning, const XmlElement& lifecycle) {
    Value shown;
    shown.set("state", versioning.at("Status") == "Enabled" ? "on" : "off");
    for (const auto* rule : lifecycle.all("Rule"))
        if (const double keep_s = keep_old_s(*rule); keep_s > 0)
            shown.set("keep_old_for_s", keep_s);
    return shown;
}

// Empty where there is no default, as of services that encrypt nothing by themselves.
std::string shown_encryption(const XmlElement& encryption) {
    return encryption.at("Rule/ApplyServerSideEncryptionByDefault/SSEAlgorithm");
}

Result<XmlElement> wanted_cors(const Call& call) {
    XmlElement document{.name = "CORSConfiguration", .text = {}, .children = {}};
    for (const auto& rule : call.arguments["rules"].list()) {
        auto made = cors_to_xml(rule);
        if (!made) return made.error();
        document.add(std::move(*made));
    }
    return document;
}

Awaitable<Result<Before>> before_cors(S3Pointer s3, Call* call) {
    const auto wanted = wanted_cors(*call);
    if (!wanted) co_return wanted.error();
    auto reading = read_s3_setting(s3, "cors", "CORSConfiguration", bounds_of(*call));
    const auto now = co_await reading;
    if (!now) co_return now.error();
    co_return before_s3_setting(cors_rules(*now), cors_rules(*wanted));
}

Awaitable<Outcome> act_cors(S3Pointer s3, Call* call, const Value* before) {
    const auto wanted = wanted_cors(*call);
    if (!wanted) co_return s3_failed(wanted.error());
    auto writing = write_s3_setting(s3, "cors", &*wanted, bounds_of(*call));
    const auto written = co_await writing;
    if (!written) co_return s3_failed(written.error());
    co_return s3_set_to(*before, cors_rules(*wanted));
}

Result<std::vector<XmlElement>> wanted_rules(const S3Place& place, const Call& call) {
    std::vector<XmlElement> rules;
    for (const auto& rule : call.arguments["rules"].list()) {
        auto made = lifecycle_to_xml(place, rule);
        if (!made) return made.error();
        rules.push_back(std::move(*made));
    }
    return rules;
}

// The bucket's rules with the wanted ones in place of this target's: others are left alone.
XmlElement with_rules(const S3Place& place, XmlElement lifecycle,
                      const std::vector<XmlElement>& wanted) {
    std::erase_if(lifecycle.children, [&](const XmlElement& rule) {
        return rule.name == "Rule" && is_own_rule(place, rule);
    });
    for (const auto& rule : wanted) lifecycle.add(rule);
    return lifecycle;
}

Awaitable<Result<Before>> before_lifecycle(S3Pointer s3, Call* call) {
    const auto wanted = wanted_rules(s3->place, *call);
    if (!wanted) co_return wanted.error();
    auto reading = read_lifecycle(s3, bounds_of(*call));
    const auto now = co_await reading;
    if (!now) co_return now.error();
    co_return before_s3_setting(lifecycle_rules(s3->place, *now),
                                lifecycle_rules(s3->place, with_rules(s3->place, *now, *wanted)));
}

Awaitable<Outcome> act_lifecycle(S3Pointer s3, Call* call, const Value* before) {
    const auto wanted = wanted_rules(s3->place, *call);
    if (!wanted) co_return s3_failed(wanted.error());
    auto reading = read_lifecycle(s3, bounds_of(*call));
    const auto now = co_await reading;
    if (!now) co_return s3_failed(now.error());
    const XmlElement document = with_rules(s3->place, *now, *wanted);
    auto writing = write_s3_setting(s3, "lifecycle", &document, bounds_of(*call));
    const auto written = co_await writing;
    if (!written) co_return s3_failed(written.error());
    // A service names rules that have no name, so what it has now is read back.
    auto reading_back = read_lifecycle(s3, bounds_of(*call));
    const auto after = co_await reading_back;
    co_return s3_set_to(*before, lifecycle_rules(s3->place, after ? *after : document));
}

Awaitable<Result<Before>> before_versioning(S3Pointer s3, Call* call) {
    Value wanted;
    wanted.set("state", call->arguments["state"].text());
    if (call->arguments.has("keep_old_for")) {
        const double keep_s = call->arguments["keep_old_for"].number();
        const auto days = whole_days(keep_s, "keep_old_for of storage:set_versioning");
        if (!days) co_return days.error();
        wanted.set("keep_old_for_s", keep_s);
    }
    auto reading = read_s3_setting(s3, "versioning", "VersioningConfiguration", bounds_of(*call));
    const auto versioning = co_await reading;
    if (!versioning) co_return versioning.error();
    auto reading_rules = read_lifecycle(s3, bounds_of(*call));
    const auto lifecycle = co_await reading_rules;
    if (!lifecycle) co_return lifecycle.error();
    Before before = before_s3_setting(shown_versioning(*versioning, *lifecycle), wanted);
    before.plan = before.state["state"].text() + " → " + wanted["state"].text();
    co_return before;
}

Awaitable<Status> set_keep_old(S3Pointer s3, Call* call) {
    auto reading = read_lifecycle(s3, bounds_of(*call));
    const auto now = co_await reading;
    if (!now) co_return now.error();
    const double keep_s = call->arguments["keep_old_for"].number();
    XmlElement lifecycle = *now;
    std::erase_if(lifecycle.children,
                  [](const XmlElement& rule) { return rule.at("ID") == s3_keep_old_rule; });
    if (keep_s > 0) lifecycle.add(keep_old_rule(s3->place, keep_s));
    if (lifecycle == *now) co_return Done{};
    auto writing = write_s3_setting(s3, "lifecycle", &lifecycle, bounds_of(*call));
    const auto written = co_await writing;
    co_return written;
}

Awaitable<Outcome> act_versioning(S3Pointer s3, Call* call, const Value* before) {
    const bool on = call->arguments["state"].text() == "on";
    XmlElement document{.name = "VersioningConfiguration", .text = {}, .children = {}};
    document.add("Status", on ? "Enabled" : "Suspended");
    if ((*before)["state"].text() != call->arguments["state"].text()) {
        auto writing = write_s3_setting(s3, "versioning", &document, bounds_of(*call));
        const auto written = co_await writing;
        if (!written) co_return s3_failed(written.error());
    }
    auto keeping = set_keep_old(s3, call);
    const auto kept = co_await keeping;
    if (!kept) co_return s3_failed(kept.error(), true);
    Value after;
    after.set("state", on ? "on" : "off");
    after.set("keep_old_for_s", call->arguments["keep_old_for"]);
    co_return s3_set_to(*before, after);
}

std::optional<Restore> restore_versioning(const Call&, const Value& before, const Value&) {
    Value arguments;
    arguments.set("state", before["state"]).set("keep_old_for", before["keep_old_for_s"]);
    return Restore{"set_versioning", arguments};
}

std::optional<Restore> restore_rules(const Call& call, const Value& before, const Value& result) {
    if (!result["changed"].boolean()) return std::nullopt;
    return Restore{call.operation, Value().set("rules", before)};
}

}  // namespace

Awaitable<Result<Value>> read_s3_settings(S3Pointer s3, Call* call) {
    auto reading = read_s3_setting(s3, "versioning", "VersioningConfiguration", bounds_of(*call));
    const auto versioning = co_await reading;
    if (!versioning) co_return versioning.error();
    auto reading_rules = read_lifecycle(s3, bounds_of(*call));
    const auto lifecycle = co_await reading_rules;
    if (!lifecycle) co_return lifecycle.error();
    auto reading_cors = read_s3_setting(s3, "cors", "CORSConfiguration", bounds_of(*call));
    const auto cors = co_await reading_cors;
    if (!cors) co_return cors.error();
    auto reading_copies =
        read_s3_setting(s3, "replication", "ReplicationConfiguration", bounds_of(*call));
    const auto replication = co_await reading_copies;
    if (!replication) co_return replication.error();
    auto reading_encryption =
        read_s3_setting(s3, "encryption", "ServerSideEncryptionConfiguration", bounds_of(*call));
    const auto encryption = co_await reading_encryption;
    if (!encryption) co_return encryption.error();
    const Value shown = shown_versioning(*versioning, *lifecycle);
    Value settings;
    settings.set("versioning", shown["state"]).set("keep_old_for_s", shown["keep_old_for_s"]);
    settings.set("cors", cors_rules(*cors));
    settings.set("lifecycle", lifecycle_rules(s3->place, *lifecycle));
    const Value copies = shown_replication(*replication);
    if (!copies.list().empty()) settings.set("replication", copies);
    const std::string algorithm = shown_encryption(*encryption);
    if (!algorithm.empty()) settings.set("encryption", algorithm);
    co_return settings;
}

void add_s3_rules(Operations& operations, const S3TargetPointer& target) {
    operations["settings"] = s3_observe(target, read_s3_settings);
    operations["set_cors"] = s3_change(target, before_cors, act_cors, restore_rules);
    operations["set_lifecycle"] = s3_change(target, before_lifecycle, act_lifecycle, restore_rules);
    operations["set_versioning"] =
        s3_change(target, before_versioning, act_versioning, restore_versioning);
}

}  // namespace perilune
