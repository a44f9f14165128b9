// A primary and its streaming replica: how far it is behind, its promotion, and what it refuses.
#include "tests/bindings/database/postgres_rig.h"

namespace perilune::test {

TEST_CASE("follows_a_primary_and_takes_its_place_when_it_is_killed") {
    if (!has_postgres()) return;
    PostgresServer primary;
    primary.psql("postgres", "create table t (id int); insert into t values (1)");
    const auto replica = PostgresServer::make_replica(primary);
    const auto rig = open_postgres(replica->url("postgres"));
    const auto old = open_postgres(primary.url("postgres"));
    CHECK((*rig->observe("status"))["role"].text() == "replica");
    CHECK_FALSE((*rig->observe("status"))["writable"].boolean());
    CHECK(rig->execute("delete from t").code() == "read_only");
    CHECK(rig->observe("wait_writable", {{"within", "300ms"}}).error().code == "timed_out");
    CHECK(old->observe("lag").error().code == "wrong_role");
    CHECK(old->change("promote").already_so);

    const auto lag = rig->observe("wait_caught_up", {{"within", "20s"}});
    REQUIRE(lag.ok());
    CHECK((*lag)["connected"].boolean());
    CHECK((*lag)["idle"].boolean());
    // It receives and does not replay.
    replica->psql("postgres", "select pg_wal_replay_pause()");
    primary.psql("postgres", "insert into t select generate_series(2, 5000)");
    const auto late = rig->observe("wait_caught_up", {{"within", "1s"}});
    REQUIRE_FALSE(late.ok());
    CHECK(late.error().code == "timed_out");
    CHECK((*rig->observe("lag"))["behind_bytes"].number() > 100000);
    CHECK(rig->observe("wait_caught_up", {{"within", "1s"}, {"behind_max", "1GiB"}}).ok());
    replica->psql("postgres", "select pg_wal_replay_resume()");
    CHECK(rig->observe("wait_caught_up", {{"within", "20s"}}).ok());
    CHECK((*rig->observe("lag"))["replayed_at"].number() > 1.7e9);

    Change never;
    never.call = *rig->rig->make_call(rig->target, "promote", {});
    CHECK(rig->rig->look(never).kind == Sighting::Kind::did_not);
    CHECK(replica->psql("postgres", "select pg_is_in_recovery()") == "t");

    primary.kill();
    auto promoted = rig->change("promote");
    INFO(promoted.message());
    REQUIRE(promoted.ok());
    CHECK(promoted.value()["timeline"].number() == 2);
    CHECK(promoted.value()["primary_before"].text() ==
          "127.0.0.1:" + std::to_string(primary.port()));
    CHECK(replica->psql("postgres", "select pg_is_in_recovery(), count(*) from t") == "f|5000");
    CHECK(rig->rig->look(promoted).value == promoted.value());
    rig->rig->act(promoted);
    CHECK(promoted.value()["timeline"].number() == 2);
    CHECK(rig->change("promote").already_so);
    CHECK(rig->execute("delete from t").ok());
    CHECK(replica->psql("postgres", "select count(*) from t") == "0");
}

}  // namespace perilune::test
