// Restoring a PostgreSQL database, and databases that may be thrown away: restore, clone and drop.
#include "bindings/database/clone_source.h"
#include "bindings/database/postgres_folder.h"
#include "bindings/database/postgres_moment.h"
#include "bindings/database/postgres_restoring.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

// A backup that cannot be read is refused before anything is touched.
Awaitable<Status> require_readable_here(PostgresTargetPointer target, Call& call,
                                        BackupEntry entry) {
    const Shelf shelf = shelf_of(*target, call, Value());
    const StreamWatch watch = watch_of(call, "Restoring " + target->target);
    std::function<Status()> work = [&] {
        const auto readable = require_readable(shelf.keys, entry.id, entry.manifest, watch);
        return readable ? require_room_for(tools_of(*target), entry) : readable;
    };
    co_return co_await off_the_loop<Status>(*target, work);
}

Awaitable<Result<Before>> before_restore(PostgresTargetPointer target, Call& call) {
    if (restores_server(*target, call)) co_return co_await before_server_restore(target, call);
    const auto entry = co_await resolve_backup(target, call);
    if (!entry) co_return entry.error();
    if (entry->state != "complete")
        co_return fail("not_found", "Restoring " + target->target + ": the backup " + entry->id +
                                        " is " + entry->state + " and not complete.");
    const auto readable = co_await require_readable_here(target, call, *entry);
    if (!readable) co_return readable.error();
    auto state = co_await content_state(target, call);
    if (!state) co_return state.error();
    Before before;
    before.state = std::move(*state);
    before.plan = entry->id + " of " + show_time(entry->at_s);
    co_return before;
}

Awaitable<Outcome> act_restore(PostgresTargetPointer target, Call& call) {
    if (restores_server(*target, call)) co_return co_await act_server_restore(target, call);
    const auto entry = co_await resolve_backup(target, call);
    if (!entry) {
        // A kept database that has taken its place is no longer where it was.
        const auto seen = co_await look_for_restore(target, call);
        if (seen.kind == Sighting::Kind::happened) co_return Outcome::done(seen.value, seen.after);
        co_return outcome_of(entry.error());
    }
    const double keep_s = call.arguments["keep_previous"].number();
    co_return co_await restore_entry(target, call, *entry, keep_s, Owners::keep);
}

Awaitable<Sighting> look_restore(PostgresTargetPointer target, Call& call) {
    if (restores_server(*target, call)) co_return co_await look_for_server_restore(target, call);
    co_return co_await look_for_restore(target, call);
}

std::optional<Restore> reverse_restore(const Call&, const Value&, const Value& result) {
    if (!result.has("previous")) return std::nullopt;
    Value arguments;
    arguments.set("backup", result["previous"]["id"]);
    return Restore{"restore", arguments};
}

Status require_disposable(const PostgresTarget& target, const std::string& doing) {
    if (target.disposable) return Done{};
    return fail("not_allowed", doing + " " + target.target +
                                   " was refused: its settings do not say `disposable: yes`, so "
                                   "its data may be wanted.");
}

Awaitable<Result<BackupEntry>> find_chosen(PostgresTargetPointer target, Call& call,
                                           const Value& before) {
    const Shelf shelf = shelf_of(*target, call, before);
    std::function<Result<BackupEntry>()> work = [&] { return find_clone(shelf, before); };
    co_return co_await off_the_loop<Result<BackupEntry>>(*target, work);
}

Awaitable<Result<Before>> before_clone(PostgresTargetPointer target, Call& call) {
    const auto allowed = require_disposable(*target, "Cloning into");
    if (!allowed) co_return allowed.error();
    auto chosen = co_await choose_clone(*target->services, call);
    if (!chosen) co_return chosen;
    const auto entry = co_await find_chosen(target, call, chosen->state);
    if (!entry) co_return entry.error();
    const auto readable = co_await require_readable_here(target, call, *entry);
    if (!readable) co_return readable.error();
    co_return chosen;
}

Awaitable<Outcome> act_clone(PostgresTargetPointer target, Call& call, const Value& before) {
    const auto entry = co_await find_chosen(target, call, before);
    if (!entry) co_return outcome_of(entry.error());
    // Another server's users need not be here.
    co_return co_await restore_entry(target, call, *entry, 0, Owners::mine);
}

Awaitable<Result<Before>> before_drop(PostgresTargetPointer target, Call& call) {
    const auto allowed = require_disposable(*target, "Dropping");
    if (!allowed) co_return allowed.error();
    const auto address = open_address(*target, call);
    if (!address) co_return address.error();
    // By its content undo of a clone sees whether anybody has written to it since.
    auto state = co_await content_state(target, call);
    if (!state) co_return state.error();
    Before before;
    before.already_so = (*state)["absent"].boolean();
    before.state = std::move(*state);
    before.sign = '-';
    before.plan = address->show();
    before.result.set("changed", false);
    co_return before;
}

Awaitable<Outcome> act_drop(PostgresTargetPointer target, Call& call, const Value& before) {
    const auto address = open_address(*target, call);
    if (!address) co_return outcome_of(address.error());
    const auto beside = co_await connect_beside(target, call);
    if (!beside) co_return outcome_of(beside.error());
    const auto dropped = co_await drop_database(**beside, address->database());
    if (!dropped) co_return outcome_of(dropped.error());
    Value result;
    result.set("changed", !before["absent"].boolean());
    co_return Outcome::done(std::move(result), Value().set("absent", true));
}

}  // namespace

void add_postgres_restore(Operations& operations, const PostgresTargetPointer& target) {
    Handler& restore = operations["restore"];
    restore.before = [target](Call& call) { return before_restore(target, call); };
    restore.act = [target](Call& call, const Value&) { return act_restore(target, call); };
    restore.look = [target](Call& call, const Value&) { return look_restore(target, call); };
    operations["restore_window"].observe = [target](Call& call) {
        return read_restore_window(target, call);
    };
    restore.restore = reverse_restore;
    Handler& clone = operations["clone"];
    clone.before = [target](Call& call) { return before_clone(target, call); };
    clone.act = [target](Call& call, const Value& before) {
        return act_clone(target, call, before);
    };
    clone.look = restore.look;
    clone.restore = [](const Call&, const Value&, const Value&) {
        return std::optional<Restore>(Restore{"drop", Value(Map{})});
    };
    Handler& drop = operations["drop"];
    drop.before = [target](Call& call) { return before_drop(target, call); };
    drop.act = [target](Call& call, const Value& before) { return act_drop(target, call, before); };
}

}  // namespace perilune
