// Migrating a SQLite database: pending_migrations, migrate and revert_migrations.
#include <algorithm>
#include <map>

#include "bindings/database/migration_files.h"
#include "bindings/database/sqlite_tables.h"
#include "bindings/database/sqlite_target.h"
#include "bindings/database/sqlite_transaction.h"
#include "interpreter/base/files.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

using Ledger = std::map<std::string, std::string>;  // Digest of each applied id.

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

Result<std::vector<Migration>> read_folder(const Work& work) {
    return read_migrations(path_below(work.target.folder, work.argument("folder").text()));
}

// Those that the ledger does not have. An applied one whose file is another now is refused: nobody
// could say what the database's schema is.
Result<std::vector<Migration>> find_pending(const Work& work, const Ledger& ledger) {
    const auto all = read_folder(work);
    if (!all) return all;
    std::vector<Migration> pending;
    std::vector<std::string> ids;
    for (const auto& migration : *all) {
        ids.push_back(migration.id);
        const auto applied = ledger.find(migration.id);
        if (applied == ledger.end()) {
            pending.push_back(migration);
        } else if (applied->second != migration.digest) {
            return fail("migration_changed",
                        "The migration " + migration.id + " was applied to " + work.target.target +
                            " with the digest " + applied->second.substr(0, 12) +
                            "…, but its file now has " + migration.digest.substr(0, 12) +
                            "…. Put the file back, and write what is to change into a new one.");
        }
    }
    if (!work.call.arguments.has("only")) return pending;
    const auto only = names_of(work.argument("only"));
    if (!only) return only.error();
    for (const auto& id : *only)
        if (std::find(ids.begin(), ids.end(), id) == ids.end())
            return fail("not_found",
                        "There is no migration \"" + id + "\"." + did_you_mean(id, ids));
    std::erase_if(pending, [&](const Migration& migration) {
        return std::find(only->begin(), only->end(), migration.id) == only->end();
    });
    return pending;
}

Result<Value> list_pending(Work& work) {
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    const auto ledger = read_ledger(**opened);
    if (!ledger) return ledger.error();
    const auto pending = find_pending(work, *ledger);
    if (!pending) return pending.error();
    List listed;
    for (const auto& migration : *pending) {
        Value shown;
        shown.set("id", migration.id).set("digest", migration.digest);
        listed.push_back(shown.set("revertible", migration.revertible));
    }
    return Value(std::move(listed));
}

Value ids_of(const std::vector<Migration>& migrations) {
    List ids;
    for (const auto& migration : migrations) ids.emplace_back(migration.id);
    return Value(std::move(ids));
}

std::string join(const Value& ids) {
    std::string joined;
    for (const auto& id : ids.list()) joined += (joined.empty() ? "" : ", ") + id.text();
    return joined;
}

Result<double> count_orphans(SqliteConnection& connection) {
    const auto count = connection.first("select count(*) from pragma_foreign_key_check");
    if (!count) return count.error();
    return count->number();
}

enum class Way { up, down };

// One migration and its row in the ledger, in one transaction. References are not enforced
// meanwhile, since tables are rebuilt by dropping them; they are compared before and after instead.
Status apply(Work& work, SqliteConnection& connection, const Migration& migration, Way way) {
    if (const auto off = connection.execute("pragma foreign_keys = off"); !off) return off;
    Transaction transaction(connection);
    if (const auto begun = transaction.begin(); !begun) return begun;
    const auto made =
        connection.execute(std::string("create table if not exists ") + migrations_table +
                           "(id text primary key, digest text, applied_at real)");
    if (!made) return made;
    const auto orphans_before = count_orphans(connection);
    if (!orphans_before) return orphans_before.error();
    const auto executed =
        execute_guarded(connection, way == Way::up ? migration.sql : migration.down_sql, Value());
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
        way == Way::up
            ? connection.each("insert into " + ledger + " values (?, ?, ?)",
                              List{migration.id, migration.digest, wall_now_s()},
                              [](const SqliteRow&) { return Status(Done{}); })
            : connection.each("delete from " + ledger + " where id = ?", List{migration.id},
                              [](const SqliteRow&) { return Status(Done{}); });
    if (!noted) return noted;
    return transaction.commit();
}

// Applies or reverts those of the recorded list that are still to be done, in its order.
Outcome act_on_list(Work& work, const Value& list, const std::vector<Migration>& files, Way way) {
    const auto lock = work.lock_writers();
    if (!lock) return failed(lock.error(), false);
    auto opened = work.open(Access::write);
    if (!opened) return failed(opened.error(), false);
    SqliteConnection& connection = **opened;
    if (way == Way::up) connection.set_busy_timeout(work.argument("lock_timeout").number());
    bool some = false;
    for (const auto& id : list.list()) {
        const auto ledger = read_ledger(connection);
        if (!ledger) return failed(ledger.error(), some);
        const bool applied = ledger->contains(id.text());
        if (applied == (way == Way::up)) {
            some = true;  // An earlier try of this call did it.
            continue;
        }
        const auto file = std::find_if(files.begin(), files.end(), [&](const Migration& found) {
            return found.id == id.text();
        });
        if (file == files.end())
            return failed(fail("not_found",
                               "The file of the migration " + id.text() + " is no longer there."),
                          some);
        if (const auto stopped = work.stopped("Migrating")) return failed(*stopped, some);
        work.call.tell((way == Way::up ? "applying " : "reverting ") + id.text());
        if (const auto done = apply(work, connection, *file, way); !done)
            return failed(done.error(), some);
        some = true;
    }
    Value result;
    result.set(way == Way::up ? "applied" : "reverted", list);
    return Outcome::done(result.set("changed", some));
}

Result<Before> before_migrate(Work& work) {
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    const auto ledger = read_ledger(**opened);
    if (!ledger) return ledger.error();
    const auto pending = find_pending(work, *ledger);
    if (!pending) return pending.error();
    Before before;
    before.state.set("pending", ids_of(*pending));
    before.already_so = pending->empty();
    before.plan = join(before.state["pending"]);
    before.result.set("applied", List{}).set("changed", false);
    return before;
}

Outcome act_migrate(Work& work, const Value& before) {
    const auto files = read_folder(work);
    if (!files) return failed(files.error(), false);
    return act_on_list(work, before["pending"], *files, Way::up);
}

// What a revert means: the last applied ones, the last one first.
Result<std::vector<Migration>> find_reverting(const Work& work, const Ledger& ledger) {
    const auto files = read_folder(work);
    if (!files) return files;
    std::vector<Migration> applied;
    for (const auto& migration : *files)
        if (ledger.contains(migration.id)) applied.push_back(migration);
    std::reverse(applied.begin(), applied.end());
    std::size_t count = static_cast<std::size_t>(std::max(0.0, work.argument("count").number()));
    if (work.call.arguments.has("down_to")) {
        const std::string down_to = work.argument("down_to").text();
        const auto stays =
            std::find_if(applied.begin(), applied.end(),
                         [&](const Migration& found) { return found.id == down_to; });
        if (stays == applied.end())
            return fail("not_found", "The migration " + down_to + " is not applied to " +
                                         work.target.target + ".");
        count = static_cast<std::size_t>(stays - applied.begin());
    }
    applied.resize(std::min(count, applied.size()));
    for (const auto& migration : applied)
        if (!migration.revertible)
            return fail("not_revertible", "The migration " + migration.id + " of " +
                                              work.target.target + " has no " + migration.id +
                                              ".down.sql. Nothing was reverted.");
    return applied;
}

Result<Before> before_revert(Work& work) {
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    const auto ledger = read_ledger(**opened);
    if (!ledger) return ledger.error();
    const auto reverting = find_reverting(work, *ledger);
    if (!reverting) return reverting.error();
    Before before;
    before.state.set("reverting", ids_of(*reverting));
    before.already_so = reverting->empty();
    before.sign = '-';
    before.plan = join(before.state["reverting"]);
    before.result.set("reverted", List{}).set("changed", false);
    return before;
}

Outcome act_revert(Work& work, const Value& before) {
    const auto files = read_folder(work);
    if (!files) return failed(files.error(), false);
    return act_on_list(work, before["reverting"], *files, Way::down);
}

// Sees by the ledger how far a call came. What was done in part is taken up where it ended.
Sighting look_at_ledger(Work& work, const Value& list, Way way) {
    Sighting sighting;
    auto opened = work.open(Access::read);
    const auto ledger = opened ? read_ledger(**opened) : Result<Ledger>(opened.error());
    if (!ledger) {
        sighting.evidence = ledger.error().message;
        return sighting;
    }
    std::size_t done = 0;
    for (const auto& id : list.list()) done += ledger->contains(id.text()) == (way == Way::up);
    const bool all = done == list.list().size();
    sighting.kind = all ? Sighting::Kind::happened : Sighting::Kind::did_not;
    sighting.evidence = std::to_string(done) + " of " + std::to_string(list.list().size()) +
                        " are done by the ledger " + migrations_table + ".";
    if (all) sighting.value.set(way == Way::up ? "applied" : "reverted", list).set("changed", true);
    return sighting;
}

}  // namespace

void add_sqlite_migrations(Operations& operations, const std::shared_ptr<SqliteTarget>& target) {
    operations["pending_migrations"] = observe_sqlite(target, list_pending);
    operations["migrate"] =
        change_sqlite(target, before_migrate, act_migrate, [](Work& work, const Value& before) {
            return look_at_ledger(work, before["pending"], Way::up);
        });
    operations["revert_migrations"] =
        change_sqlite(target, before_revert, act_revert, [](Work& work, const Value& before) {
            return look_at_ledger(work, before["reverting"], Way::down);
        });
}

}  // namespace perilune
