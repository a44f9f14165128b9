// Looking at a bucket's objects without their content: head, list, versions, usage, presign and
// replication_status.
#include <algorithm>

#include "bindings/storage/s3_handlers.h"
#include "bindings/storage/s3_list.h"
#include "bindings/storage/s3_role.h"
#include "interpreter/base/http_verdict.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t walked_at_once = 1000;
constexpr double presign_s_max = 7 * 86400;  // AWS, "Authenticating Requests: query parameters".

std::size_t limit_of(const Call& call) {
    const double limit = call.arguments["limit"].number();
    return limit < 0 ? 0 : static_cast<std::size_t>(limit);
}

Awaitable<Result<Value>> head(S3Pointer s3, Call* call) {
    auto asking = head_s3(s3, call->arguments["key"].text(), call->arguments["version"].text(),
                          bounds_of(*call));
    const auto found = co_await asking;
    if (!found) co_return found.error();
    co_return *found ? (*found)->to_value() : Value();
}

Value values_of(const std::vector<S3Object>& objects) {
    List list;
    for (const auto& object : objects) list.push_back(object.to_value());
    return Value(std::move(list));
}

Awaitable<Result<Value>> list(S3Pointer s3, Call* call) {
    S3ListWish wish{.prefix = call->arguments["prefix"].text(),
                    .after = call->arguments["after"].text(),
                    .limit = limit_of(*call)};
    auto asking = list_s3(s3, std::move(wish), bounds_of(*call));
    const auto listed = co_await asking;
    if (!listed) co_return listed.error();
    co_return values_of(*listed);
}

// Of one key the versions are described in full: a listing alone tells no digest.
Awaitable<Result<Value>> versions(S3Pointer s3, Call* call) {
    const std::string key = call->arguments["key"].text();
    S3VersionsWish wish{.prefix = call->arguments["prefix"].text(), .key = key};
    auto asking = list_s3_versions(s3, std::move(wish), bounds_of(*call));
    auto listed = co_await asking;
    if (!listed) co_return listed.error();
    const Value& before = call->arguments["before"];
    std::erase_if(*listed, [&](const S3Object& version) {
        return !before.is_nil() && version.modified_at_s >= before.number();
    });
    if (key.empty()) co_return values_of(*listed);
    auto describing = describe_s3(s3, std::move(*listed), bounds_of(*call));
    const auto described = co_await describing;
    if (!described) co_return described.error();
    co_return values_of(*described);
}

// The next objects of a walk over all with a prefix, so many that a bucket of any size takes little
// memory; none at its end.
Awaitable<Result<std::vector<S3Object>>> next_objects(S3Pointer s3, Call* call, std::string after) {
    S3ListWish wish{.prefix = call->arguments["prefix"].text(),
                    .after = std::move(after),
                    .limit = walked_at_once};
    auto asking = list_s3(s3, std::move(wish), bounds_of(*call));
    auto listed = co_await asking;
    co_return listed;
}

Awaitable<Result<Value>> usage(S3Pointer s3, Call* call) {
    double objects = 0;
    double size_bytes = 0;
    for (std::string after;;) {
        auto asking = next_objects(s3, call, after);
        const auto listed = co_await asking;
        if (!listed) co_return listed.error();
        for (const auto& object : *listed) size_bytes += object.size_bytes;
        objects += static_cast<double>(listed->size());
        if (listed->size() < walked_at_once) break;
        after = listed->back().key;
    }
    Value counted;
    co_return counted.set("objects", objects).set("size_bytes", size_bytes);
}

// Only a HEAD of each object tells whether it was replicated (AWS, "Getting replication status").
Awaitable<Result<Value>> replication_status(S3Pointer s3, Call* call) {
    double pending = 0;
    double failed = 0;
    Value oldest;
    for (std::string after;;) {
        auto asking = next_objects(s3, call, after);
        auto listed = co_await asking;
        if (!listed) co_return listed.error();
        const bool last = listed->size() < walked_at_once;
        if (!last) after = listed->back().key;
        auto describing = describe_s3(s3, std::move(*listed), bounds_of(*call));
        const auto described = co_await describing;
        if (!described) co_return described.error();
        for (const auto& object : *described) {
            failed += object.replication == "FAILED";
            if (object.replication != "PENDING") continue;
            pending += 1;
            if (oldest.is_nil() || object.modified_at_s < oldest.number())
                oldest = object.modified_at_s;
        }
        if (last) break;
    }
    Value status;
    status.set("pending", pending).set("failed", failed);
    co_return status.set("oldest_pending_at", oldest);
}

Awaitable<Result<Value>> presign(S3Pointer s3, Call* call) {
    const std::string key = call->arguments["key"].text();
    const auto full = s3->place.full_key(key);
    if (!full) co_return full.error();
    const double valid_s = call->arguments["valid_for"].number();
    if (valid_s < 1 || valid_s > presign_s_max)
        co_return fail("bad_argument",
                       "valid_for of storage:presign must be from 1 s to 7 d: no signature is "
                       "valid for longer.");
    auto renewing = renew_s3_role(s3, bounds_of(*call));
    const auto renewed = co_await renewing;
    if (!renewed) co_return renewed.error();
    const auto url =
        presign_s3(*s3, call->arguments["method"].text(), *full, static_cast<int>(valid_s));
    if (!url) co_return url.error();
    const std::string name = call->target + " " + call->arguments["method"].text() + " " + key;
    co_return s3->services->keep_secret(name, *url);
}

}  // namespace

Handler s3_observe(const S3TargetPointer& target, S3Observe observe) {
    Handler made;
    made.observe = [s3 = target->s3, observe](Call& call) { return observe(s3, &call); };
    return made;
}

Handler s3_change(const S3TargetPointer& target, S3Before before, S3Act act, S3Restore restore) {
    Handler made;
    made.before = [s3 = target->s3, before](Call& call) { return before(s3, &call); };
    made.act = [s3 = target->s3, act](Call& call, const Value& found) {
        return act(s3, &call, &found);
    };
    if (restore) made.restore = restore;
    return made;
}

Outcome s3_failed(const Error& error, bool left_some) {
    Outcome outcome = failed_outcome(error);
    outcome.left_some = left_some;
    return outcome;
}

void add_s3_reads(Operations& operations, const S3TargetPointer& target) {
    operations["head"] = s3_observe(target, head);
    operations["list"] = s3_observe(target, list);
    operations["versions"] = s3_observe(target, versions);
    operations["usage"] = s3_observe(target, usage);
    operations["replication_status"] = s3_observe(target, replication_status);
    operations["presign"] = s3_observe(target, presign);
}

}  // namespace perilune
