// Fences of PostgreSQL: who can still write, who is put out, and what a fence does not believe.
#include <future>

#include "tests/bindings/database/postgres_rig.h"

namespace perilune::test {

namespace {

const Map read_only = {{"how", "read_only"}};
const Map disconnect = {{"how", "disconnect"}};

// Another client whose session stays open until it is ended; gives what it saw.
struct OtherClient {
    std::future<std::string> said;
    OtherClient(const PostgresUnderTest& database, const std::string& first) {
        const int before = sessions(database);
        said = std::async(std::launch::async, [&database, first] {
            return database.psql(first + "; select pg_sleep(60); insert into items values (99)");
        });
        while (sessions(database) == before) std::this_thread::yield();
    }
    static int sessions(const PostgresUnderTest& database) {
        return std::stoi(shared_server().psql(
            "postgres",
            "select count(*) from pg_stat_activity where query like '%pg_sleep(60)%' and datname = "
            "'" +
                database.name + "'"));
    }
    bool was_ended() { return said.get().find("terminating connection") != std::string::npos; }
};

std::string make_role(const std::string& name, const std::string& more = "") {
    shared_server().psql("postgres", "create role " + name + " login password '" +
                                         std::string("an admin''s s3cret") + "' " + more);
    return name;
}

void drop_role(const std::string& name) { shared_server().psql("postgres", "drop role " + name); }

}  // namespace

TEST_CASE("a_fence_ends_the_sessions_that_could_still_write") {
    if (!has_postgres()) return;
    PostgresUnderTest database;
    database->fill();
    OtherClient writer(database, "delete from items where id = 1");
    const auto fenced = database->change("fence", read_only);
    INFO(fenced.message());
    REQUIRE(fenced.ok());
    CHECK(fenced.value()["changed"].boolean());
    CHECK(writer.was_ended());
    CHECK(database.psql("insert into items values (50)").find("read-only") != std::string::npos);
    CHECK(database.psql("select count(*) from items where id > 40") == "0");
    // What this fence cannot prevent, and the other can.
    CHECK(database.psql("begin read write; insert into items values (51); commit") == "");
    OtherClient reader(database, "select 1");
    const auto open = database->change("unfence");
    INFO(open.message());
    REQUIRE(open.ok());
    CHECK(open.value()["how_before"].text() == "read_only");
    CHECK(reader.was_ended());
    CHECK(database.psql("insert into items values (52)") == "");
    CHECK(database->change("unfence").already_so);
    const std::string left =
        "select count(*) from pg_db_role_setting s join pg_database d on d.oid "
        "= s.setdatabase where d.datname = current_database()";
    CHECK(database.psql(left) == "0");
}

TEST_CASE("a_fence_by_another_hand_is_not_believed") {
    if (!has_postgres()) return;
    PostgresUnderTest database;
    database->fill();
    OtherClient writer(database, "select 1");
    database.psql("alter database " + database.name + " set default_transaction_read_only = on");
    const auto fenced = database->change("fence", read_only);
    REQUIRE(fenced.ok());
    CHECK_FALSE(fenced.already_so);
    CHECK_FALSE(fenced.value()["changed"].boolean());
    CHECK(writer.was_ended());
    CHECK(database->change("fence", read_only).already_so);
    CHECK(database->count("items") == 5);
}

TEST_CASE("lets_nobody_in_and_goes_back_to_the_fence_before") {
    if (!has_postgres()) return;
    PostgresUnderTest database;
    database->fill();
    REQUIRE(database->change("fence", read_only).ok());
    OtherClient other(database, "select 1");
    const auto shut = database->change("fence", disconnect);
    INFO(shut.message());
    REQUIRE(shut.ok());
    CHECK(other.was_ended());
    for (const char* sql : {"select 1", "begin read write; delete from items; commit"})
        CHECK(database.psql(sql).find("not currently accepting") != std::string::npos);
    CHECK(database->observe("status").error().code == "fenced");
    CHECK(database->change("fence", disconnect).already_so);
    REQUIRE(database->rig->undo(shut).ok());
    CHECK(database.psql("insert into items values (50)").find("read-only") != std::string::npos);
    REQUIRE(database->change("fence", disconnect).ok());
    const auto open = database->change("unfence");
    REQUIRE(open.ok());
    CHECK(open.value()["how_before"].text() == "disconnect");
    CHECK(database.psql("insert into items values (50)") == "");
    CHECK(database->change("fence", {{"how", "stop"}}).code() == "not_supported");
    CHECK(database->change("fence", {{"how", "network"}}).message().find("\"disconnect\"") !=
          std::string::npos);
}

TEST_CASE("refuses_a_fence_that_somebody_would_write_past") {
    if (!has_postgres()) return;
    PostgresUnderTest database;
    database->fill();
    const std::string settings =
        "select count(*) from pg_db_role_setting s join pg_database d on "
        "d.oid = s.setdatabase and s.setrole = 0 where d.datname = "
        "current_database()";
    SUBCASE("by_a_prepared_transaction") {
        database.psql("begin; insert into items values (60); prepare transaction 'half done'");
        const auto refused = database->change("fence", read_only);
        CHECK(refused.code() == "fence_failed");
        CHECK(refused.message().find("half done") != std::string::npos);
        CHECK(database.psql(settings) == "0");
        REQUIRE(database->change("fence", disconnect).ok());
        CHECK(database.psql("commit prepared 'half done'").find("not currently accepting") !=
              std::string::npos);
        REQUIRE(database->change("unfence").ok());
        CHECK(database.psql("rollback prepared 'half done'") == "");
    }
    SUBCASE("by_a_role_of_its_own_mind") {
        const std::string role = make_role("stubborn");
        database.psql("alter role stubborn set default_transaction_read_only = off");
        const auto refused = database->change("fence", read_only);
        CHECK(refused.code() == "fence_failed");
        CHECK(refused.message().find("stubborn") != std::string::npos);
        CHECK(database.psql(settings) == "0");
        drop_role(role);
        CHECK(database->change("fence", read_only).ok());
    }
    SUBCASE("by_a_login_that_always_asks_for_writing") {
        const auto rig = open_postgres(shared_server().url(database.name) +
                                       "?options=-cdefault_transaction_read_only%3Doff");
        const auto refused = rig->change("fence", read_only);
        CHECK(refused.code() == "fence_failed");
        CHECK(refused.left_some);
        CHECK(refused.message().find("It succeeded") != std::string::npos);
        REQUIRE(rig->change("unfence").ok());
        CHECK(database.psql("insert into items values (61)") == "");
    }
}

TEST_CASE("an_owner_who_is_no_superuser_fences_and_counts_on_nothing") {
    if (!has_postgres()) return;
    PostgresUnderTest database;
    database->fill();
    const std::string role = make_role("owning", "in role pg_signal_backend");
    const std::string app = make_role("writing");
    database.psql("alter database " + database.name + " owner to owning");
    database.psql("grant create on schema public to owning; grant all on items to writing");
    const auto rig = open_postgres(shared_server().url(database.name, role));
    const auto write = [&](int id) {
        return shared_server().psql(database.name,
                                    "insert into items values (" + std::to_string(id) + ")", app);
    };
    CHECK(write(70) == "");
    const auto fenced = rig->change("fence", read_only);
    INFO(fenced.message());
    REQUIRE(fenced.ok());
    CHECK(write(71).find("read-only") != std::string::npos);
    const auto again = rig->change("fence", read_only);
    CHECK_FALSE(again.already_so);
    REQUIRE(again.ok());
    CHECK_FALSE(again.value()["changed"].boolean());
    REQUIRE(rig->change("fence", disconnect).ok());
    CHECK(write(72).find("not currently accepting") != std::string::npos);
    REQUIRE(rig->change("unfence").ok());
    CHECK(write(73) == "");
    // A superuser's session is not its to end: it cannot say that nobody writes.
    OtherClient admin(database, "select 1");
    const auto refused = rig->change("fence", disconnect);
    CHECK(refused.code() == "not_allowed");
    CHECK(refused.left_some);
    REQUIRE(database->change("fence", disconnect).ok());
    CHECK(admin.was_ended());
    REQUIRE(rig->change("unfence").ok());
    database.psql("revoke all on items from writing; drop owned by owning cascade");
    database.psql("alter database " + database.name + " owner to admin");
    database.psql("revoke all on schema public from owning");
    drop_role(role);
    drop_role(app);
}

TEST_CASE("says_that_it_cannot_tell_a_server_which_does_not_answer") {
    if (!has_postgres()) return;
    PostgresServer server;
    const auto replica = PostgresServer::make_replica(server);
    const auto copy = open_postgres(replica->url("postgres"));
    CHECK(copy->change("fence", read_only).code() == "wrong_role");
    const auto rig = open_postgres(server.url("postgres"));
    auto fenced = rig->change("fence", read_only);
    REQUIRE(fenced.ok());
    server.kill();
    for (const char* how : {"read_only", "disconnect"}) {
        const auto refused = rig->change("fence", {{"how", how}});
        CHECK(refused.code() == "unreachable");
        CHECK(refused.message().find("person") != std::string::npos);
    }
    CHECK(rig->change("unfence").code() == "unreachable");
    // A crash takes no fence away.
    server.start();
    CHECK(rig->change("fence", read_only).already_so);
    CHECK(rig->rig->undo(fenced).ok());
}

TEST_CASE("a_promotion_lifts_the_fence_that_came_from_the_old_primary") {
    if (!has_postgres()) return;
    PostgresServer primary;
    const std::string database = primary.make_database();
    const auto replica = PostgresServer::make_replica(primary);
    const auto rig = open_postgres(primary.url(database));
    rig->fill();
    for (const char* how : {"read_only", "disconnect"})
        REQUIRE(rig->change("fence", {{"how", how}}).ok());
    const auto copy = open_postgres(replica->url(database));
    const auto caught = copy->observe("wait_caught_up", {{"within", "20s"}});
    INFO((caught.ok() ? "" : caught.error().message));
    REQUIRE(caught.ok());
    CHECK(copy->observe("status").error().code == "fenced");
    // As after a host that died between the promotion and the fence's end.
    Change promoted;
    promoted.call = *copy->rig->make_call(copy->target, "promote", {});
    replica->psql("postgres", "select pg_promote()");
    CHECK(copy->rig->look(promoted).kind == Sighting::Kind::did_not);
    copy->rig->act(promoted);
    INFO(promoted.message());
    REQUIRE(promoted.ok());
    CHECK(copy->rig->look(promoted).kind == Sighting::Kind::happened);
    CHECK(replica->psql(database, "insert into items values (80)") == "");
    CHECK(primary.psql(database, "select 1").find("not currently accepting") != std::string::npos);
}

}  // namespace perilune::test
