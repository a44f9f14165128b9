// Databases that may be thrown away: clone, and drop.
#include <filesystem>

#include "bindings/database/clone_source.h"
#include "bindings/database/sqlite_replace.h"
#include "bindings/database/sqlite_restoring.h"

namespace perilune {

namespace {

Status require_disposable(const SqliteTarget& target, const std::string& doing) {
    if (target.disposable) return Done{};
    return fail("not_allowed", doing + " " + target.target +
                                   " was refused: its settings do not say `disposable: yes`, so "
                                   "its data may be wanted.");
}

Awaitable<Result<Before>> before_clone(std::shared_ptr<SqliteTarget> target, Call& call) {
    if (const auto allowed = require_disposable(*target, "Cloning into"); !allowed)
        co_return allowed.error();
    co_return co_await choose_readable_clone(target, call);
}

Outcome act_clone(Work& work, const Value& before) {
    const auto found = find_clone(work.shelf, before);
    if (!found) return Outcome::failed(found.error());
    return restore_entry(work, *found, 0);
}

Result<Before> before_drop(Work& work) {
    if (const auto allowed = require_disposable(work.target, "Dropping"); !allowed)
        return allowed.error();
    auto state = content_state(work);
    if (!state) return state.error();
    Before before;
    before.already_so = (*state)["absent"].boolean();
    before.state = std::move(*state);
    before.sign = '-';
    before.plan = work.target.path;
    before.result.set("changed", false);
    return before;
}

Outcome act_drop(Work& work, const Value& before) {
    const auto lock = work.lock_writers();
    if (!lock) return Outcome::failed(lock.error());
    if (const auto removed = remove_target(work); !removed) return Outcome::failed(removed.error());
    return Outcome::done(Value().set("changed", !before["absent"].boolean()),
                         Value().set("absent", true));
}

}  // namespace

Awaitable<Result<Before>> choose_readable_clone(std::shared_ptr<SqliteTarget> target, Call& call) {
    auto chosen = co_await choose_clone(*target->services, call);
    if (!chosen) co_return chosen;
    const ActWork check = [](Work& work, const Value& before) {
        const auto entry = find_clone(work.shelf, before);
        if (!entry) return Outcome::failed(entry.error());
        const auto readable =
            require_readable(work.shelf.keys, entry->id, entry->manifest, work.watch("The clone"));
        return readable ? Outcome::done(Value()) : Outcome::failed(readable.error());
    };
    const Outcome checked = co_await work_act(target, check, call, chosen->state);
    if (checked.kind != Outcome::Kind::done) co_return checked.error;
    co_return chosen;
}

void add_sqlite_clone(Operations& operations, const std::shared_ptr<SqliteTarget>& target) {
    Handler clone = change_sqlite(target, {}, act_clone, look_for_restore,
                                  [](const Call&, const Value&, const Value&) {
                                      return std::optional<Restore>(Restore{"drop", Value(Map{})});
                                  });
    clone.before = [target](Call& call) { return before_clone(target, call); };
    operations["clone"] = std::move(clone);
    operations["drop"] = change_sqlite(target, before_drop, act_drop);
}

}  // namespace perilune
