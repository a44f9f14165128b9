// Keeping PostgreSQL in shape: indexes, statistics, views and passwords, read back with psql.
#include "tests/bindings/database/lossy_proxy.h"
#include "tests/bindings/database/postgres_rig.h"

namespace perilune::test {

TEST_CASE("creates_an_index_once_and_takes_it_back") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database.psql("create table t (a int, b int)");
    const auto valid = [&] {
        return database.psql(
            "select string_agg(indexrelid::regclass::text, ',' order by 1) from "
            "pg_index where indrelid = 't'::regclass and indisvalid");
    };
    for (const char* concurrently : {"yes", "no"}) {
        CAPTURE(concurrently);
        const Map arguments = {{"name", "t_a"},
                               {"sql", "create /* a */ index t_a on t (a)"},
                               {"concurrently", concurrently}};
        auto made = database->change("create_index", arguments);
        REQUIRE(made.ok());
        CHECK(made.value()["size_bytes"].number() > 0);
        CHECK(valid() == "t_a");
        CHECK(database->rig->look(made).kind == Sighting::Kind::happened);
        database->rig->act(made);
        CHECK(made.ok());
        CHECK(database->change("create_index", arguments).already_so);
        const auto restore = database->rig->reversal(made);
        REQUIRE(restore.has_value());
        CHECK(database->change(restore->operation, restore->arguments.map()).ok());
        CHECK(valid() == "");
        CHECK(database->rig->look(made).kind == Sighting::Kind::did_not);
    }
    for (const char* sql : {"create index other on t (a)", "create table t_a (a int)",
                            "create index t_a on t (a); select 1", "create index on t (a)"}) {
        CAPTURE(sql);
        CHECK(database->change("create_index", {{"name", "t_a"}, {"sql", sql}}).code() ==
              "bad_argument");
    }
}

TEST_CASE("builds_what_a_concurrent_build_left_unfinished") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database.psql("create table t (a int); insert into t values (1), (1)");
    for (const char* concurrently : {"yes", "no"}) {
        CAPTURE(concurrently);
        const Map arguments = {{"name", "t_a"},
                               {"sql", "create unique index t_a on t (a)"},
                               {"concurrently", concurrently}};
        database.psql("create unique index concurrently t_a on t (a)");
        REQUIRE(database.psql("select indisvalid from pg_index where indexrelid = "
                              "'t_a'::regclass") == "f");
        CHECK(database->change("create_index", arguments).code() == "constraint_failed");
        database.psql("delete from t where ctid = (select max(ctid) from t)");
        const auto made = database->change("create_index", arguments);
        INFO(made.message());
        CHECK(made.ok());
        CHECK(
            database.psql("select string_agg(indisvalid::text, '') from pg_index where indrelid = "
                          "'t'::regclass") == "true");
        database.psql("drop index t_a; insert into t values (1)");
    }
}

TEST_CASE("removes_what_a_rebuild_that_was_killed_left_beside_an_index") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database.psql("create table t (a int primary key); insert into t values (1)");
    const std::string url = shared_server().url(database.name);
    const std::string left = "select count(*) from pg_class where relname ~ '_ccnew'";
    Service writer;
    const std::string others =
        "from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    writer.start({postgres_program("psql"), "-X", "-c",
                  "begin; insert into t values (2); select pg_sleep(60)", url},
                 [&] {
                     return database.psql("select count(*) " + others + " and state = 'active'") ==
                            "1";
                 });
    Service killed;
    killed.start({postgres_program("psql"), "-X", "-c", "reindex index concurrently t_pkey", url},
                 [&] { return database.psql(left) == "1"; });
    database.psql("select pg_terminate_backend(pid) " + others);
    REQUIRE(database.psql(left) == "1");
    const auto built = database->change("reindex");
    INFO(built.message());
    REQUIRE(built.ok());
    CHECK(built.value()["indexes"] == Value(List{"t_pkey"}));
    CHECK(database.psql(left) == "0");
}

TEST_CASE("builds_indexes_anew_and_names_those_that_could_not_be") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database.psql(
        "create table t (a int primary key, b int); create unique index t_b on t (b); "
        "insert into t values (1, 1), (2, 2)");
    const std::string before = database.psql("select pg_relation_filepath('t_b')");
    const auto built = database->change("reindex");
    INFO((built.ok() ? "" : built.result.error().message));
    REQUIRE(built.ok());
    CHECK(built.value()["indexes"] == Value(List{"t_b", "t_pkey"}));
    CHECK(built.value()["invalid"].list().empty());
    CHECK(database.psql("select pg_relation_filepath('t_b')") != before);
    CHECK(database->change("reindex", {{"indexes", List{"t_b"}}, {"concurrently", "no"}}).ok());
    CHECK(database->change("reindex", {{"indexes", List{"none"}}}).code() == "not_found");
    // A row that the index does not know, as a fault of storage would leave it.
    database.psql(
        "set allow_system_table_mods = on; update pg_index set indisready = false, "
        "indislive = false, indisunique = false where indexrelid = 't_b'::regclass; "
        "insert into t values (3, 1); update pg_index set indisready = true, indislive = "
        "true, indisunique = true where indexrelid = 't_b'::regclass");
    const auto failed = database->change("reindex");
    REQUIRE(failed.ok());
    CHECK(failed.value()["invalid"] == Value(List{"t_b"}));
    CHECK(failed.value()["indexes"] == Value(List{"t_pkey"}));
    CHECK(database.psql("select count(*) from pg_class where relname ~ 'ccnew'") == "0");
}

TEST_CASE("renews_statistics_and_views") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database.psql(
        "create table t (a int); insert into t select generate_series(1, 500); create "
        "materialized view v as select count(*) as n from t; create unique index on v "
        "(n); insert into t values (0)");
    const auto analyzed = database->change("analyze");
    REQUIRE(analyzed.ok());
    CHECK(analyzed.value()["tables"] == Value(List{"public.t"}));
    CHECK(database.psql("select reltuples from pg_class where relname = 't'") == "501");
    CHECK(database->change("analyze", {{"tables", List{"none"}}}).code() == "not_found");
    for (const char* concurrently : {"yes", "no"}) {
        const auto refreshed = database->change(
            "refresh_views", {{"views", List{"v"}}, {"concurrently", concurrently}});
        REQUIRE(refreshed.ok());
        CHECK(database.psql("select n from v") == "501");
    }
    CHECK(database->change("refresh_views", {{"views", List{"t"}}}).code() == "sql_failed");
}

TEST_CASE("sets_a_password_that_the_server_never_sees") {
    if (!has_postgres()) return;
    const PostgresServer server({.settings = "log_statement = 'all'"});
    server.psql("postgres", "create role app login password 'the old one'");
    const auto rig = open_postgres(server.url("postgres"));
    const auto set =
        rig->change("set_password", {{"user", "app"}, {"password", make_secret("n3w 'one'")}});
    INFO((set.ok() ? "" : set.result.error().message));
    REQUIRE(set.ok());
    CHECK(open_postgres(server.url("postgres", "app", "n3w 'one'"))->observe("status").ok());
    CHECK(open_postgres(server.url("postgres", "app", "the old one"))
              ->observe("status")
              .error()
              .code == "credentials_refused");
    CHECK(server.log().find("alter role") != std::string::npos);
    CHECK(server.log().find("n3w") == std::string::npos);
    CHECK(rig->change("set_password", {{"user", "none"}, {"password", make_secret("X")}}).code() ==
          "not_found");
}

}  // namespace perilune::test
