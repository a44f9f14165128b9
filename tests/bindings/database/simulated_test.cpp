// The simulated database: the family's suite, and what a test can see and do from outside.
#include "tests/bindings/database/database_conformance.h"
#include "tests/bindings/database/simulated_rig.h"

namespace perilune::test {

TEST_CASE("a_simulated_database_passes_the_database_conformance_suite") {
    run_database_conformance([] { return make_simulated_database(); });
}

TEST_CASE("a_simulated_database_has_the_handlers_that_its_rows_ask_for") {
    const auto rig = make_simulated_database();
    for (const auto& [name, handler] : rig->rig->driver(rig->target).operations) {
        const Operation* row = database_family.operation(name);
        REQUIRE(row);
        CAPTURE(name);
        CHECK(bool(handler.observe) == (row->effect == Effect::observe));
        CHECK(bool(handler.act) == (row->effect == Effect::change));
        CHECK(bool(handler.look) == (row->recovery == Recovery::look));
    }
}

TEST_CASE("shows_tables_and_rows_without_its_own_book_keeping") {
    const auto rig = make_simulated_database();
    rig->fill();
    CHECK(rig->look()["rows"] == Value(Map{{"items", 5}}));
    CHECK(rig->look()["tables"]["items"].list()[1]["name"].text() == "item 2");
    CHECK(rig->look()["role"].text() == "primary");
    CHECK(rig->look()["writable"].boolean());
    CHECK(rig->look()["commits"].number() == 1);
    const auto other = rig->control("execute", {{"sql", "delete from items where id < 3"}});
    CHECK((*other)["rows"].number() == 2);
    CHECK(rig->count("items") == 3);
    CHECK(rig->control("execute", {{"sql", "delete from none"}}).error().code == "sql_failed");
    CHECK(rig->control("replicat").error().message.find("replicate") != std::string::npos);
}

TEST_CASE("the_same_history_gives_the_same_bytes") {
    const auto digest_of = [] {
        const auto rig = make_simulated_database();
        rig->control("execute", {{"sql", "create table t (x); insert into t values (1), (2)"}});
        return to_json(rig->look());
    };
    CHECK(digest_of() == digest_of());
}

TEST_CASE("a_lost_answer_is_cleared_up_by_looking") {
    const auto rig = make_simulated_database();
    rig->fill();
    rig->add_fault(SimulatedFault::Kind::after, "execute");
    auto change = rig->execute("update items set size = size + 1");
    CHECK(change.code() == "connection_lost");
    CHECK(rig->rig->look(change).kind == Sighting::Kind::happened);
    rig->rig->act(change);
    CHECK(rig->query("select size from items where id = 1") == R"([{"size":11}])");
    rig->add_fault(SimulatedFault::Kind::before, "execute");
    change = rig->execute("update items set size = size + 1");
    CHECK(rig->rig->look(change).kind == Sighting::Kind::did_not);
}

TEST_CASE("a_server_that_does_not_answer_is_waited_for") {
    const auto rig = make_simulated_database();
    rig->fill();
    REQUIRE(rig->control("fail").ok());
    CHECK_FALSE(rig->look()["reachable"].boolean());
    CHECK(rig->observe("status").error().code == "connection_refused");
    const auto change = rig->execute("delete from items");
    CHECK(change.code() == "connection_refused");
    CHECK(change.result.error().retry == Retry::safe);
    CHECK(rig->control("execute", {{"sql", "delete from items"}}).error().code ==
          "connection_refused");
    const double since_s = boot_now_s();
    CHECK(rig->observe("wait_ready", {{"within", "1m"}}).error().code == "timed_out");
    CHECK(boot_now_s() - since_s == doctest::Approx(60).epsilon(0.02));
    rig->rig->services().loop.start_timer(boot_now_s() + 20,
                                          [&] { rig->control("recover").value(); });
    const double again_s = boot_now_s();
    CHECK(rig->observe("wait_ready", {{"within", "1m"}}).ok());
    CHECK(boot_now_s() - again_s == doctest::Approx(20).epsilon(0.02));
    CHECK(rig->count("items") == 5);
}

TEST_CASE("damage_is_named_by_the_integrity_check_and_ended_by_a_restore") {
    const auto rig = make_simulated_database();
    rig->fill();
    REQUIRE(rig->backup("good").ok());
    REQUIRE(rig->control("damage", {{"table", "items"}}).ok());
    const auto checked = rig->observe("check_integrity");
    REQUIRE_FALSE(checked.ok());
    CHECK(checked.error().code == "check_failed");
    CHECK(checked.error().detail.list()[0]["name"].text() == "structure");
    CHECK(rig->query("select * from items") == "damaged");
    // A backup of damaged data would take the place of a good one.
    CHECK_FALSE(rig->backup("bad").ok());
    // What lies on other pages can still be written, and heals nothing.
    CHECK(rig->execute("create table other (x)").ok());
    CHECK_FALSE(rig->observe("check_integrity").ok());
    REQUIRE(rig->change("restore", {{"backup", rig->id("good")}}).ok());
    CHECK(rig->observe("check_integrity", {{"level", "full"}}).ok());
    CHECK(rig->count("items") == 5);
}

TEST_CASE("pauses_between_batches_on_the_worlds_clock") {
    const auto rig = make_simulated_database();
    rig->fill();
    const std::string sql =
        "delete from items where id in (select id from items limit :batch_rows)";
    const double since_s = boot_now_s();
    const auto done = rig->change(
        "execute_batches", {{"sql", sql}, {"batch_rows", 1}, {"pause", 10}, {"rows_max", 10}});
    CHECK(done.value()["batches"].number() == 5);
    CHECK(boot_now_s() - since_s == doctest::Approx(50).epsilon(0.02));
}

TEST_CASE("creates_an_index_once_and_takes_it_back") {
    const auto rig = make_simulated_database();
    rig->fill();
    auto made = rig->change("create_index",
                            {{"name", "by_name"}, {"sql", "create index by_name on items (name)"}});
    REQUIRE_MESSAGE(made.ok(), made.message());
    CHECK(made.value()["size_bytes"].number() > 0);
    CHECK(rig->rig->look(made).value == made.value());
    rig->rig->act(made);
    CHECK(made.ok());
    CHECK(rig->change("create_index",
                      {{"name", "by_name"}, {"sql", "create index by_name on items (name)"}})
              .already_so);
    CHECK(rig->change("reindex").value()["indexes"] == Value(List{"by_name"}));
    CHECK(rig->rig->undo(made).ok());
    CHECK(rig->change("reindex").value()["indexes"] == Value(List{}));
    const auto wrong = rig->change(
        "create_index", {{"name", "other"}, {"sql", "create index by_name on items (name)"}});
    CHECK(wrong.code() == "bad_argument");
    CHECK(rig->change("reindex").value()["indexes"] == Value(List{}));
}

TEST_CASE("ends_sessions_and_sets_what_the_provider_sets") {
    const auto rig = make_simulated_database();
    rig->control("connect", {{"user", "app"}, {"client", "10.0.0.1"}}).value();
    rig->control("connect", {{"user", "report"}, {"sql", "select 1"}}).value();
    rig->pass(30);
    CHECK(rig->observe("sessions")->list().size() == 2);
    CHECK(rig->observe("sessions", {{"active_for", 10}})->list()[0]["user"].text() == "report");
    CHECK(rig->change("end_sessions", {{"idle_for", 60}}).already_so);
    CHECK(rig->change("end_sessions", {{"user", "app"}}).value()["sessions"].number() == 1);
    CHECK(rig->observe("sessions")->list().size() == 1);
    const auto pool = rig->change("set_pool", {{"connections", 50}});
    CHECK(rig->look()["pool"].number() == 50);
    CHECK(rig->rig->undo(pool).ok());
    CHECK(rig->look()["pool"].number() == 20);
    REQUIRE(rig->change("resize", {{"class", "large"}, {"storage", "1GiB"}}).ok());
    CHECK(rig->look()["size"]["class"].text() == "large");
    CHECK(rig->look()["size"]["storage_bytes"].number() == 1073741824.0);
}

}  // namespace perilune::test
