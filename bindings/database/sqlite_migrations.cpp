// Migrating a SQLite database: pending_migrations, migrate and revert_migrations.
#include "bindings/database/migration_plan.h"
#include "bindings/database/sqlite_tables.h"
#include "bindings/database/sqlite_target.h"
#include "bindings/database/sqlite_transaction.h"
#include "interpreter/base/files.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

Outcome failed(const Error& error, bool some) {
    Outcome outcome = Outcome::failed(error);
    outcome.left_some = some;
    return outcome;
}

// perilune_migrations(id text primary key, digest text, applied_at real).
Result<Ledger> read_ledger(SqliteConnection& connection) {
    Ledger ledger;
    const auto there = connection.first("select count(*) from sqlite_schema where name = ?",
                                        List{migrations_table});
    if (!there) return there.error();
    if (there->number() == 0) return ledger;
    const auto read = connection.each(std::string("select id, digest from ") + migrations_table, {},
                                      [&](const SqliteRow& row) {
                                          ledger[std::string(row.bytes(0))] = row.bytes(1);
                                          return Status(Done{});
                                      });
    if (!read) return read.error();
    return ledger;
}

MigrationFolder folder_of(const Work& work) {
    MigrationFolder folder(path_below(work.target.folder, work.argument("folder").text()));
    while (folder.path.ends_with('/')) folder.path.pop_back();
    folder.texts = work.target.files.get();
    return folder;
}

Result<Value> list_pending(Work& work) {
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    const auto ledger = read_ledger(**opened);
    if (!ledger) return ledger.error();
    return pending_migrations(work.call, folder_of(work), *ledger);
}

Result<double> count_orphans(SqliteConnection& connection) {
    const auto count = connection.first("select count(*) from pragma_foreign_key_check");
    if (!count) return count.error();
    return count->number();
}

// One migration and its row in the ledger, in one transaction. References are not enforced
// meanwhile, since tables are rebuilt by dropping them; they are compared before and after instead.
Status apply(Work& work, SqliteConnection& connection, const Migration& migration,
             MigrationWay way) {
    if (const auto off = connection.execute("pragma foreign_keys = off"); !off) return off;
    Transaction transaction(connection);
    if (const auto begun = transaction.begin(); !begun) return begun;
    const auto made =
        connection.execute(std::string("create table if not exists ") + migrations_table +
                           "(id text primary key, digest text, applied_at real)");
    if (!made) return made;
    const auto orphans_before = count_orphans(connection);
    if (!orphans_before) return orphans_before.error();
    const auto executed = execute_guarded(
        connection, way == MigrationWay::up ? migration.sql : migration.down_sql, Value());
    if (!executed) {
        Error error = executed.error();
        error.message = "The migration " + migration.id + " was rolled back. " + error.message;
        return error;
    }
    const auto orphans = count_orphans(connection);
    if (!orphans) return orphans.error();
    if (work.target.foreign_keys && *orphans > *orphans_before)
        return fail("constraint_failed",
                    "The migration " + migration.id + " was rolled back: after it " +
                        std::to_string(static_cast<long>(*orphans - *orphans_before)) +
                        " more rows of " + work.target.target +
                        " refer to rows that are not "
                        "there.");
    const std::string ledger = migrations_table;
    const auto noted =
        way == MigrationWay::up
            ? connection.each("insert into " + ledger + " values (?, ?, ?)",
                              List{migration.id, migration.digest, wall_now_s()},
                              [](const SqliteRow&) { return Status(Done{}); })
            : connection.each("delete from " + ledger + " where id = ?", List{migration.id},
                              [](const SqliteRow&) { return Status(Done{}); });
    if (!noted) return noted;
    return transaction.commit();
}

// Applies or reverts those of the recorded list that are still to be done, in its order.
Outcome act_on_list(Work& work, const Value& list, const std::vector<Migration>& files,
                    MigrationWay way) {
    const auto lock = work.lock_writers();
    if (!lock) return failed(lock.error(), false);
    auto opened = work.open(Access::write);
    if (!opened) return failed(opened.error(), false);
    SqliteConnection& connection = **opened;
    if (way == MigrationWay::up)
        connection.set_busy_timeout(work.argument("lock_timeout").number());
    bool some = false;
    for (const auto& id : list.list()) {
        const auto ledger = read_ledger(connection);
        if (!ledger) return failed(ledger.error(), some);
        const bool applied = ledger->contains(id.text());
        if (applied == (way == MigrationWay::up)) {
            some = true;  // An earlier try of this call did it.
            continue;
        }
        const auto file = find_migration(files, id.text());
        if (!file) return failed(file.error(), some);
        if (const auto stopped = work.stopped("Migrating")) return failed(*stopped, some);
        work.call.tell((way == MigrationWay::up ? "applying " : "reverting ") + id.text());
        if (const auto done = apply(work, connection, *file, way); !done)
            return failed(done.error(), some);
        some = true;
    }
    return Outcome::done(migrations_result(list, way, some));
}

Result<Before> before_migrate(Work& work) {
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    const auto ledger = read_ledger(**opened);
    if (!ledger) return ledger.error();
    return plan_migrate(work.call, folder_of(work), *ledger);
}

Outcome act_migrate(Work& work, const Value& before) {
    const auto files = read_migrations(folder_of(work));
    if (!files) return failed(files.error(), false);
    return act_on_list(work, before["pending"], *files, MigrationWay::up);
}

Result<Before> before_revert(Work& work) {
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    const auto ledger = read_ledger(**opened);
    if (!ledger) return ledger.error();
    return plan_revert(work.call, folder_of(work), *ledger);
}

Outcome act_revert(Work& work, const Value& before) {
    const auto files = read_migrations(folder_of(work));
    if (!files) return failed(files.error(), false);
    return act_on_list(work, before["reverting"], *files, MigrationWay::down);
}

Sighting look_for_migrations(Work& work, const Value& list, MigrationWay way) {
    auto opened = work.open(Access::read);
    const auto ledger = opened ? read_ledger(**opened) : Result<Ledger>(opened.error());
    return look_at_ledger(ledger, list, way);
}

}  // namespace

void add_sqlite_migrations(Operations& operations, const std::shared_ptr<SqliteTarget>& target) {
    operations["pending_migrations"] = observe_sqlite(target, list_pending);
    operations["migrate"] =
        change_sqlite(target, before_migrate, act_migrate, [](Work& work, const Value& before) {
            return look_for_migrations(work, before["pending"], MigrationWay::up);
        });
    operations["revert_migrations"] =
        change_sqlite(target, before_revert, act_revert, [](Work& work, const Value& before) {
            return look_for_migrations(work, before["reverting"], MigrationWay::down);
        });
}

}  // namespace perilune
