// What only servers keep: materialized views, slow statements and the log of a simulated database.
#include "tests/bindings/database/simulated_rig.h"

namespace perilune::test {

TEST_CASE("a_simulated_database_has_every_operation_of_its_family") {
    const auto rig = make_simulated_database();
    for (const auto& row : database_family.operations)
        CHECK_MESSAGE(rig->rig->has(rig->target, std::string(row.name)), std::string(row.name));
}

TEST_CASE("a_materialized_view_shows_old_rows_until_it_is_refreshed") {
    const auto rig = make_simulated_database();
    rig->fill();
    REQUIRE(rig->control("materialize",
                         {{"view", "totals"}, {"sql", "select count(*) as items from items"}})
                .ok());
    REQUIRE(rig->control("execute", {{"sql", "delete from items where id < 3"}}).ok());
    CHECK(rig->query("select items from totals") == R"([{"items":5}])");
    const auto refreshed = rig->change("refresh_views", {{"views", List{"totals"}}});
    REQUIRE_MESSAGE(refreshed.ok(), refreshed.message());
    CHECK(refreshed.value()["views"] == Value(List{"totals"}));
    CHECK(rig->query("select items from totals") == R"([{"items":3}])");
    CHECK(rig->rows("totals") == 1);
    REQUIRE(rig->control("execute", {{"sql", "create view plain as select 1"}}).ok());
    CHECK(rig->change("refresh_views", {{"views", List{"plain"}}}).code() == "not_found");
    // A query that fails leaves what was there.
    REQUIRE(rig->control("execute", {{"sql", "alter table items rename to things"}}).ok());
    REQUIRE(rig->control("execute", {{"sql", "drop table things"}}).ok());
    CHECK_FALSE(rig->change("refresh_views", {{"views", List{"totals"}}}).ok());
    CHECK(rig->query("select items from totals") == R"([{"items":3}])");
    REQUIRE(rig->control("fail").ok());
    CHECK(rig->change("refresh_views", {{"views", List{"totals"}}}).code() == "connection_refused");
}

TEST_CASE("slow_statements_are_listed_slowest_first") {
    const auto rig = make_simulated_database();
    CHECK(rig->observe("slow_queries")->list().empty());
    for (const auto& [sql, mean_s] : {std::pair{"a", 2.0}, {"b", 9.0}, {"c", 0.5}})
        REQUIRE(rig->control("slow_query", {{"sql", sql}, {"mean_s", mean_s}}).ok());
    const auto slow = rig->observe("slow_queries");
    REQUIRE(slow->list().size() == 2);
    CHECK(slow->list()[0]["sql"].text() == "b");
    CHECK(slow->list()[0]["max_s"].number() == 9);
    CHECK(rig->observe("slow_queries", {{"longer_than", "100ms"}, {"limit", 1}})->list().size() ==
          1);
    CHECK(rig->control("slow_query", {{"sql", "a"}}).error().code == "bad_argument");
    REQUIRE(rig->control("fail").ok());
    CHECK(rig->observe("slow_queries").error().code == "connection_refused");
}

TEST_CASE("a_log_is_read_by_time_and_text_also_of_a_server_that_is_down") {
    const auto rig = make_simulated_database();
    const double began_at = wall_now_s();
    REQUIRE(rig->control("log", {{"text", "FATAL: too many connections"}}).ok());
    rig->pass(60);
    REQUIRE(rig->control("log", {{"text", "LOG: ready"}, {"source", "starter"}}).ok());
    REQUIRE(rig->control("fail").ok());
    const auto all = rig->observe("logs", {{"since", began_at}});
    REQUIRE(all->map().at("lines").list().size() == 2);
    CHECK((*all)["lines"].list()[1]["source"].text() == "starter");
    const auto fatal = rig->observe("logs", {{"since", began_at}, {"contains", "FATAL"}});
    CHECK((*fatal)["lines"].list().size() == 1);
    const auto late = rig->observe("logs", {{"since", began_at + 30}});
    CHECK((*late)["lines"].list()[0]["text"].text() == "LOG: ready");
    const auto early = rig->observe("logs", {{"since", began_at}, {"to", began_at + 30}});
    CHECK((*early)["lines"].list().size() == 1);
    const auto newest = rig->observe("logs", {{"since", began_at}, {"lines_max", 1}});
    CHECK((*newest)["truncated"].boolean());
    CHECK((*newest)["lines"].list()[0]["text"].text() == "LOG: ready");
}

}  // namespace perilune::test
