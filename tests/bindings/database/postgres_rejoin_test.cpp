// An old primary that becomes a replica of the new one: wound back, or copied anew.
#include <sys/stat.h>

#include "tests/bindings/database/postgres_rig.h"

namespace perilune::test {

namespace {

// Two servers of one history, and a target for each in one environment.
struct Pair {
    PostgresServer old;
    std::unique_ptr<PostgresServer> next;
    std::unique_ptr<DatabaseRig> rig;
    const std::string old_target = "database/old";
    const std::string next_target = "database/next";

    explicit Pair(const std::string& settings = "")
        : old(PostgresServer::Options{.settings = settings}) {
        old.psql("postgres", "create table t (id int primary key); insert into t values (1)");
        next = PostgresServer::make_replica(old);
        rig = open_postgres(old.url("postgres"));
        add(old_target, old);
        add(next_target, *next);
        const auto caught = rig->rig->observe(next_target, "wait_caught_up", {{"within", "20s"}});
        REQUIRE(caught.ok());
    }
    void add(const std::string& target, const PostgresServer& server) {
        rig->rig->add(target, database_family, postgres_kind,
                      {{"url", make_secret(server.url("postgres"))}, {"data", server.data()}});
    }
    Change rejoin(const std::string& target, const std::string& primary) {
        return rig->rig->change(target, "rejoin", {{"primary", primary}});
    }
    // The old primary dies, and has what nobody else has; the next one goes on.
    void fail_over() {
        next->stop();
        old.psql("postgres", "insert into t values (2)");
        old.kill();
        next->start();
        REQUIRE(rig->rig->change(next_target, "promote").ok());
        next->psql("postgres", "insert into t values (3)");
    }
    // A copy takes the place of the folder; what is wound back stays where it is.
    ino_t folder() const {
        struct stat found {};
        ::stat(old.data().c_str(), &found);
        return found.st_ino;
    }
    std::string rows(const PostgresServer& server) {
        return server.psql("postgres", "select string_agg(id::text, ',' order by id) from t");
    }
    // A row written on the next primary arrives on the old one.
    void check_follows() {
        CHECK(next->psql("postgres", "insert into t values (4)") == "");
        const auto caught = rig->rig->observe(old_target, "wait_caught_up", {{"within", "20s"}});
        REQUIRE(caught.ok());
        for (int i = 0; i < 100 && rows(old) != "1,3,4"; ++i)
            old.psql("postgres", "select pg_sleep(0.05)");
        CHECK(rows(old) == "1,3,4");
        CHECK(
            old.psql("postgres", "select pg_is_in_recovery(), status from pg_stat_wal_receiver") ==
            "t|streaming");
        CHECK(old.psql("postgres", "show port") == std::to_string(old.port()));
        CHECK_FALSE(std::filesystem::exists(old.data() + ".perilune-configuration"));
        CHECK_FALSE(std::filesystem::exists(old.data() + ".perilune-copy"));
    }
};

}  // namespace

TEST_CASE("winds_an_old_primary_back_to_follow_the_new_one") {
    if (!has_postgres()) return;
    Pair pair;
    pair.fail_over();
    CHECK(pair.rows(*pair.next) == "1,3");
    const ino_t folder = pair.folder();
    auto rejoined = pair.rejoin(pair.old_target, pair.next_target);
    INFO(rejoined.message());
    REQUIRE(rejoined.ok());
    CHECK(rejoined.value()["changed"].boolean());
    CHECK(rejoined.value()["connected"].boolean());
    CHECK(pair.folder() == folder);
    pair.check_follows();
    CHECK(pair.rig->rig->look(rejoined).kind == Sighting::Kind::happened);
    const auto again = pair.rejoin(pair.old_target, pair.next_target);
    CHECK(again.already_so);
    CHECK_FALSE(again.value()["changed"].boolean());
    // The way back: the old one takes over again.
    pair.next->kill();
    REQUIRE(pair.rig->rig->change(pair.old_target, "promote").ok());
    const auto back = pair.rejoin(pair.next_target, pair.old_target);
    INFO(back.message());
    REQUIRE(back.ok());
    CHECK(pair.rows(*pair.next) == "1,3,4");
}

TEST_CASE("copies_the_new_primary_where_its_data_cannot_be_wound_back") {
    if (!has_postgres()) return;
    Pair pair("wal_log_hints = off");
    pair.fail_over();
    const ino_t folder = pair.folder();
    auto rejoined = pair.rejoin(pair.old_target, pair.next_target);
    INFO(rejoined.message());
    REQUIRE(rejoined.ok());
    CHECK(pair.folder() != folder);
    pair.check_follows();
}

TEST_CASE("a_rejoin_that_was_cut_short_is_done_again") {
    if (!has_postgres()) return;
    Pair pair;
    pair.fail_over();
    Change cut;
    cut.call =
        *pair.rig->rig->make_call(pair.old_target, "rejoin", {{"primary", pair.next_target}});
    CHECK(pair.rig->rig->look(cut).kind == Sighting::Kind::did_not);
    // As after a host that died with the configuration kept, and the primary's in its place.
    const std::string kept = pair.old.data() + ".perilune-configuration";
    std::filesystem::create_directory(kept);
    for (const char* name : {"postgresql.conf", "conf.d.conf", "pg_hba.conf", "pg_ident.conf"}) {
        std::filesystem::copy(pair.old.data() + "/" + name, kept);
        std::filesystem::copy(pair.next->data() + "/" + name, pair.old.data(),
                              std::filesystem::copy_options::overwrite_existing);
    }
    pair.rig->rig->act(cut);
    INFO(cut.message());
    REQUIRE(cut.ok());
    pair.check_follows();
}

TEST_CASE("refuses_a_rejoin_that_would_throw_the_wrong_data_away") {
    if (!has_postgres()) return;
    Pair pair;
    CHECK(pair.rejoin(pair.next_target, pair.next_target).code() == "bad_argument");
    CHECK(pair.rejoin(pair.old_target, pair.next_target).code() == "wrong_role");
    CHECK(pair.rejoin(pair.old_target, "database/none").code() == "no_such_target");
    const auto unnamed = pair.rejoin(pair.rig->target, pair.old_target);
    CHECK(unnamed.code() == "not_supported");
    CHECK(unnamed.message().find("`data`") != std::string::npos);
    PostgresServer stranger;
    pair.add("database/stranger", stranger);
    CHECK(pair.rejoin("database/stranger", pair.old_target).code() == "wrong_server");
    CHECK(stranger.psql("postgres", "select 1") == "1");
    // The wrong way round: the new primary to the old one.
    REQUIRE(pair.rig->rig->change(pair.next_target, "promote").ok());
    pair.next->psql("postgres", "checkpoint");
    const auto backwards = pair.rejoin(pair.next_target, pair.old_target);
    CHECK(backwards.code() == "wrong_role");
    CHECK(backwards.message().find("newer") != std::string::npos);
    CHECK(pair.next->psql("postgres", "select pg_is_in_recovery()") == "f");
    pair.next->kill();
    CHECK(pair.rejoin(pair.old_target, pair.next_target).code() == "refused");
    CHECK(pair.old.psql("postgres", "select pg_is_in_recovery()") == "f");
}

}  // namespace perilune::test
