// Bringing all keys under a prefix back to what they were at a moment.
#include <algorithm>
#include <map>
#include <set>

#include "bindings/storage/object_transfer.h"
#include "bindings/storage/s3_changes.h"
#include "bindings/storage/s3_handlers.h"
#include "bindings/storage/s3_many_changes.h"
#include "interpreter/base/do_many.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t copies_at_once = 8;

// What brings the keys back, found by reading only.
struct Way {
    std::vector<S3Object> copies;  // Versions that become current again.
    std::vector<std::string> deletions;
    double keys = 0;

    double changes() const { return static_cast<double>(copies.size() + deletions.size()); }
};

// All versions of one key, newest first.
void add_key(Way& way, const std::vector<S3Object>& versions, double at_s) {
    way.keys += 1;
    const S3Object& now = versions.front();
    const auto then = std::ranges::find_if(
        versions, [&](const S3Object& version) { return version.modified_at_s <= at_s; });
    if (then == versions.end() || then->deleted) {
        if (!now.deleted) way.deletions.push_back(now.key);
    } else if (now.deleted || now.version != then->version) {
        way.copies.push_back(*then);
    }
}

// A version that is not the current one may still have the same content and type.
Awaitable<Status> drop_unchanged(S3Pointer s3, Call* call, Way* way) {
    std::vector<S3Object> current;
    for (const auto& copy : way->copies) {
        S3Object object;
        object.key = copy.key;
        current.push_back(std::move(object));
    }
    auto describing = describe_s3(s3, std::move(current), bounds_of(*call));
    const auto now = co_await describing;
    if (!now) co_return now.error();
    auto describing_then = describe_s3(s3, std::move(way->copies), bounds_of(*call));
    auto then = co_await describing_then;
    if (!then) co_return then.error();
    std::map<std::string, const S3Object*> by_key;
    for (const auto& object : *now) by_key[object.key] = &object;
    std::erase_if(*then, [&](const S3Object& version) {
        const auto found = by_key.find(version.key);
        return found != by_key.end() && is_same_object(*found->second, version);
    });
    way->copies = std::move(*then);
    co_return Done{};
}

Awaitable<Result<Way>> find_way(S3Pointer s3, Call* call) {
    auto asking = keeps_versions(s3, bounds_of(*call));
    const auto versioned = co_await asking;
    if (!versioned) co_return versioned.error();
    if (!*versioned)
        co_return fail("versions_off", "Restoring a prefix of " + s3->place.target +
                                           " needs versioning, so that nothing is lost by it. Use "
                                           "set_versioning first.");
    S3VersionsWish wish{.prefix = call->arguments["prefix"].text(), .key = {}};
    auto listing = list_s3_versions(s3, std::move(wish), bounds_of(*call));
    auto listed = co_await listing;
    if (!listed) co_return listed.error();
    std::map<std::string, std::vector<S3Object>> by_key;
    for (auto& version : *listed) by_key[version.key].push_back(std::move(version));
    const double at_s = call->arguments["at"].number();
    std::set<std::string> named;
    for (const auto& key : call->arguments["keys"].list()) named.insert(key.text());
    Way way;
    for (const auto& [key, versions] : by_key)
        if (!call->arguments.has("keys") || named.contains(key)) add_key(way, versions, at_s);
    auto dropping = drop_unchanged(s3, call, &way);
    const auto dropped = co_await dropping;
    if (!dropped) co_return dropped.error();
    co_return way;
}

Awaitable<Result<Before>> before_restore_prefix(S3Pointer s3, Call* call) {
    auto finding = find_way(s3, call);
    const auto way = co_await finding;
    if (!way) co_return way.error();
    auto looking = meant_objects(s3, call);
    const auto objects = co_await looking;
    if (!objects) co_return objects.error();
    Before before;
    before.state = state_of(*objects);
    before.plan = count_of_objects(static_cast<std::size_t>(way->changes())) + " as at " +
                  show_time(call->arguments["at"].number());
    co_return before;
}

// Copies every version over its key; refusals are listed, and other failures end it.
Awaitable<Status> copy_back(S3Pointer s3, Call* call, std::vector<S3Object>* versions,
                            List* failures) {
    std::optional<Error> ended;
    double copied = 0;
    NumberedWork work = [&](std::size_t number, std::shared_ptr<Cancel> cancel) -> Awaitable<bool> {
        const S3Object& version = (*versions)[number];
        S3Bounds own = bounds_of(*call);
        own.cancel = std::move(cancel);
        auto copying = copy_s3(s3, call, version, version.key, own);
        const auto made = co_await copying;
        copied += made.ok();
        call->tell(std::to_string(static_cast<long>(copied)) + " restored of " +
                   count_of_objects(versions->size()));
        if (made) co_return true;
        if (passes_through(made.error())) {
            ended = made.error();
            co_return false;
        }
        failures->push_back(failure_of(version.key, made.error().message));
        co_return true;
    };
    auto doing = do_many(s3->services->loop, versions->size(), copies_at_once, call->cancel, work);
    const bool well = co_await doing;
    if (ended) co_return *ended;
    if (!well)
        co_return fail("cancelled", "Restoring " + s3->place.target + " was told to stop.",
                       Retry::safe);
    co_return Done{};
}

Awaitable<Outcome> act_restore_prefix(S3Pointer s3, Call* call, const Value* before) {
    auto finding = find_way(s3, call);
    auto way = co_await finding;
    if (!way) co_return s3_failed(way.error());
    auto waiting = moment_before(s3, call, way->changes());
    const auto moment = co_await waiting;
    if (!moment) co_return s3_failed(moment.error());
    List failures;
    auto copying = copy_back(s3, call, &way->copies, &failures);
    const auto copied = co_await copying;
    if (!copied) co_return s3_failed(copied.error(), true);
    auto deleting = delete_objects(s3, call, way->deletions);
    const auto deleted = co_await deleting;
    if (!deleted) co_return s3_failed(deleted.error(), true);
    failures.insert(failures.end(), deleted->begin(), deleted->end());
    auto looking = meant_objects(s3, call);
    const auto objects = co_await looking;
    if (!objects) co_return s3_failed(objects.error(), true);
    const double failed = static_cast<double>(failures.size());
    const double restored = std::max(moment->planned, way->changes()) - failed;
    Value result;
    result.set("restored", restored).set("unchanged", way->keys - failed - restored);
    result.set("failed", std::move(failures)).set("before_at", moment->at_s);
    Value after = state_of(*objects);
    result.set("kept_versions", true).set("changed", !(*before == after));
    co_return Outcome::done(std::move(result), std::move(after));
}

}  // namespace

void add_s3_prefix_restores(Operations& operations, const S3TargetPointer& target) {
    operations["restore_prefix"] = s3_change(
        target, before_restore_prefix, act_restore_prefix,
        [](const Call& call, const Value&, const Value& result) -> std::optional<Restore> {
            if (!result["changed"].boolean()) return std::nullopt;
            Value arguments;
            arguments.set("prefix", call.arguments["prefix"].text());
            arguments.set("at", result["before_at"]).set("keys", call.arguments["keys"]);
            return Restore{"restore_prefix", arguments};
        });
}

}  // namespace perilune
