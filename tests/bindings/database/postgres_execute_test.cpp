// Changing PostgreSQL, with answers that are lost: nothing is done twice, and nothing is guessed.
#include <thread>

#include "tests/bindings/database/lossy_proxy.h"
#include "tests/bindings/database/postgres_rig.h"
#include "tests/bindings/storage/child_of_test.h"

namespace perilune::test {

namespace {

using Fault = LossyProxy::Fault;

// A database with a counter, reached through the proxy.
struct Counter {
    PostgresUnderTest database;
    LossyProxy proxy{shared_server().port()};
    std::unique_ptr<DatabaseRig> rig;

    Counter() {
        database.psql("create table counter (n int); insert into counter values (0)");
        REQUIRE(database->execute("select 1").ok());  // The markers' table is made.
        std::string url = shared_server().url(database.name);
        const std::string port = ":" + std::to_string(shared_server().port());
        url.replace(url.find(port), port.size(), ":" + std::to_string(proxy.port()));
        rig = open_postgres(url);
    }
    std::string count() const { return database.psql("select n from counter"); }
};

// The whole message, and not a part of "read committed".
const std::string commit = std::string("commit") + '\0';

constexpr const char* add_one = "update counter set n = n + 1";

// The outcome of one more act of a change.
Outcome act_again(DatabaseRig& rig, Change& change) {
    const auto& handler = rig.rig->driver(rig.target).operations.at(change.call.operation);
    return rig.rig->await(handler.act(change.call, change.before));
}

}  // namespace

TEST_CASE("looks_up_what_became_of_a_commit_whose_answer_was_lost") {
    if (!has_postgres()) return;
    Counter counter;
    for (const Fault fault : {Fault::lose_answer, Fault::lose_request}) {
        CAPTURE(fault == Fault::lose_answer);
        counter.proxy.fail_at(commit, fault);
        auto change = counter.rig->execute(add_one);
        REQUIRE_FALSE(change.ok());
        CHECK(change.code() == "connection_lost");
        CHECK(change.result.error().retry == Retry::unknown);
        const auto seen = counter.rig->rig->look(change);
        CHECK((seen.kind == Sighting::Kind::happened) == (fault == Fault::lose_answer));
        CHECK(counter.count() == "1");
        CHECK_FALSE(seen.evidence.empty());
        const Outcome again = act_again(*counter.rig, change);
        CHECK(again.kind == Outcome::Kind::done);
        CHECK(again.value["rows"].number() == 1);
        CHECK(counter.count() == (fault == Fault::lose_answer ? "1" : "2"));
        if (fault == Fault::lose_answer) CHECK(again.value == seen.value);
    }
}

TEST_CASE("knows_that_nothing_happened_where_the_connection_is_lost_before_the_commit") {
    if (!has_postgres()) return;
    Counter counter;
    for (const char* word : {"begin", "counter set", "pg_advisory", "insert into \"public\""}) {
        for (const Fault fault : {Fault::lose_answer, Fault::lose_request}) {
            CAPTURE(word);
            counter.proxy.fail_at(word, fault);
            auto change = counter.rig->execute(add_one);
            REQUIRE_FALSE(change.ok());
            CHECK(counter.proxy.failed());
            CHECK(change.result.error().retry == Retry::safe);
            const Outcome again = act_again(*counter.rig, change);
            CHECK(again.kind == Outcome::Kind::done);
        }
    }
    CHECK(counter.count() == "8");
}

TEST_CASE("does_not_call_a_change_undone_while_its_transaction_may_still_commit") {
    if (!has_postgres()) return;
    Counter counter;
    // A client of that key which has said all but commit.
    auto change = counter.rig->execute(add_one);
    REQUIRE(change.ok());
    change.call.key = "the-key";
    const std::string digest = sha256("perilune the-key");
    std::string number = "x'" + to_hex(digest.substr(0, 8)) + "'::bit(64)::bigint";
    Service client;
    client.start({postgres_program("psql"), "-X", "-c",
                  "begin; select pg_advisory_xact_lock(" + number +
                      "); insert into perilune_markers values ('the-key', now(), '{\"rows\":7}'); "
                      "select pg_sleep(1.5); commit",
                  shared_server().url(counter.database.name)},
                 [&] {
                     return counter.database.psql(
                                "select count(*) from pg_locks where locktype = 'advisory'") == "1";
                 });
    change.call.deadline_s = boot_now_s() + 0.3;
    CHECK(counter.rig->rig->look(change).kind == Sighting::Kind::cannot_tell);
    change.call.deadline_s = boot_now_s() + 20;
    const auto seen = counter.rig->rig->look(change);
    CHECK(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["rows"].number() == 7);
}

TEST_CASE("knows_what_became_of_a_commit_that_was_interrupted") {
    if (!has_postgres()) return;
    // With a standby that never answers, a commit is on disk and waits to be told so.
    const PostgresServer server({.settings = "synchronous_standby_names = 'nobody'"});
    const std::string no_wait = "set synchronous_commit = local; ";
    server.psql("postgres", no_wait +
                                "create table counter (n int); insert into counter values (0); "
                                "create table perilune_markers (key text primary key, at "
                                "timestamptz, result text); create table perilune_migrations "
                                "(id text primary key, digest text, applied_at timestamptz)");
    const auto rig = open_postgres(server.url("postgres"));
    const std::string waiting = "from pg_stat_activity where wait_event = 'SyncRep'";
    const auto wait_for_commit = [&] {
        const double until_s = boot_now_s() + 20;
        while (server.psql("postgres", "select count(*) " + waiting) != "1")
            if (boot_now_s() > until_s) return;
    };
    Change change;
    std::thread caller([&] { change = rig->execute(add_one); });
    wait_for_commit();
    CHECK(server.psql("postgres", "select pg_terminate_backend(pid) " + waiting) == "t");
    caller.join();
    CHECK(change.code() == "connection_lost");
    CHECK(change.result.error().retry == Retry::unknown);
    CHECK(rig->rig->look(change).kind == Sighting::Kind::happened);
    CHECK(server.psql("postgres", "select n from counter") == "1");
    // One that is told to stop so late is not stopped, and says so.
    TargetsRig& driver = *rig->rig;
    auto call = driver.make_call(rig->target, "execute", {{"sql", add_one}});
    std::thread stopper([&] {
        wait_for_commit();
        driver.services().loop.post([&] { call->cancel->ask(); });
    });
    const Outcome outcome =
        driver.await(driver.driver(rig->target).operations.at("execute").act(*call, Value()));
    stopper.join();
    CHECK(outcome.kind == Outcome::Kind::done);
    CHECK(server.psql("postgres", "select n from counter") == "2");
}

TEST_CASE("does_not_guess_what_became_of_a_commit_that_is_never_answered") {
    if (!has_postgres()) return;
    Counter counter;
    counter.proxy.fail_at(commit, Fault::hold_answer);
    const auto change =
        counter.rig->rig->change(counter.rig->target, "execute", {{"sql", add_one}}, 0.5);
    CHECK(change.result.error().retry == Retry::unknown);
    Change later = change;
    later.call.deadline_s = boot_now_s() + 20;
    CHECK(counter.rig->rig->look(later).kind == Sighting::Kind::happened);
    CHECK(counter.count() == "1");
}

TEST_CASE("refuses_sql_of_which_the_server_would_see_only_a_part") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database.psql("create table t (id int); insert into t values (1), (2)");
    const std::string cut = std::string("delete from t\0 where id = 1", 27);
    CHECK(database->execute(cut).code() == "bad_argument");
    CHECK(database->query(std::string("select 1 as a\0, 2 as b", 22)) == "bad_argument");
    CHECK(database->count(std::string("t\0x", 3)) == -1);
    database->write_migration("001_cut.sql", cut);
    CHECK_FALSE(database->change("migrate", {{"folder", "migrations"}}).ok());
    CHECK(database.psql("select count(*) from t") == "2");
}

TEST_CASE("executes_sql_of_several_statements_whole_or_not_at_all") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    const auto made = database->execute(
        "create table t (id int primary key); insert into t select generate_series(1, 5); "
        "create function f() returns int language plpgsql as $$ begin return 1; end $$; "
        "update t set id = -id where id > 3 -- the end");
    REQUIRE(made.ok());
    CHECK(made.value()["rows"].number() == 7);
    CHECK(database.psql("select sum(id), f() from t") == "-3|1");
    for (const char* sql :
         {"delete from t; select 1/0", "delete from t; commit; select 1/0",
          "delete from t; copy t "
          "from stdin",
          "delete from t; insert into t values (1), (1)", "delete from t where id = $1; select 1",
          "delete from t; do $$ begin commit; end $$", "", ";"}) {
        CAPTURE(sql);
        CHECK_FALSE(database->execute(sql).ok());
    }
    CHECK(database->execute("insert into t values (1)").code() == "constraint_failed");
    CHECK(database.psql("select count(*) from t") == "5");
    // A constraint that is looked at as late as the commit.
    database.psql("create table late (id int unique deferrable initially deferred)");
    CHECK(database->execute("insert into late values (1), (1)").code() == "constraint_failed");
    CHECK(database.psql("select count(*) from late") == "0");
    // What is recorded is what happened.
    CHECK(database.psql("select count(*) from perilune_markers") == "1");
}

TEST_CASE("stops_a_change_at_its_deadline_and_keeps_nothing_of_it") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database.psql("create table t (id int)");
    const double began_s = boot_now_s();
    const auto late =
        database->rig->change(database->target, "execute",
                              {{"sql", "insert into t values (1); select pg_sleep(30)"}}, 0.4);
    CHECK(late.code() == "timed_out");
    CHECK(late.result.error().retry == Retry::safe);
    CHECK(boot_now_s() - began_s < 4);
    CHECK(database.psql("select count(*) from t") == "0");
}

TEST_CASE("takes_up_batches_where_an_earlier_try_was_lost") {
    if (!has_postgres()) return;
    Counter counter;
    counter.database.psql(
        "create table logs (id int); insert into logs select "
        "generate_series(1, 10)");
    counter.proxy.fail_at(commit, Fault::lose_answer);
    auto change = counter.rig->change(
        "execute_batches",
        {{"sql", "delete from logs where id in (select id from logs limit :batch_rows)"},
         {"batch_rows", 3},
         {"pause", 0},
         {"rows_max", 100}});
    REQUIRE_FALSE(change.ok());
    CHECK(counter.rig->rig->look(change).kind == Sighting::Kind::did_not);
    const Outcome again = act_again(*counter.rig, change);
    REQUIRE(again.kind == Outcome::Kind::done);
    CHECK(again.value["rows"].number() == 10);
    CHECK(again.value["batches"].number() == 4);
    CHECK(counter.database.psql("select count(*) from logs") == "0");
}

TEST_CASE("child_counts_in_postgres_until_it_is_killed" * doctest::skip()) {
    const std::string folder = child_folder();
    if (folder.empty()) return;
    std::ifstream file(folder + "/url");
    std::string url;
    std::getline(file, url);
    const auto rig = open_postgres(url);
    auto call = rig->rig->make_call(rig->target, "execute", {{"sql", add_one}});
    std::ofstream intents(folder + "/intents", std::ios::app);
    auto& handler = rig->rig->driver(rig->target).operations.at("execute");
    for (int i = 0; i < 100000; ++i) {
        call->key = to_hex(random_bytes(16));
        intents << call->key << std::endl;
        rig->rig->await(handler.act(*call, Value()));
        if (i == 0) tell_parent();
    }
}

TEST_CASE("tells_of_every_change_of_a_killed_host_whether_it_happened") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database.psql("create table counter (n int); insert into counter values (0)");
    const TemporaryFolder folder;
    std::ofstream(folder.path("url")) << shared_server().url(database.name) << "\n";
    for (int round = 0; round < 8; ++round) {
        ChildOfTest child("child_counts_in_postgres_until_it_is_killed", folder.path());
        REQUIRE(child.wait_told());
        child.kill_after(30000 + round * 9000);
    }
    Change change;
    change.call = *database->rig->make_call(database->target, "execute", {{"sql", add_one}});
    std::ifstream intents(folder.path("intents"));
    int happened = 0;
    int unclear = 0;
    for (std::string key; std::getline(intents, key);) {
        if (key.size() != 32) continue;
        change.call.key = key;
        const auto kind = database->rig->look(change).kind;
        unclear += kind == Sighting::Kind::cannot_tell;
        happened += kind == Sighting::Kind::happened;
    }
    CHECK(unclear == 0);
    CHECK(happened >= 8);  // Each round's first.
    CHECK(database.psql("select n from counter") == std::to_string(happened));
}

}  // namespace perilune::test
