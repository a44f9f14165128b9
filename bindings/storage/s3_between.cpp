// A bucket beside another storage target: compare and sync.
#include "bindings/storage/object_transfer.h"
#include "bindings/storage/s3_handlers.h"
#include "bindings/storage/s3_list.h"
#include "bindings/storage/s3_many_changes.h"
#include "interpreter/base/do_many.h"

namespace perilune {

namespace {

constexpr std::size_t copies_at_once = 8;

// What has been done so far, by several threads.
struct Progress {
    std::mutex mutex;
    double copied = 0;
    double copied_bytes = 0;
    std::optional<Error> failed;
};
using ProgressPointer = std::shared_ptr<Progress>;

Result<Before> before_sync(const S3Target& target, const Call& call, ObjectPort& from) {
    const auto work = find_sync_work(call, target.s3->place.target, *target.objects, from);
    if (!work) return work.error();
    const auto listed = target.objects->list_objects(call.arguments["prefix"].text());
    if (!listed) return listed.error();
    Before before;
    before.state.set("objects", static_cast<double>(listed->list().size()));
    before.already_so = work->copies.empty() && work->deletions.empty();
    before.result = sync_result(0, 0, work->unchanged, 0);
    before.plan = std::to_string(work->copies.size()) + " to copy, " +
                  std::to_string(work->deletions.size()) + " to delete";
    return before;
}

bool copy_one(const S3Target& target, Call& call, ObjectPort& from, const Value& object,
              Progress& progress) {
    const auto stored = stream_object(from, object, *target.objects, object["key"].text(), call);
    const std::lock_guard guard(progress.mutex);
    if (!stored) {
        if (!progress.failed) progress.failed = stored.error();
        return false;
    }
    progress.copied += 1;
    progress.copied_bytes += (*stored)["size_bytes"].number();
    return true;
}

// Objects of one request travel several at once; longer ones one after another, since each has
// parts of its own at once.
Awaitable<bool> copy_all(const S3TargetPointer& target, Call* call,
                         std::shared_ptr<ObjectPort> from, const List* objects, std::size_t at_once,
                         ProgressPointer progress) {
    Loop& loop = target->s3->services->loop;
    NumberedWork work = [&](std::size_t number, std::shared_ptr<Cancel>) -> Awaitable<bool> {
        const Value& object = (*objects)[number];
        auto copying = off_loop<bool>(loop, [&, from, progress] {
            return copy_one(*target, *call, *from, object, *progress);
        });
        const bool well = co_await copying;
        co_return well;
    };
    auto doing = do_many(loop, objects->size(), at_once, call->cancel, work);
    const bool well = co_await doing;
    co_return well;
}

Awaitable<Outcome> act_sync(S3TargetPointer target, Call* call, std::shared_ptr<ObjectPort> from) {
    auto finding = off_loop<Result<SyncWork>>(target->s3->services->loop, [target, call, from] {
        return find_sync_work(*call, target->s3->place.target, *target->objects, *from);
    });
    const auto work = co_await finding;
    if (!work) co_return s3_failed(work.error());
    List small, large;
    for (const auto& object : work->copies) {
        const double bytes = object["size_bytes"].number();
        const bool fits = bytes < static_cast<double>(target->s3->place.part_bytes);
        (fits ? small : large).push_back(object);
    }
    const auto progress = std::make_shared<Progress>();
    auto copying = copy_all(target, call, from, &small, copies_at_once, progress);
    bool well = co_await copying;
    if (well) {
        auto copying_large = copy_all(target, call, from, &large, 1, progress);
        well = co_await copying_large;
    }
    if (!well && !progress->failed)
        progress->failed = fail(
            "cancelled", "Syncing " + target->s3->place.target + " was told to stop.", Retry::safe);
    if (progress->failed) co_return s3_failed(*progress->failed, progress->copied > 0);
    auto deleting = delete_objects(target->s3, call, work->deletions);
    const auto failures = co_await deleting;
    const bool some = progress->copied > 0 || !work->deletions.empty();
    if (!failures) co_return s3_failed(failures.error(), some);
    if (!failures->empty()) {
        const Value& first = (*failures)[0];
        co_return s3_failed(
            fail("refused", "Syncing " + target->s3->place.target + ": \"" + first["key"].text() +
                                "\" could not be deleted: " + first["message"].text()),
            some);
    }
    co_return Outcome::done(sync_result(progress->copied,
                                        static_cast<double>(work->deletions.size()),
                                        work->unchanged, progress->copied_bytes));
}

Awaitable<Outcome> refuse(Error error) { co_return Outcome::failed(std::move(error)); }

}  // namespace

Port port_of(const S3TargetPointer& target, const std::string& name) {
    const auto& find = target->s3->services->driver_of;
    Driver* driver = find ? find(name) : nullptr;
    if (!driver || !driver->objects)
        return fail("no_such_target", target->s3->place.target + " was to work with " + name +
                                          ", but the environment has no storage target of that "
                                          "name. Add it to the environment.");
    return driver->objects;
}

void add_s3_between(Operations& operations, const S3TargetPointer& target) {
    Handler compare;
    compare.observe = [target](Call& call) {
        const Port port = port_of(target, call.arguments["with"].text());
        return off_loop<Result<Value>>(
            target->s3->services->loop, [target, port, &call]() -> Result<Value> {
                if (!port) return port.error();
                return compare_objects(call, target->s3->place.target, *target->objects, **port,
                                       OwnDigests::as_stated);
            });
    };
    operations["compare"] = compare;
    Handler sync;
    sync.before = [target](Call& call) {
        const Port port = port_of(target, call.arguments["from"].text());
        return off_loop<Result<Before>>(target->s3->services->loop,
                                        [target, port, &call]() -> Result<Before> {
                                            if (!port) return port.error();
                                            return before_sync(*target, call, **port);
                                        });
    };
    sync.act = [target](Call& call, const Value&) {
        const Port port = port_of(target, call.arguments["from"].text());
        return port ? act_sync(target, &call, *port) : refuse(port.error());
    };
    operations["sync"] = sync;
}

}  // namespace perilune
