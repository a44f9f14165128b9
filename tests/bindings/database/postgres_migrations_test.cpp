// Migrating PostgreSQL: one migrator at a time, lost answers, locks, and indexes built beside
// writers.
#include <thread>

#include "tests/bindings/database/lossy_proxy.h"
#include "tests/bindings/database/postgres_rig.h"

namespace perilune::test {

namespace {

using Fault = LossyProxy::Fault;

const std::string commit = std::string("commit") + '\0';
const Map folder = {{"folder", "migrations"}};

std::string url_through(const LossyProxy& proxy, const std::string& database) {
    std::string url = shared_server().url(database);
    const std::string port = ":" + std::to_string(shared_server().port());
    return url.replace(url.find(port), port.size(), ":" + std::to_string(proxy.port()));
}

Outcome act_again(DatabaseRig& rig, Change& change) {
    const auto& handler = rig.rig->driver(rig.target).operations.at(change.call.operation);
    return rig.rig->await(handler.act(change.call, change.before));
}

}  // namespace

TEST_CASE("keeps_a_ledger_that_anybody_can_read") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database->write_migration(
        "001_people.sql",
        "create table people (id int); -- first;\ncreate function f() returns "
        "int language sql as $$ select 1; $$;");
    database->write_migration("002_add.sql", "insert into people values (f())");
    const auto migrated = database->change("migrate", folder);
    REQUIRE(migrated.ok());
    CHECK(
        database.psql("select string_agg(id, ',' order by applied_at) from perilune_migrations") ==
        "001_people,002_add");
    CHECK(database.psql("select digest from perilune_migrations where id = '002_add'") ==
          to_hex(sha256("insert into people values (f())")));
    CHECK(database.psql("select count(*) from people") == "1");
}

TEST_CASE("lets_two_that_migrate_at_once_apply_each_migration_once") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    std::vector<std::unique_ptr<DatabaseRig>> rigs;
    for (int i = 0; i < 2; ++i) {
        rigs.push_back(open_postgres(shared_server().url(database.name)));
        rigs[i]->write_migration("001_a.sql", "create table a (n int); select pg_sleep(0.3)");
        rigs[i]->write_migration("002_b.sql", "insert into a values (1)");
    }
    std::vector<Change> changes(2);
    std::thread other([&] { changes[1] = rigs[1]->change("migrate", folder); });
    changes[0] = rigs[0]->change("migrate", folder);
    other.join();
    CHECK(changes[0].ok());
    CHECK(changes[1].ok());
    CHECK(database.psql("select count(*) from a") == "1");
    CHECK(database.psql("select count(*) from perilune_migrations") == "2");
}

TEST_CASE("goes_on_where_the_answer_of_a_migration_was_lost") {
    if (!has_postgres()) return;
    for (const Fault fault : {Fault::lose_answer, Fault::lose_request}) {
        CAPTURE(fault == Fault::lose_answer);
        const PostgresUnderTest database;
        database->execute("select 1");  // Our tables are made.
        LossyProxy proxy(shared_server().port());
        const auto rig = open_postgres(url_through(proxy, database.name));
        rig->write_migration("001_a.sql", "create table a (n int)");
        rig->write_migration("002_b.sql", "create table b (n int)");
        proxy.fail_at(commit, fault);
        auto change = rig->change("migrate", folder);
        REQUIRE_FALSE(change.ok());
        CHECK(change.result.error().retry == Retry::unknown);
        CHECK(rig->rig->look(change).kind == Sighting::Kind::did_not);
        CHECK(database.psql("select count(*) from perilune_migrations") ==
              (fault == Fault::lose_answer ? "1" : "0"));
        const Outcome again = act_again(*rig, change);
        CHECK(again.kind == Outcome::Kind::done);
        CHECK(again.value["applied"] == Value(List{"001_a", "002_b"}));
        CHECK(rig->rig->look(change).kind == Sighting::Kind::happened);
    }
}

TEST_CASE("waits_for_a_table_no_longer_than_lock_timeout") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database.psql("create table busy (n int)");
    database->write_migration("001_a.sql", "alter table busy add column m int");
    Service holder;
    holder.start(
        {postgres_program("psql"), "-X", "-c", "begin; lock table busy; select pg_sleep(60)",
         shared_server().url(database.name)},
        [&] {
            return database.psql(
                       "select count(*) from pg_locks where relation = "
                       "'busy'::regclass") == "1";
        });
    Map patient = folder;
    patient["lock_timeout"] = "200ms";
    const double began_s = boot_now_s();
    const auto change = database->change("migrate", patient);
    CHECK(change.code() == "database_busy");
    CHECK(change.result.error().retry == Retry::safe);
    CHECK(boot_now_s() - began_s < 3);
    holder.kill();
}

TEST_CASE("builds_indexes_concurrently_outside_of_a_transaction") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database->write_migration("001_t.sql",
                              "create table t (a int, b int); insert into t select i, "
                              "i from generate_series(1, 1000) i");
    database->write_migration("002_index.sql",
                              "-- Beside writers.\ncreate index concurrently t_a on t (a);\n"
                              "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"t B\" ON public.t "
                              "(b);\n");
    database->write_migration("002_index.down.sql",
                              "drop index concurrently t_a; drop index "
                              "concurrently if exists public.\"t B\"");
    database->write_migration("003_again.sql", "reindex index concurrently t_a");
    auto migrated = database->change("migrate", folder);
    INFO((migrated.ok() ? "" : migrated.result.error().message));
    REQUIRE(migrated.ok());
    CHECK(database.psql("select string_agg(indexrelid::regclass::text, ',' order by 1) from "
                        "pg_index where indrelid = 't'::regclass and indisvalid") == "\"t B\",t_a");
    CHECK(database.psql("select count(*) from perilune_migrations") == "3");
    CHECK(database.psql("select count(*) from perilune_markers") == "0");
    CHECK(database->rig->look(migrated).kind == Sighting::Kind::happened);
    Map back = folder;
    back["down_to"] = "001_t";
    database->write_migration("003_again.down.sql", "");
    CHECK(database->change("revert_migrations", back).ok());
    CHECK(database.psql("select count(*) from pg_index where indrelid = 't'::regclass") == "0");
}

TEST_CASE("takes_up_an_index_that_an_earlier_try_left_unfinished") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database.psql("create table t (a int); insert into t values (1), (1)");
    database->write_migration("001_index.sql", "create unique index concurrently t_a on t (a)");
    auto change = database->change("migrate", folder);
    CHECK(change.code() == "constraint_failed");
    CHECK(change.left_some);
    CHECK(database.psql("select indisvalid from pg_index where indexrelid = 't_a'::regclass") ==
          "f");
    CHECK(database->rig->look(change).kind == Sighting::Kind::did_not);
    database.psql("delete from t where ctid = (select max(ctid) from t)");
    const Outcome again = act_again(*database.rig, change);
    CHECK(again.kind == Outcome::Kind::done);
    CHECK(database.psql("select indisvalid from pg_index where indexrelid = 't_a'::regclass") ==
          "t");
}

TEST_CASE("finds_an_index_that_was_built_though_the_answer_was_lost") {
    if (!has_postgres()) return;
    for (const char* word : {"create index concurrently", "commit"}) {
        for (const Fault fault : {Fault::lose_answer, Fault::lose_request}) {
            CAPTURE(word);
            CAPTURE(fault == Fault::lose_answer);
            const PostgresUnderTest database;
            database->execute("create table t (a int)");
            LossyProxy proxy(shared_server().port());
            const auto rig = open_postgres(url_through(proxy, database.name));
            rig->write_migration("001_index.sql", "create index concurrently t_a on t (a)");
            proxy.fail_at(word[1] == 'o' ? commit : std::string(word), fault);
            auto change = rig->change("migrate", folder);
            REQUIRE_FALSE(change.ok());
            CHECK(change.result.error().retry == Retry::unknown);
            CHECK(rig->rig->look(change).kind == (word[1] == 'o' && fault == Fault::lose_answer
                                                      ? Sighting::Kind::happened
                                                      : Sighting::Kind::did_not));
            CHECK(act_again(*rig, change).kind == Outcome::Kind::done);
            CHECK(database.psql("select string_agg(indexrelid::regclass::text, ',') from pg_index "
                                "where indrelid = 't'::regclass and indisvalid") == "t_a");
            CHECK(database.psql("select count(*) from perilune_migrations") == "1");
        }
    }
}

TEST_CASE("refuses_migrations_that_could_be_executed_neither_way") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database->write_migration("001_good.sql", "create table good (a int)");
    for (const char* sql : {"create table t (a int); create index concurrently t_a on t (a)",
                            "create index concurrently on good (a)", "begin; select 1; commit"}) {
        CAPTURE(sql);
        database->write_migration("002_bad.sql", sql);
        const auto refused = database->change("migrate", folder);
        CHECK(refused.code() == "bad_migrations");
        CHECK(refused.result.error().message.find("002_bad") != std::string::npos);
    }
    CHECK(database.psql("select to_regclass('good') is null") == "t");
}

}  // namespace perilune::test
