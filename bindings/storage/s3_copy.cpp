// Copies of objects: copy, within the bucket or into another target, and restore_version.
#include "bindings/storage/object_transfer.h"
#include "bindings/storage/s3_changes.h"
#include "bindings/storage/s3_handlers.h"
#include "bindings/storage/s3_list.h"
#include "bindings/storage/s3_objects.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

using Found = std::optional<S3Object>;

Before before_of(const std::string& key, const Found& found, const S3Object& wanted) {
    Before before;
    before.state = s3_state(key, found);
    before.sign = found ? '~' : '+';
    before.plan = show_replaced(found, wanted.size_bytes);
    if (found && is_same_object(*found, wanted)) {
        before.already_so = true;
        before.result = found->to_value().set("changed", false);
    }
    return before;
}

Awaitable<Result<S3Object>> source_of(S3Pointer s3, Call* call) {
    const std::string key = call->arguments["key"].text();
    auto looking = head_s3(s3, key, "", bounds_of(*call));
    auto found = co_await looking;
    if (!found) co_return found.error();
    if (*found) co_return std::move(**found);
    co_return fail("not_found",
                   "Copying \"" + key + "\" of " + s3->place.target + ": there is no such object.");
}

Awaitable<Result<Before>> before_copy(S3Pointer s3, Call* call) {
    const std::string to_key = call->arguments["to_key"].text();
    auto asking = source_of(s3, call);
    const auto source = co_await asking;
    if (!source) co_return source.error();
    auto looking = head_s3(s3, to_key, "", bounds_of(*call));
    const auto found = co_await looking;
    if (!found) co_return found.error();
    co_return before_of(to_key, *found, *source);
}

Awaitable<Outcome> act_copy(S3Pointer s3, Call* call, const Value* before) {
    auto asking = source_of(s3, call);
    auto source = co_await asking;
    if (!source) co_return s3_failed(source.error());
    auto copying =
        copy_s3(s3, call, std::move(*source), call->arguments["to_key"].text(), bounds_of(*call));
    const auto made = co_await copying;
    if (!made) co_return s3_failed(made.error());
    co_return s3_written(*made, *before, "");
}

// The version that a restore_version means.
Awaitable<Result<S3Object>> wanted_version(S3Pointer s3, Call* call) {
    const std::string key = call->arguments["key"].text();
    std::string version = call->arguments["version"].text();
    std::string when = "as the version " + version;
    if (version.empty()) {
        const double at_s = call->arguments["at"].number();
        when = "at " + show_time(at_s);
        S3VersionsWish wish{.prefix = {}, .key = key};
        auto listing = list_s3_versions(s3, std::move(wish), bounds_of(*call));
        const auto versions = co_await listing;
        if (!versions) co_return versions.error();
        for (const auto& one : *versions) {
            if (one.modified_at_s > at_s) continue;
            if (!one.deleted) version = one.version;
            break;
        }
    }
    Found found;
    if (!version.empty()) {
        auto looking = head_s3(s3, key, version, bounds_of(*call));
        auto looked = co_await looking;
        if (!looked) co_return looked.error();
        found = std::move(*looked);
    }
    if (found) co_return std::move(*found);
    co_return fail("not_found", "Restoring \"" + key + "\" of " + s3->place.target + " " + when +
                                    ": it was not there, or that version is no longer kept. See "
                                    "what is kept with versions.");
}

Awaitable<Result<Before>> before_restore(S3Pointer s3, Call* call) {
    const std::string key = call->arguments["key"].text();
    auto looking = head_s3(s3, key, "", bounds_of(*call));
    const auto found = co_await looking;
    if (!found) co_return found.error();
    auto asking = wanted_version(s3, call);
    const auto wanted = co_await asking;
    if (!wanted) co_return wanted.error();
    Before before = before_of(key, *found, *wanted);
    before.plan += ", version " + wanted->version;
    co_return before;
}

Awaitable<Outcome> act_restore(S3Pointer s3, Call* call, const Value* before) {
    const std::string key = call->arguments["key"].text();
    // By time, the version that an earlier try made would be found: look at that first.
    auto looking = head_s3(s3, key, "", bounds_of(*call));
    const auto found = co_await looking;
    if (!found) co_return s3_failed(found.error());
    if (is_written_by(*found, *call)) co_return s3_written(**found, *before, "");
    auto asking = wanted_version(s3, call);
    auto wanted = co_await asking;
    if (!wanted) co_return s3_failed(wanted.error());
    auto copying = copy_s3(s3, call, std::move(*wanted), key, bounds_of(*call));
    const auto made = co_await copying;
    if (!made) co_return s3_failed(made.error());
    co_return s3_written(*made, *before, "");
}

Result<Before> before_copy_elsewhere(ObjectPort& from, Call& call, ObjectPort& to) {
    const std::string key = call.arguments["key"].text();
    const std::string to_key = call.arguments["to_key"].text();
    const auto source = from.head_object(key);
    if (!source) return source.error();
    if (source->is_nil())
        return fail("not_found", "Copying \"" + key + "\": there is no such object.");
    auto there = to.head_object(to_key);
    if (!there) return there.error();
    Before before;
    before.sign = there->is_nil() ? '+' : '~';
    before.plan = show_size((*source)["size_bytes"].number());
    if (!there->is_nil() && (*there)["size_bytes"] == (*source)["size_bytes"]) {
        const auto digest = digest_of_object(from, *source);
        if (!digest) return digest.error();
        const auto same = digest_of_object(to, *there);
        if (!same) return same.error();
        before.already_so = *digest == *same;
    }
    before.state.set("key", to_key).set("digest", (*there)["digest"]);
    before.result = there->set("changed", false);
    return before;
}

Outcome act_copy_elsewhere(ObjectPort& from, Call& call, ObjectPort& to) {
    const std::string to_key = call.arguments["to_key"].text();
    const auto source = from.head_object(call.arguments["key"].text());
    if (!source) return s3_failed(source.error());
    if (source->is_nil())
        return s3_failed(fail("not_found", "Copying \"" + call.arguments["key"].text() +
                                               "\": it was deleted meanwhile."));
    auto stored = stream_object(from, *source, to, to_key, call);
    if (!stored) return s3_failed(stored.error());
    stored->set("changed", true);
    Value after;
    after.set("key", to_key).set("digest", (*stored)["digest"]);
    return Outcome::done(std::move(*stored), std::move(after));
}

Handler copy_handler(const S3TargetPointer& target) {
    Handler made;
    made.before = [target](Call& call) {
        if (!call.arguments.has("to")) return before_copy(target->s3, &call);
        const Port port = port_of(target, call.arguments["to"].text());
        return off_loop<Result<Before>>(
            target->s3->services->loop, [target, port, &call]() -> Result<Before> {
                if (!port) return port.error();
                return before_copy_elsewhere(*target->objects, call, **port);
            });
    };
    made.act = [target](Call& call, const Value& before) {
        if (!call.arguments.has("to")) return act_copy(target->s3, &call, &before);
        const Port port = port_of(target, call.arguments["to"].text());
        return off_loop<Outcome>(target->s3->services->loop, [target, port, &call] {
            return port ? act_copy_elsewhere(*target->objects, call, **port)
                        : Outcome::failed(port.error());
        });
    };
    made.restore = [](const Call& call, const Value& before, const Value& result) {
        if (call.arguments.has("to")) return std::optional<Restore>();
        return restore_s3_object(call.arguments["to_key"].text(), before, result);
    };
    return made;
}

}  // namespace

void add_s3_copies(Operations& operations, const S3TargetPointer& target) {
    operations["copy"] = copy_handler(target);
    operations["restore_version"] =
        s3_change(target, before_restore, act_restore,
                  [](const Call& call, const Value& before, const Value& result) {
                      return restore_s3_object(call.arguments["key"].text(), before, result);
                  });
}

}  // namespace perilune
