// Primaries and replicas of a simulated world: lag, lost writes, fences and two primaries at once.
#include "tests/bindings/database/simulated_rig.h"

namespace perilune::test {

namespace {

// "under-test" is the primary, with rows; "replica" follows it ten seconds late.
std::unique_ptr<SimulatedDatabaseRig> make_pair_of_servers() {
    auto rig = make_simulated_database();
    rig->fill();
    rig->add("replica");
    rig->control_of("replica", "replicate", {{"from", "database/under-test"}, {"behind", 10}})
        .value();
    return rig;
}

double writers(SimulatedDatabaseRig& rig) {
    return static_cast<double>(rig.look()["writable"].boolean()) +
           static_cast<double>(rig.look("replica")["writable"].boolean());
}

}  // namespace

TEST_CASE("a_replica_shows_the_primarys_rows_as_late_as_it_is") {
    const auto rig = make_pair_of_servers();
    CHECK(rig->rows("items", "replica") == 5);
    REQUIRE(rig->execute("delete from items where id = 1").ok());
    CHECK(rig->rows("items") == 4);
    CHECK(rig->rows("items", "replica") == 5);
    const auto lag = rig->observe_of("replica", "lag");
    CHECK((*lag)["behind_bytes"].number() > 0);
    CHECK((*lag)["connected"].boolean());
    CHECK_FALSE((*lag)["idle"].boolean());
    const double since_s = boot_now_s();
    const auto caught = rig->observe_of("replica", "wait_caught_up", {{"within", "1m"}});
    REQUIRE(caught.ok());
    CHECK((*caught)["idle"].boolean());
    CHECK(boot_now_s() - since_s == doctest::Approx(10).epsilon(0.05));
    CHECK(rig->rows("items", "replica") == 4);
    CHECK(rig->observe("lag").error().code == "wrong_role");
}

TEST_CASE("a_replica_takes_no_writes_and_no_restore") {
    const auto rig = make_pair_of_servers();
    const auto status = rig->observe_of("replica", "status");
    CHECK((*status)["role"].text() == "replica");
    CHECK_FALSE((*status)["writable"].boolean());
    CHECK(rig->change_of("replica", "execute", {{"sql", "delete from items"}}).code() ==
          "read_only");
    CHECK(rig->control_of("replica", "execute", {{"sql", "delete from items"}}).error().code ==
          "read_only");
    CHECK(rig->change_of("replica", "restore", {{"at", wall_now_s()}}).code() == "wrong_role");
    CHECK(rig->observe_of("replica", "counts", {{"tables", List{"items"}}}).ok());
    CHECK(rig->control("replicate", {{"from", "database/replica"}}).error().code == "bad_argument");
}

TEST_CASE("what_a_dead_primary_had_not_sent_is_lost_by_promoting") {
    const auto rig = make_pair_of_servers();
    rig->pass(60);
    REQUIRE(rig->execute("delete from items where id = 1").ok());
    rig->pass(11);
    REQUIRE(rig->execute("delete from items where id = 2").ok());
    rig->control("fail").value();
    // No time brings what never came.
    rig->pass(3600);
    CHECK(rig->rows("items", "replica") == 4);
    const auto lag = rig->observe_of("replica", "lag");
    CHECK_FALSE((*lag)["connected"].boolean());
    CHECK((*lag)["behind_bytes"].number() > 0);
    CHECK(rig->observe_of("replica", "wait_caught_up", {{"within", 5}}).error().code ==
          "timed_out");
    const auto promoted = rig->change_of("replica", "promote");
    REQUIRE(promoted.ok());
    CHECK(promoted.value()["primary_before"].text() == "database/under-test");
    CHECK(promoted.value()["timeline"].number() == 2);
    CHECK(promoted.value()["lost_bytes"] == (*lag)["behind_bytes"]);
    CHECK(rig->rows("items", "replica") == 4);
    CHECK(rig->observe_of("replica", "wait_writable", {{"within", 5}}).ok());
    CHECK(rig->change_of("replica", "execute", {{"sql", "delete from items"}}).ok());
    CHECK(writers(*rig) == 1);
    CHECK(rig->change_of("replica", "promote").already_so);
}

TEST_CASE("a_lost_answer_of_promote_is_cleared_up_by_looking") {
    const auto rig = make_pair_of_servers();
    rig->add_fault(SimulatedFault::Kind::before, "promote", "replica");
    auto promoted = rig->change_of("replica", "promote");
    CHECK(rig->rig->look(promoted).kind == Sighting::Kind::did_not);
    rig->add_fault(SimulatedFault::Kind::after, "promote", "replica");
    rig->rig->act(promoted);
    CHECK_FALSE(promoted.ok());
    const auto seen = rig->rig->look(promoted);
    CHECK(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["primary_before"].text() == "database/under-test");
}

TEST_CASE("two_primaries_that_take_writes_show") {
    const auto rig = make_pair_of_servers();
    // Its clients still reach it; the host and the replica do not.
    rig->control("isolate").value();
    CHECK(rig->observe("status").error().code == "connection_refused");
    CHECK(rig->change("fence", {{"how", "read_only"}}).code() == "connection_refused");
    REQUIRE(rig->change_of("replica", "promote").ok());
    CHECK(writers(*rig) == 2);
    CHECK(rig->control("execute", {{"sql", "insert into items (id) values (77)"}}).ok());
    REQUIRE(rig->change_of("replica", "execute", {{"sql", "delete from items"}}).ok());
    CHECK(rig->rows("items") == 6);
    CHECK(rig->rows("items", "replica") == 0);
}

TEST_CASE("a_fence_by_the_provider_reaches_a_server_that_the_host_does_not") {
    for (const char* how : {"network", "stop"}) {
        CAPTURE(how);
        const auto rig = make_pair_of_servers();
        rig->control("isolate").value();
        const auto fenced = rig->change("fence", {{"how", how}});
        REQUIRE(fenced.ok());
        CHECK_FALSE(rig->control("execute", {{"sql", "delete from items"}}).ok());
        REQUIRE(rig->change_of("replica", "promote").ok());
        CHECK(writers(*rig) == 1);
        rig->control("recover").value();
        CHECK(writers(*rig) == 1);
        CHECK(rig->observe("status").error().code == "connection_refused");
        CHECK(rig->rig->undo(fenced).ok());
        CHECK(writers(*rig) == 2);
    }
}

TEST_CASE("a_fence_stops_replication_where_it_cuts_the_server_off_and_only_there") {
    const auto rig = make_pair_of_servers();
    REQUIRE(rig->change("fence", {{"how", "read_only"}}).ok());
    CHECK((*rig->observe_of("replica", "lag"))["connected"].boolean());
    const auto harder = rig->change("fence", {{"how", "network"}});
    REQUIRE(harder.ok());
    CHECK_FALSE((*rig->observe_of("replica", "lag"))["connected"].boolean());
    // Undo goes back to the fence before.
    CHECK(rig->rig->undo(harder).ok());
    CHECK(rig->look()["fenced"].text() == "read_only");
    CHECK((*rig->observe_of("replica", "lag"))["connected"].boolean());
    REQUIRE(rig->change("fence", {{"how", "disconnect"}}).ok());
    CHECK(rig->query("select 1 as one") == "connection_refused");
    CHECK(rig->change("unfence").value()["how_before"].text() == "disconnect");
    CHECK(rig->count("items") == 5);
}

TEST_CASE("an_old_primary_rejoins_and_what_only_it_had_is_gone") {
    const auto rig = make_pair_of_servers();
    rig->control("fail").value();
    REQUIRE(rig->change_of("replica", "promote").ok());
    rig->control("recover").value();
    CHECK(writers(*rig) == 2);
    CHECK(rig->control("execute", {{"sql", "insert into items (id) values (77)"}}).ok());
    auto joined = rig->change("rejoin", {{"primary", "database/replica"}});
    REQUIRE_MESSAGE(joined.ok(), joined.message());
    CHECK(writers(*rig) == 1);
    CHECK(rig->rows("items") == 5);
    CHECK(rig->look()["timeline"].number() == 2);
    CHECK(rig->rig->look(joined).kind == Sighting::Kind::happened);
    CHECK(rig->change("rejoin", {{"primary", "database/replica"}}).already_so);
    REQUIRE(rig->change_of("replica", "execute", {{"sql", "delete from items"}}).ok());
    CHECK(rig->rows("items") == 0);
    CHECK(rig->change_of("replica", "rejoin", {{"primary", "database/under-test"}}).code() ==
          "bad_argument");
}

TEST_CASE("damage_of_a_primarys_disk_is_not_replicated") {
    const auto rig = make_pair_of_servers();
    rig->control("damage").value();
    REQUIRE(rig->execute("create table other (x)").ok());
    rig->pass(11);
    CHECK_FALSE(rig->observe("check_integrity").ok());
    CHECK(rig->observe_of("replica", "check_integrity").ok());
    CHECK(rig->rows("other", "replica") == 0);
}

}  // namespace perilune::test
