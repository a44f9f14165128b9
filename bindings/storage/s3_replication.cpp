// Copies of new objects that the provider itself makes in another bucket: set_replication.
#include <algorithm>
#include <cstdlib>

#include "bindings/storage/s3_handlers.h"
#include "bindings/storage/s3_objects.h"
#include "bindings/storage/s3_setting.h"

namespace perilune {

namespace {

constexpr const char* root = "ReplicationConfiguration";

// What one call is about: a prefix of this bucket, and the bucket that receives its objects.
struct Replication {
    std::string prefix;  // In full.
    std::string to;      // "arn:aws:s3:::BUCKET"

    bool is(const XmlElement& rule) const {
        const std::string& own = rule.has("Filter") ? rule.at("Filter/Prefix") : rule.at("Prefix");
        return rule.at("Destination/Bucket") == to && own == prefix && !rule.has("Filter/And") &&
               !rule.has("Filter/Tag");
    }
};

// AWS, "Amazon Resource Names": regions of China and of its government are partitions of their own.
std::string arn_of(const S3Place& place) {
    const std::string partition = place.region.starts_with("cn-")       ? "aws-cn"
                                  : place.region.starts_with("us-gov-") ? "aws-us-gov"
                                                                        : "aws";
    return "arn:" + partition + ":s3:::" + place.bucket;
}

Result<Replication> meant_replication(const S3TargetPointer& target, const Call& call) {
    const std::string& name = call.arguments["to"].text();
    const Port port = port_of(target, name);
    if (!port) return port.error();
    const auto* objects = dynamic_cast<const S3Objects*>(port->get());
    if (!objects)
        return fail("bad_argument", "Replication of " + target->s3->place.target + " to " + name +
                                        " cannot be: S3 copies into buckets only. Use sync.");
    return Replication{.prefix = target->s3->place.full_prefix(call.arguments["prefix"].text()),
                       .to = arn_of(objects->place())};
}

Value state_of_replication(const Replication& meant, const XmlElement& configuration) {
    bool on = false;
    for (const auto* rule : configuration.all("Rule"))
        on |= meant.is(*rule) && rule->at("Status") == "Enabled";
    return Value().set("to", meant.to).set("prefix", meant.prefix).set("state", on ? "on" : "off");
}

XmlElement element(std::string_view name, std::string_view child, std::string_view text) {
    XmlElement made{.name = std::string(name), .text = {}, .children = {}};
    made.add(child, text);
    return made;
}

// Rules must differ in their priority (AWS, "ReplicationRule").
std::string next_priority(const XmlElement& configuration) {
    long highest = 0;
    for (const auto* rule : configuration.all("Rule"))
        highest = std::max(highest, std::strtol(rule->at("Priority").c_str(), nullptr, 10));
    return std::to_string(highest + 1);
}

// The configuration with the rule, or without it; others' rules stay as they are.
XmlElement with_replication(const S3Place& place, const XmlElement& now, const Replication& meant,
                            bool on) {
    XmlElement made{.name = root, .text = {}, .children = {}};
    made.add("Role", place.replication_role.empty() ? now.at("Role") : place.replication_role);
    std::size_t rules = 0;
    for (const auto* rule : now.all("Rule")) {
        if (meant.is(*rule)) continue;
        made.add(*rule);
        rules += 1;
    }
    if (on) {
        XmlElement rule = element("Rule", "Priority", next_priority(made));
        rule.add(element("Filter", "Prefix", meant.prefix)).add("Status", "Enabled");
        rule.add(element("DeleteMarkerReplication", "Status", "Disabled"));
        rule.add(element("Destination", "Bucket", meant.to));
        made.add(std::move(rule));
    } else if (rules == 0) {
        made.children.clear();
    }
    return made;
}

Awaitable<Result<Before>> before_replication(S3TargetPointer target, Call* call) {
    const auto meant = meant_replication(target, *call);
    if (!meant) co_return meant.error();
    auto reading = read_s3_setting(target->s3, "replication", root, bounds_of(*call));
    const auto now = co_await reading;
    if (!now) co_return now.error();
    const Value found = state_of_replication(*meant, *now);
    Value wanted = found;
    wanted.set("state", call->arguments["state"].text());
    Before before = before_s3_setting(found, wanted);
    before.plan = found["state"].text() + " → " + wanted["state"].text();
    co_return before;
}

Awaitable<Outcome> act_replication(S3TargetPointer target, Call* call, const Value* before) {
    const auto meant = meant_replication(target, *call);
    if (!meant) co_return s3_failed(meant.error());
    auto reading = read_s3_setting(target->s3, "replication", root, bounds_of(*call));
    const auto now = co_await reading;
    if (!now) co_return s3_failed(now.error());
    const bool on = call->arguments["state"].text() == "on";
    const XmlElement document = with_replication(target->s3->place, *now, *meant, on);
    auto writing = write_s3_setting(target->s3, "replication", &document, bounds_of(*call));
    const auto written = co_await writing;
    if (!written) co_return s3_failed(written.error());
    co_return s3_set_to(*before, state_of_replication(*meant, document));
}

}  // namespace

Value shown_replication(const XmlElement& configuration) {
    List copies;
    for (const auto* rule : configuration.all("Rule")) {
        Value copy;
        copy.set("state", rule->at("Status") == "Enabled" ? "on" : "off");
        copy.set("to", rule->at("Destination/Bucket"));
        copies.push_back(copy.set("prefix", rule->at("Filter/Prefix")));
    }
    return Value(std::move(copies));
}

void add_s3_replication(Operations& operations, const S3TargetPointer& target) {
    Handler made;
    made.before = [target](Call& call) { return before_replication(target, &call); };
    made.act = [target](Call& call, const Value& before) {
        return act_replication(target, &call, &before);
    };
    made.restore = [](const Call& call, const Value& before,
                      const Value& result) -> std::optional<Restore> {
        if (!result["changed"].boolean()) return std::nullopt;
        Value arguments = call.arguments;
        return Restore{"set_replication", arguments.set("state", before["state"])};
    };
    operations["set_replication"] = made;
}

}  // namespace perilune
