// Materialized views of a database in memory: tables that show what their query gave when they
// were computed last. The query is kept beside each, as a plain view, so that backups have it too.
#include "bindings/database/simulated_handlers.h"
#include "bindings/database/sqlite_tables.h"
#include "bindings/database/sqlite_transaction.h"

namespace perilune {

namespace {

std::string query_name(const std::string& view) { return "perilune query of " + view; }

Result<bool> is_materialized(SqliteConnection& connection, const std::string& view) {
    const auto count =
        connection.first("select count(*) from sqlite_schema where type = 'view' and name = ?",
                         List{query_name(view)});
    if (!count) return count.error();
    return count->number() > 0;
}

Result<std::vector<std::string>> views_of(Work& work, SqliteConnection& connection) {
    auto names = names_of(work.argument("views"));
    if (!names) return names;
    for (const auto& name : *names) {
        const auto there = is_materialized(connection, name);
        if (!there) return there.error();
        if (!*there)
            return fail("not_found", work.target.target + " has no materialized view \"" + name +
                                         "\". A simulated database gets one by the control "
                                         "`materialize`.");
    }
    return names;
}

Result<Before> before_refresh(Work& work) {
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    const auto names = views_of(work, **opened);
    if (!names) return names.error();
    Before before;
    before.plan = std::to_string(names->size()) + " views";
    return before;
}

// Each is computed whole or stays as it was.
Outcome act_refresh(Work& work) {
    auto opened = work.open(Access::write);
    if (!opened) return Outcome::failed(opened.error());
    const auto names = views_of(work, **opened);
    if (!names) return Outcome::failed(names.error());
    bool some = false;
    for (const auto& name : *names) {
        Transaction transaction(**opened);
        Status done = transaction.begin();
        if (done) done = (*opened)->execute("delete from " + quote_name(name));
        if (done)
            done = (*opened)->execute("insert into " + quote_name(name) + " select * from " +
                                      quote_name(query_name(name)));
        if (done) done = transaction.commit();
        if (!done) {
            Outcome outcome = Outcome::failed(done.error());
            outcome.left_some = some;
            return outcome;
        }
        some = true;
        work.call.tell(name);
    }
    return Outcome::done(Value().set("views", list_of(*names)).set("changed", some));
}

}  // namespace

Status materialize(SqliteConnection& connection, const std::string& view, const std::string& sql) {
    const std::string query = quote_name(query_name(view));
    const auto kept = connection.execute("create view " + query + " as " + sql);
    if (!kept) return kept;
    return connection.execute("create table " + quote_name(view) + " as select * from " + query);
}

void add_simulated_views(Operations& operations, const HostPointer& host) {
    operations["refresh_views"] = change_sqlite(
        host->target, before_refresh, [](Work& work, const Value&) { return act_refresh(work); });
}

}  // namespace perilune
