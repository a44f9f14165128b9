// Reading PostgreSQL: values, digests, checks and sessions, with psql as the other client.
#include "tests/bindings/database/postgres_rig.h"

namespace perilune::test {

TEST_CASE("gives_values_as_a_runbook_sees_them") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    const auto rows = database->observe(
        "query",
        {{"sql",
          "select true as yes, '\\x00ff10'::bytea as raw, 1.5::float8 as real, 12.50::numeric(9,2) "
          "as price, 12345678901234567.25::numeric as long, 'NaN'::float8 as odd, null as none, "
          "9007199254740992::bigint as big, '2026-03-01 02:00:00+00'::timestamptz at time zone "
          "'UTC' as at, '{\"a\":1}'::jsonb as document, $1::text as given"},
         {"parameters", List{"ö"}}});
    REQUIRE(rows.ok());
    const Value& row = rows->list()[0];
    CHECK(row["yes"] == Value(true));
    CHECK(row["raw"].text() == std::string("\0\xff\x10", 3));
    CHECK(row["real"].number() == 1.5);
    CHECK(row["price"].number() == 12.5);
    CHECK(row["long"].text() == "12345678901234567.25");
    CHECK(row["odd"].text() == "NaN");
    CHECK(row["big"].text() == "9007199254740992");
    CHECK(row["at"].text() == "2026-03-01 02:00:00");
    CHECK(row["document"].text() == "{\"a\": 1}");
    CHECK(row["given"].text() == "ö");
    CHECK_FALSE(row.map().contains("none"));
}

TEST_CASE("lets_no_query_write_or_reach_out_of_its_transaction") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database.psql(
        "create table t (id int); insert into t values (1); create sequence s; "
        "create function f() returns int language sql as 'insert into t values (2) "
        "returning id'");
    for (const char* sql :
         {"select f()", "select nextval('s')", "set transaction read write; delete from t",
          "select set_config('transaction_read_only', 'off', true), f()", "copy t from stdin",
          "copy t to stdout", "truncate t", "call pg_sleep(1)", "select 1; select 2",
          "do $$ begin delete from t; end $$", "commit", "begin", "select 1/0"}) {
        CAPTURE(sql);
        CHECK_FALSE(database->observe("query", {{"sql", sql}}).ok());
    }
    CHECK(database.psql("select count(*) from t") == "1");
    CHECK(database->query("select id from t") == R"([{"id":1}])");
}

TEST_CASE("says_what_a_server_says_of_a_statement") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    const auto wrong = database->observe("query", {{"sql", "select 1 as a,\n nothing from x y z"}});
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().code == "sql_failed");
    CHECK(wrong.error().message.find("42601") != std::string::npos);
    CHECK(wrong.error().message.find("It stopped at: z") != std::string::npos);
    const auto missing = database->observe("query", {{"sql", "select * from nowhere"}});
    CHECK(missing.error().code == "not_found");
    CHECK(missing.error().retry == Retry::never);
}

TEST_CASE("stops_a_statement_at_the_deadline_and_when_it_is_told_to") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    TargetsRig& driver = *database->rig;
    const auto query = [&](const std::string& sql, double within_s, double stop_after_s) {
        auto call = driver.make_call(database->target, "query", {{"sql", sql}});
        call->deadline_s = boot_now_s() + within_s;
        if (stop_after_s > 0)
            driver.services().loop.start_timer(boot_now_s() + stop_after_s,
                                               [cancel = call->cancel] { cancel->ask(); });
        const double began_s = boot_now_s();
        const auto rows =
            driver.await(driver.driver(database->target).operations.at("query").observe(*call));
        CHECK(boot_now_s() - began_s < 3);
        return rows.ok() ? Error{} : rows.error();
    };
    Error error = query("select pg_sleep(30)", 0.3, 0);
    CHECK(error.code == "timed_out");
    CHECK(error.retry == Retry::safe);
    error = query("select pg_sleep(30)", 20, 0.2);
    CHECK(error.code == "cancelled");
    // Rows without an end do not fill the memory.
    error = query("select repeat('x', 1000) as x from pg_class a, pg_class b, pg_class c", 20, 0);
    CHECK(error.code == "too_many_rows");
    CHECK(database.psql("select count(*) from pg_stat_activity where state = 'active' and pid <> "
                        "pg_backend_pid() and datname = current_database()") == "0");
}

TEST_CASE("digests_the_same_rows_alike_however_they_are_stored") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database.psql(
        "create table one (id int, name text, at timestamptz, price numeric, raw bytea);"
        "insert into one values (1, 'a', '2026-03-01 02:00:00+00', 1.50, '\\x00'), (2, null, null, "
        "2, null), (2, null, null, 2, null);"
        "create schema other;"
        "create table other.two (gone int, raw bytea, price numeric, name text, at timestamptz, id "
        "int primary key generated always as identity, same int);"
        "alter table other.two drop column gone, drop column id;"
        "alter table other.two rename column same to id;"
        "insert into other.two (id, name, at, price, raw) select id, name, at, price, raw from one "
        "order by id desc");
    const std::string one = database->digest("one");
    CHECK(one.size() == 64);
    CHECK(database->digest("other.two") == one);
    CHECK(database->digest("public.one") == one);
    // The session's settings are no part of the rows.
    database.psql("alter database " + database.name +
                  " set timezone = 'Asia/Tokyo'; alter database " + database.name +
                  " set bytea_output = escape; alter database " + database.name +
                  " set extra_float_digits = -3");
    CHECK(database->digest("one") == one);
    database.psql("delete from one where ctid = (select max(ctid) from one)");
    CHECK(database->digest("one") != one);
    // As its documentation says it.
    database.psql("create table plain (b text, a int); insert into plain values ('x', 1)");
    CHECK(database->digest("plain") == to_hex(sha256(sha256(R"({"a":"1","b":"x"})"))));
}

TEST_CASE("finds_damage_in_a_table_and_rows_that_refer_to_none") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database.psql(
        "create table parents (id int primary key); create table children (id int primary "
        "key, parent int references parents); insert into parents values (1); insert "
        "into children values (1, 1), (2, null)");
    const auto quick = database->observe("check_integrity");
    INFO((quick.ok() ? "" : quick.error().message));
    CHECK(quick.ok());
    const auto without = database->observe("check_integrity", {{"level", "full"}});
    REQUIRE_FALSE(without.ok());
    CHECK(without.error().code == "not_supported");
    CHECK(without.error().message.find("create extension amcheck") != std::string::npos);
    database.psql("create extension amcheck");
    CHECK(database->observe("check_integrity", {{"level", "full"}}).ok());

    database.psql("set session_replication_role = replica; delete from parents");
    const auto orphans = database->observe("check_integrity", {{"level", "full"}});
    REQUIRE_FALSE(orphans.ok());
    CHECK(orphans.error().code == "check_failed");
    CHECK(orphans.error().message.find("children_parent_fkey") != std::string::npos);

    database.psql(
        "set allow_system_table_mods = on; update pg_index set indisvalid = false where "
        "indexrelid = 'children_pkey'::regclass");
    const auto invalid = database->observe("check_integrity");
    REQUIRE_FALSE(invalid.ok());
    CHECK(invalid.error().message.find("children_pkey") != std::string::npos);
}

TEST_CASE("lists_sessions_and_ends_those_of_others") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    const PostgresUnderTest other;
    other->execute("create table t (id int)");
    Service client;
    const std::string url = shared_server().url(database.name) + "?application_name=client";
    client.start({postgres_program("psql"), "-X", "-c", "select pg_sleep(60)", url}, [&] {
        return database.psql(
                   "select count(*) from pg_stat_activity where application_name = "
                   "'client' and state = 'active'") == "1";
    });
    const auto sessions = database->observe("sessions", {{"active_for", "0s"}});
    REQUIRE(sessions.ok());
    REQUIRE(sessions->list().size() == 1);
    CHECK(sessions->list()[0]["user"].text() == "admin");
    CHECK(sessions->list()[0]["sql"].text() == "select pg_sleep(60)");
    CHECK(sessions->list()[0]["since_at"].number() > 1.7e9);
    CHECK(database->observe("sessions", {{"active_for", "1h"}})->list().empty());
    CHECK(database->observe("sessions", {{"user", "nobody"}})->list().empty());
    CHECK(database->change("end_sessions", {{"user", "nobody"}}).already_so);
    CHECK(database->change("end_sessions", {{"idle_for", "0s"}}).already_so);
    const auto ended = database->change("end_sessions");
    REQUIRE(ended.ok());
    CHECK(ended.value()["sessions"].number() == 1);
    CHECK(database->observe("wait_ready", {{"within", "5s"}}).ok());
    CHECK(database->change("end_sessions").already_so);
    CHECK(database->observe("slow_queries").error().code == "not_supported");
}

}  // namespace perilune::test
