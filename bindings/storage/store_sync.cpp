// Making a place's objects equal to those of another storage target.
#include "bindings/storage/store_handlers.h"

namespace perilune {

namespace {

Outcome failed(const Error& error, bool some) {
    Outcome outcome = Outcome::failed(error);
    outcome.left_some = some;
    return outcome;
}

Result<SyncWork> find_work(const StorePlace& place, const Call& call, ObjectPort& from) {
    return find_sync_work(call, place.store->target(), *place.objects, from);
}

Result<Before> before_sync(const StorePlace& place, Call& call, ObjectPort& from) {
    const auto work = find_work(place, call, from);
    if (!work) return work.error();
    auto state = many_state(*place.store, call.arguments["prefix"].text(), {});
    if (!state) return state.error();
    Before before;
    before.state = std::move(*state);
    before.already_so = work->copies.empty() && work->deletions.empty();
    before.result = sync_result(0, 0, work->unchanged, 0);
    before.plan = std::to_string(work->copies.size()) + " to copy, " +
                  std::to_string(work->deletions.size()) + " to delete";
    return before;
}

Outcome act_sync(const StorePlace& place, Call& call, const Value&, ObjectPort& from) {
    const auto work = find_work(place, call, from);
    if (!work) return failed(work.error(), false);
    const ObjectStore& store = *place.store;
    double copied = 0;
    double copied_bytes = 0;
    for (const auto& object : work->copies) {
        const auto stored = stream_object(from, object, *place.objects, object["key"].text(), call);
        if (!stored) return failed(stored.error(), copied > 0);
        copied += 1;
        copied_bytes += (*stored)["size_bytes"].number();
    }
    double deleted = 0;
    for (const auto& key : work->deletions) {
        if (const auto stopped = stop_asked(call, "Syncing " + store.target()))
            return failed(*stopped, copied + deleted > 0);
        const auto removed = store.remove(key, call.key, call.deadline_s);
        if (!removed) return failed(removed.error(), copied + deleted > 0);
        deleted += *removed;
    }
    auto after = many_state(store, call.arguments["prefix"].text(), {});
    if (!after) return failed(after.error(), copied + deleted > 0);
    return Outcome::done(sync_result(copied, deleted, work->unchanged, copied_bytes),
                         std::move(*after));
}

}  // namespace

void add_store_sync(Operations& operations, const std::shared_ptr<StorePlace>& place) {
    operations["sync"] = change_with_port(
        place, "from",
        [place](Call& call, ObjectPort& from) { return before_sync(*place, call, from); },
        [place](Call& call, const Value& found, ObjectPort& from) {
            return act_sync(*place, call, found, from);
        },
        nullptr);
}

}  // namespace perilune
