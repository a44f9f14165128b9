// Making a folder's objects equal to those of another storage target.
#include <algorithm>

#include "bindings/storage/folder_handlers.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

// What is to be done, found by reading only.
struct Work {
    std::vector<std::string> copies;
    std::vector<std::string> deletions;
    double unchanged = 0;
};

Outcome failed(const Error& error, bool some) {
    Outcome outcome = Outcome::failed(error);
    outcome.left_some = some;
    return outcome;
}

Result<Work> find_work(const Folder& folder, const Call& call, ObjectPort& from) {
    const std::string prefix = call.arguments["prefix"].text();
    const bool deletes = call.arguments["extra"].text() == "delete";
    if (deletes && !call.arguments.has("delete_at_most"))
        return fail("bad_argument", "storage:sync with extra = \"delete\" needs delete_at_most.");
    const auto theirs = from.list_objects(prefix);
    if (!theirs) return theirs.error();
    const auto ours = folder.objects->list_objects(prefix);
    if (!ours) return ours.error();
    std::map<std::string, std::string> extra;
    for (const auto& object : ours->list()) extra[object["key"].text()] = object["digest"].text();
    Work work;
    for (const auto& object : theirs->list()) {
        const std::string key = object["key"].text();
        const auto mine = extra.find(key);
        // What states no digest is streamed: equal content is then found to be so at its end.
        const bool same = mine != extra.end() && object["digest"].text() == mine->second;
        if (mine != extra.end()) extra.erase(mine);
        if (same) {
            work.unchanged += 1;
        } else {
            work.copies.push_back(key);
        }
    }
    if (deletes)
        for (const auto& [key, digest] : extra) work.deletions.push_back(key);
    const double most = call.arguments["delete_at_most"].number();
    if (deletes && static_cast<double>(work.deletions.size()) > most)
        return fail("too_many_deletions",
                    "Syncing " + folder.store->target() + " would delete " +
                        std::to_string(work.deletions.size()) +
                        " objects that the other target lacks, more than delete_at_most (" +
                        std::to_string(static_cast<long>(most)) +
                        "). Nothing was copied or deleted. Compare the two, then raise the limit.");
    return work;
}

Value result_of(double copied, double deleted, double unchanged, double copied_bytes) {
    Value result;
    result.set("copied", copied).set("deleted", deleted).set("unchanged", unchanged);
    result.set("copied_bytes", copied_bytes);
    return result.set("changed", copied + deleted > 0);
}

Result<Before> before_sync(const Folder& folder, Call& call, ObjectPort& from) {
    const auto work = find_work(folder, call, from);
    if (!work) return work.error();
    auto state = many_state(*folder.store, call.arguments["prefix"].text(), {});
    if (!state) return state.error();
    Before before;
    before.state = std::move(*state);
    before.already_so = work->copies.empty() && work->deletions.empty();
    before.result = result_of(0, 0, work->unchanged, 0);
    before.plan = std::to_string(work->copies.size()) + " to copy, " +
                  std::to_string(work->deletions.size()) + " to delete";
    return before;
}

Outcome act_sync(const Folder& folder, Call& call, const Value&, ObjectPort& from) {
    const auto work = find_work(folder, call, from);
    if (!work) return failed(work.error(), false);
    const FolderStore& store = *folder.store;
    double copied = 0;
    double copied_bytes = 0;
    for (const auto& key : work->copies) {
        const auto stored = stream_object(from, key, *folder.objects, key, call);
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
    return Outcome::done(result_of(copied, deleted, work->unchanged, copied_bytes),
                         std::move(*after));
}

}  // namespace

void add_folder_sync(Operations& operations, const std::shared_ptr<Folder>& folder) {
    operations["sync"] = change_with_port(
        folder, "from",
        [folder](Call& call, ObjectPort& from) { return before_sync(*folder, call, from); },
        [folder](Call& call, const Value& found, ObjectPort& from) {
            return act_sync(*folder, call, found, from);
        },
        nullptr);
}

}  // namespace perilune
