// Deleting one object, or one old version of it for good.
#include "bindings/storage/s3_changes.h"
#include "bindings/storage/s3_handlers.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

// Whether that version is kept, be it content or the mark of a deletion.
Awaitable<Result<bool>> keeps_version(S3Pointer s3, Call* call) {
    const std::string key = call->arguments["key"].text();
    auto looking = head_s3(s3, key, call->arguments["version"].text(), bounds_of(*call));
    const auto found = co_await looking;
    if (!found) co_return found.error();
    co_return found->has_value();
}

Awaitable<Result<Before>> before_delete_version(S3Pointer s3, Call* call) {
    const std::string key = call->arguments["key"].text();
    const std::string version = call->arguments["version"].text();
    auto asking = keeps_version(s3, call);
    const auto kept = co_await asking;
    if (!kept) co_return kept.error();
    Before before;
    before.sign = '-';
    before.plan = "for good";
    before.already_so = !*kept;
    before.result.set("changed", false);
    before.state.set("key", key).set("version", version).set("kept", *kept);
    co_return before;
}

Awaitable<Result<Before>> before_delete(S3Pointer s3, Call* call) {
    if (call->arguments.has("version")) {
        auto asking = before_delete_version(s3, call);
        auto found = co_await asking;
        co_return found;
    }
    const std::string key = call->arguments["key"].text();
    auto looking = head_s3(s3, key, "", bounds_of(*call));
    const auto found = co_await looking;
    if (!found) co_return found.error();
    Before before;
    before.sign = '-';
    before.state = s3_state(key, *found);
    before.already_so = !found->has_value();
    before.result.set("changed", false);
    if (*found) before.plan = show_size((*found)->size_bytes);
    co_return before;
}

Awaitable<Outcome> act_delete_version(S3Pointer s3, Call* call) {
    const std::string key = call->arguments["key"].text();
    const std::string version = call->arguments["version"].text();
    auto looking = head_s3(s3, key, "", bounds_of(*call));
    const auto current = co_await looking;
    if (!current) co_return s3_failed(current.error());
    if (*current && (*current)->version == version)
        co_return s3_failed(
            fail("version_is_current",
                 "The version " + version + " of \"" + key + "\" in " + s3->place.target +
                     " is the current one, so it was not removed. Delete the object without "
                     "`version`, then remove the version."));
    S3Request request;
    request.doing = "Removing a version of \"" + key + "\"";
    request.method = "DELETE";
    request.key = s3->place.prefix + key;
    request.query = {{"versionId", version}};
    request.repeatable = true;
    auto sending = send_s3(s3, std::move(request), bounds_of(*call));
    const auto answer = co_await sending;
    if (!answer && answer.error().code != "not_found") co_return s3_failed(answer.error());
    Value after;
    after.set("key", key).set("version", version).set("kept", false);
    co_return Outcome::done(Value().set("changed", true), std::move(after));
}

// What a deletion leaves: the same whichever try it was. `mark` is the version of the mark that
// hides the object, where there is one.
Outcome deleted(const std::string& key, const Value& before, const std::string& mark) {
    Value result;
    result.set("changed", true);
    const std::string kept = kept_version(before, mark);
    if (!kept.empty()) result.set("previous_version", kept);
    return Outcome::done(std::move(result), s3_state(key, std::nullopt));
}

Awaitable<Outcome> act_delete(S3Pointer s3, Call* call, const Value* before) {
    if (call->arguments.has("version")) {
        auto removing = act_delete_version(s3, call);
        auto removed = co_await removing;
        co_return removed;
    }
    const std::string key = call->arguments["key"].text();
    const auto full = s3->place.full_key(key);
    if (!full) co_return s3_failed(full.error());
    // A second mark would hide the first: one that is there already is of an earlier try.
    S3Request look;
    look.doing = "Looking at \"" + key + "\"";
    look.method = "HEAD";
    look.key = *full;
    auto looking = send_s3_patiently(s3, std::move(look), bounds_of(*call));
    const auto there = co_await looking;
    if (!there && there.error().code != "not_found") co_return s3_failed(there.error());
    if (!there) co_return deleted(key, *before, there.error().detail["deleted_by"].text());
    S3Request request;
    request.doing = "Deleting \"" + key + "\"";
    request.method = "DELETE";
    request.key = *full;
    auto sending = send_s3(s3, std::move(request), bounds_of(*call));
    const auto answer = co_await sending;
    if (!answer && answer.error().code != "not_found") co_return s3_failed(answer.error());
    co_return deleted(key, *before, answer ? answer->header("x-amz-version-id") : "");
}

}  // namespace

void add_s3_deletions(Operations& operations, const S3TargetPointer& target) {
    operations["delete"] =
        s3_change(target, before_delete, act_delete,
                  [](const Call& call, const Value& before, const Value& result) {
                      if (call.arguments.has("version")) return std::optional<Restore>();
                      return restore_s3_object(call.arguments["key"].text(), before, result);
                  });
}

}  // namespace perilune
