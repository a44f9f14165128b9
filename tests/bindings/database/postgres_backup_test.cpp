// Backups and restores of PostgreSQL: what stays beside the data, who is connected meanwhile, what
// its programs are told, and databases that may be thrown away.
#include "tests/bindings/database/lossy_proxy.h"
#include "tests/bindings/database/postgres_rig.h"

namespace perilune::test {

namespace {

// A folder with PostgreSQL's programs, which note what they are called with.
struct NotingPrograms {
    ServiceFolder folder;

    NotingPrograms() {
        for (const std::string name : {"pg_dump", "pg_restore", "psql"})
            folder.write(name,
                         "#!/bin/sh\necho \"$0 $*\" >> " + folder.at("noted") + "\nexec " +
                             postgres_program(name) + " \"$@\"\n",
                         0755);
    }
    std::string noted() const { return folder.read("noted"); }
};

// The databases that restores left on the server, by their names.
std::string left_beside(const PostgresUnderTest& database, const std::string& purpose) {
    return database.psql("select count(*) from pg_database where datname like '" + database.name +
                         "\\_" + purpose + "\\_%'");
}

}  // namespace

TEST_CASE("restores_in_both_formats_and_keeps_what_the_dump_does_not_hold") {
    if (!has_postgres()) return;
    for (const char* format : {"custom", "plain"}) {
        CAPTURE(format);
        const PostgresUnderTest database;
        database.psql(
            "create table t (id int primary key, \"a;b\" text); insert into t select i, "
            "E'line\\n\\\\' || i from generate_series(1, 2000) i; comment on database " +
            database.name + " is 'ours'; alter database " + database.name +
            " set work_mem = '7MB'; alter database " + database.name + " connection limit 33");
        const std::string then = database->digest("t");
        REQUIRE(database->backup("one", {{"format", format}}).ok());
        database.psql("drop table t; create table other (id int)");
        const auto restored = database->change("restore", {{"backup", database->id("one")}});
        INFO(restored.message());
        REQUIRE(restored.ok());
        CHECK(database->digest("t") == then);
        CHECK(database.psql("select count(*), to_regclass('other') is null from t") == "2000|t");
        CHECK(database.psql("show work_mem") == "7MB");
        CHECK(database.psql("select datconnlimit, shobj_description(oid, 'pg_database') from "
                            "pg_database where datname = current_database()") == "33|ours");
        CHECK(left_beside(database, "previous") == "1");
        CHECK(left_beside(database, "restoring") == "0");
        // What was kept shows as a backup, and goes as one.
        const auto listed = database->observe("list_backups", {{"kind", "snapshot"}});
        REQUIRE(listed->list().size() == 1);
        const Value id = listed->list()[0]["id"];
        CHECK(database->observe("verify_backup", {{"backup", id}}).ok());
        CHECK(database->change("delete_backup", {{"backup", id}}).ok());
        CHECK(left_beside(database, "previous") == "0");
    }
}

TEST_CASE("replaces_a_database_though_others_are_connected_to_it") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database.psql("create table t (id int); insert into t values (1)");
    REQUIRE(database->backup("one").ok());
    Service client;
    client.start({postgres_program("psql"), "-X", "-c",
                  "begin; insert into t values (2); select "
                  "pg_sleep(60)",
                  shared_server().url(database.name) + "?application_name=writer"},
                 [&] {
                     return database.psql(
                                "select count(*) from pg_stat_activity where "
                                "application_name = 'writer' and state = 'active'") == "1";
                 });
    const auto restored = database->change("restore", {{"backup", database->id("one")}});
    INFO(restored.message());
    REQUIRE(restored.ok());
    CHECK(database.psql("select count(*) from t") == "1");
    CHECK(database.psql(
              "select count(*) from pg_stat_activity where application_name = 'writer'") == "0");
}

TEST_CASE("leaves_the_database_as_it_was_where_a_load_fails") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database.psql(
        "create role test_owner; create table t (id int); insert into t values (1); "
        "alter table t owner to test_owner");
    REQUIRE(database->backup("one").ok());
    database.psql("insert into t values (2); alter table t owner to admin; drop role test_owner");
    const auto failed = database->change("restore", {{"backup", database->id("one")}});
    CHECK(failed.code() == "check_failed");
    CHECK(failed.message().find("test_owner") != std::string::npos);
    CHECK(failed.message().find(PostgresServer::superuser_password) == std::string::npos);
    CHECK(database.psql("select count(*) from t") == "2");
    CHECK(left_beside(database, "restoring") == "0");
    CHECK(left_beside(database, "previous") == "0");
}

TEST_CASE("tells_no_program_the_password_by_an_argument") {
    if (!has_postgres()) return;
    const NotingPrograms programs;
    const PostgresUnderTest database(Map{{"programs", programs.folder.path()}});
    database.psql("create table t (id int); insert into t values (1)");
    for (const char* format : {"custom", "plain"}) {
        REQUIRE(database->backup(format, {{"format", format}}).ok());
        const std::string id = database->id(format);
        CHECK(database->observe("verify_backup", {{"backup", id}}).ok());
        CHECK(database->change("restore", {{"backup", id}, {"keep_previous", 0}}).ok());
    }
    for (const char* name :
         {"/pg_dump --format=custom", "/pg_dump --format=plain", "/pg_restore ", "/psql "})
        CHECK(programs.noted().find(name) != std::string::npos);
    for (const char* secret : {"s3cret", "an admin", "an%20admin"})
        CHECK(programs.noted().find(secret) == std::string::npos);
    // Nor do the words of one that fails show it.
    const auto wrong = open_postgres(shared_server().url(database.name, "admin", "wr0ng w0rd"));
    const auto refused = wrong->backup("never");
    CHECK(refused.code() == "credentials_refused");
    CHECK(refused.message().find("wr0ng") == std::string::npos);
}

TEST_CASE("finds_a_restore_whose_last_answer_was_lost") {
    if (!has_postgres()) return;
    for (const auto fault : {LossyProxy::Fault::lose_answer, LossyProxy::Fault::lose_request}) {
        const bool happened = fault == LossyProxy::Fault::lose_answer;
        CAPTURE(happened);
        const PostgresUnderTest database;
        database.psql("create table t (id int); insert into t values (1)");
        LossyProxy proxy(shared_server().port());
        std::string url = shared_server().url(database.name);
        const std::string port = ":" + std::to_string(shared_server().port());
        const auto rig = open_postgres(
            url.replace(url.find(port), port.size(), ":" + std::to_string(proxy.port())));
        REQUIRE(rig->backup("one").ok());
        database.psql("insert into t values (2)");
        // The commit of the transaction that renames.
        proxy.fail_at(std::string("commit") + '\0', fault, "rename to \"" + database.name + "\"");
        auto restored = rig->change("restore", {{"backup", rig->id("one")}});
        REQUIRE_FALSE(restored.ok());
        CHECK(proxy.failed());
        CHECK(restored.result.error().retry == Retry::unknown);
        CHECK(rig->rig->look(restored).kind ==
              (happened ? Sighting::Kind::happened : Sighting::Kind::did_not));
        CHECK(database.psql("select count(*) from t") == (happened ? "1" : "2"));
        rig->rig->act(restored);
        CHECK(restored.ok());
        CHECK(database.psql("select count(*) from t") == "1");
        CHECK(left_beside(database, "restoring") == "0");
        CHECK(left_beside(database, "previous") == "1");
    }
}

TEST_CASE("clones_into_and_drops_only_what_may_be_thrown_away") {
    if (!has_postgres()) return;
    const PostgresUnderTest source;
    source.psql("create table t (id int); insert into t values (1), (2)");
    REQUIRE(source->backup("one").ok());
    const std::string url = shared_server().url(source.name + "%20%22copy%22");
    const auto there = [&] {
        return shared_server().psql("postgres",
                                    "select count(*) from pg_database where datname = "
                                    "'" +
                                        source.name + " \"copy\"'");
    };
    TargetsRig& rig = *source.rig->rig;
    const std::string copy = "database/copy";
    const Map from = {{"from", "database/under-test"}, {"backup", source->id("one")}};
    rig.add(copy, database_family, postgres_kind, {{"url", make_secret(url)}});
    CHECK(rig.change(copy, "clone", from).code() == "not_allowed");
    CHECK(rig.change(copy, "drop").code() == "not_allowed");
    rig.add(copy, database_family, postgres_kind,
            {{"url", make_secret(url)}, {"disposable", true}});
    CHECK(there() == "0");
    auto cloned = rig.change(copy, "clone", from);
    INFO(cloned.message());
    REQUIRE(cloned.ok());
    CHECK(there() == "1");
    CHECK((*rig.observe(copy, "counts", {{"tables", List{"t"}}}))["t"].number() == 2);
    CHECK(rig.look(cloned).kind == Sighting::Kind::happened);
    REQUIRE(rig.change(copy, "execute", {{"sql", "insert into t values (3)"}}).ok());
    CHECK(rig.undo(cloned).code() == "undo_conflict");
    CHECK(there() == "1");
    REQUIRE(rig.change(copy, "execute", {{"sql", "delete from t where id = 3"}}).ok());
    REQUIRE(rig.undo(cloned).ok());
    CHECK(there() == "0");
    CHECK(rig.change(copy, "drop").already_so);
    CHECK(source.psql("select count(*) from t") == "2");
}

TEST_CASE("a_restore_that_is_told_to_stop_leaves_no_half_loaded_database") {
    if (!has_postgres()) return;
    const PostgresUnderTest database;
    database.psql("create table t as select i, md5(i::text) from generate_series(1, 300000) i");
    REQUIRE(database->backup("one").ok());
    auto call =
        database->rig->make_call(database->target, "restore", {{"backup", database->id("one")}});
    REQUIRE(call.ok());
    Change change;
    change.call = *call;
    change.call.key = to_hex(random_bytes(16));
    Loop& loop = database->rig->services().loop;
    change.call.tell = [&loop, cancel = change.call.cancel](const std::string& told) {
        if (told.starts_with("read ")) loop.post([cancel] { cancel->ask(); });
    };
    database->rig->act(change);
    CHECK(change.code() == "cancelled");
    CHECK(left_beside(database, "restoring") == "0");
    CHECK(database.psql("select count(*) from t") == "300000");
}

}  // namespace perilune::test
