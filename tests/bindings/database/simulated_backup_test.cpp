// Backups of simulated databases: old, cut and damaged ones, moments of the past, and deaths of the
// host while a backup is made.
#include "tests/bindings/database/simulated_rig.h"

namespace perilune::test {

namespace {

std::unique_ptr<SimulatedDatabaseRig> make_with_bucket(const Map& settings = {}) {
    auto rig = make_simulated_database(settings);
    rig->add_bucket();
    rig->fill();
    return rig;
}

Result<Value> verify(SimulatedDatabaseRig& rig, const std::string& key) {
    return rig.observe("verify_backup", {{"backup", rig.id(key)}});
}

}  // namespace

TEST_CASE("backups_lie_in_the_bucket_that_the_settings_name") {
    const auto rig = make_with_bucket();
    REQUIRE(rig->backup("daily/1").ok());
    const Value objects = rig->world().find("storage/backups")->look()["objects"];
    CHECK(objects.map().size() == 2);
    CHECK(objects.has("daily/1.manifest.json"));
    CHECK(rig->look()["backups"].list()[0]["key"].text() == "daily/1");
    REQUIRE(rig->execute("delete from items").ok());
    REQUIRE(rig->change("restore", {{"backup", rig->id("daily/1")}}).ok());
    CHECK(rig->rows("items") == 5);
}

TEST_CASE("old_damaged_and_cut_backups_are_found_out_by_verifying") {
    const auto rig = make_with_bucket();
    for (const char* key : {"rotten", "cut", "old"})
        REQUIRE(rig->control("backup", {{"key", key}}).ok());
    CHECK(verify(*rig, "rotten").ok());
    REQUIRE(rig->control("corrupt_backup", {{"key", "rotten"}}).ok());
    // The bucket still states the digest that it noted: only reading finds it out.
    CHECK(rig->observe("list_backups")->list()[0]["state"].text() == "complete");
    CHECK(verify(*rig, "rotten").error().code == "check_failed");
    CHECK(rig->change("restore", {{"backup", rig->id("rotten")}}).code() == "check_failed");
    REQUIRE(rig->control("truncate_backup", {{"key", "cut"}}).ok());
    CHECK(verify(*rig, "cut").error().code == "check_failed");
    REQUIRE(rig->control("age_backup", {{"key", "old"}, {"by", 86400}}).ok());
    const auto listed = rig->observe("list_backups");
    CHECK(listed->list().back()["key"].text() == "old");
    CHECK(wall_now_s() - listed->list().back()["at"].number() > 86400);
    CHECK(verify(*rig, "old").ok());
    CHECK(rig->control("age_backup", {{"key", "none"}, {"by", 1}}).ok() == false);
}

TEST_CASE("goes_back_to_any_moment_of_the_kept_history") {
    const auto rig = make_with_bucket();
    rig->pass(60);
    const double before_s = wall_now_s();
    rig->pass(60);
    REQUIRE(rig->execute("delete from items").ok());
    const auto window = rig->observe("restore_window");
    CHECK((*window)["from_at"].number() < before_s);
    CHECK((*window)["to_at"].number() == doctest::Approx(wall_now_s()));
    const auto restored = rig->change("restore", {{"at", before_s}});
    REQUIRE_MESSAGE(restored.ok(), restored.message());
    CHECK(restored.value()["data_until_at"].number() == before_s);
    CHECK(rig->rows("items") == 5);
    CHECK(rig->rig->undo(restored).ok());
    CHECK(rig->rows("items") == 0);
    // Beyond the history only backups help, and here are none.
    rig->control("history", {{"seconds", 10}}).value();
    CHECK(rig->change("restore", {{"at", before_s}}).code() == "not_found");
    rig->control("history", {{"seconds", 0}}).value();
    CHECK(rig->observe("restore_window")->is_nil());
}

TEST_CASE("a_host_that_dies_while_a_backup_is_made_leaves_a_claim_and_no_backup") {
    const auto rig = make_with_bucket();
    rig->control("pace", {{"backup", 3600}}).value();
    auto call =
        rig->rig->make_call(rig->target, "backup", {{"to", "storage/backups"}, {"key", "daily"}});
    call->key = "0123456789abcdef";
    call->deadline_s = boot_now_s() + 100;
    {
        // The task is let go of in the middle, as a dead host's is.
        const Value before;
        auto task = rig->rig->driver(rig->target).operations.at("backup").act(*call, before);
        auto& loop = dynamic_cast<VirtualLoop&>(rig->rig->services().loop);
        std::optional<Outcome> ended;
        start_task(std::move(task), [&](Outcome outcome) { ended = std::move(outcome); });
        loop.run_until(boot_now_s() + 10);
        CHECK_FALSE(ended.has_value());
        CHECK(rig->observe("list_backups")->list()[0]["state"].text() == "running");
        Change lost;
        lost.call = *call;
        CHECK(rig->rig->look(lost).kind == Sighting::Kind::did_not);
        CHECK(verify(*rig, "daily").error().code == "check_failed");
        call->cancel->ask();
        loop.run_until(boot_now_s() + 1);
        REQUIRE(ended.has_value());
        CHECK(ended->error.code == "cancelled");
    }
    CHECK(rig->observe("list_backups")->list().empty());
}

TEST_CASE("a_backup_or_restore_that_takes_too_long_changes_nothing") {
    const auto rig = make_with_bucket();
    REQUIRE(rig->backup("good").ok());
    REQUIRE(rig->execute("delete from items").ok());
    rig->control("pace", {{"backup", 200}, {"restore", 200}}).value();
    const Map to = {{"to", "storage/backups"}, {"key", "late"}};
    const double since_s = boot_now_s();
    CHECK(rig->change("backup", to).code() == "timed_out");
    CHECK(boot_now_s() - since_s < 121);
    CHECK(rig->observe("list_backups")->list().size() == 1);
    CHECK(rig->change("restore", {{"backup", rig->id("good")}}).code() == "timed_out");
    CHECK(rig->rows("items") == 0);
    CHECK(rig->look()["copies"].list().empty());
}

TEST_CASE("a_bucket_that_loses_the_connection_gets_no_backup") {
    const auto rig = make_with_bucket();
    rig->world().find("storage/backups")->control("cut_upload", Value(Map{})).value();
    const auto failed = rig->backup("daily");
    CHECK_FALSE(failed.ok());
    const auto listed = rig->observe("list_backups");
    for (const auto& backup : listed->list())
        CHECK(backup["state"].text() != "complete");
    CHECK(rig->backup("daily", {{"overwrite", "replace"}}).ok());
    CHECK(verify(*rig, "daily").ok());
}

TEST_CASE("a_backup_shows_in_a_late_list_only_later") {
    const auto rig = make_with_bucket();
    rig->world()
        .find("storage/backups")
        ->control("lists_after", Value(Map{{"seconds", 60}}))
        .value();
    REQUIRE(rig->backup("daily").ok());
    CHECK(rig->observe("list_backups")->list().empty());
    CHECK(verify(*rig, "daily").ok());
    rig->pass(61);
    CHECK(rig->observe("list_backups")->list().size() == 1);
}

TEST_CASE("snapshots_are_kept_beside_the_data_for_as_long_as_asked") {
    const auto rig = make_with_bucket();
    auto made = rig->change("snapshot", {{"name", "before-upgrade"}, {"keep", "1h"}});
    REQUIRE(made.ok());
    CHECK(made.value()["kind"].text() == "snapshot");
    CHECK(rig->rig->look(made).value == made.value());
    rig->rig->act(made);
    CHECK(made.ok());
    CHECK(rig->change("snapshot", {{"name", "before-upgrade"}}).code() == "already_exists");
    REQUIRE(rig->execute("delete from items").ok());
    const Value id = made.value()["id"];
    CHECK(rig->observe("verify_backup", {{"backup", id}}).ok());
    REQUIRE(rig->change("restore", {{"backup", id}, {"keep_previous", 0}}).ok());
    CHECK(rig->rows("items") == 5);
    rig->pass(3700);
    CHECK(rig->observe("list_backups", {{"kind", "snapshot"}})->list().empty());
    CHECK(rig->change("restore", {{"backup", id}}).code() == "not_found");
}

TEST_CASE("lost_data_comes_back_by_a_restore_and_then_there_is_nothing_to_keep") {
    const auto rig = make_with_bucket();
    REQUIRE(rig->backup("daily").ok());
    rig->control("lose").value();
    CHECK(rig->observe("status").error().code == "not_found");
    CHECK_FALSE(rig->look()["writable"].boolean());
    const auto restored = rig->change("restore", {{"backup", rig->id("daily")}});
    REQUIRE_MESSAGE(restored.ok(), restored.message());
    CHECK_FALSE(restored.value().has("previous"));
    CHECK(rig->rows("items") == 5);
}

TEST_CASE("clones_another_databases_backup_where_its_data_may_go") {
    const auto rig = make_with_bucket();
    REQUIRE(rig->backup("daily").ok());
    rig->add("drill", {{"disposable", true}});
    const Map from = {{"from", "database/under-test"}, {"backup", rig->id("daily")}};
    CHECK(rig->change("clone", from).code() == "not_allowed");
    const auto cloned = rig->change_of("drill", "clone", from);
    REQUIRE_MESSAGE(cloned.ok(), cloned.message());
    CHECK(rig->rows("items", "drill") == 5);
    CHECK(rig->change("drop").code() == "not_allowed");
    CHECK(rig->change_of("drill", "drop").value()["changed"].boolean());
    CHECK(rig->look("drill")["absent"].boolean());
    CHECK(rig->change_of("drill", "drop").already_so);
}

TEST_CASE("a_lost_answer_of_restore_is_cleared_up_by_looking_and_not_done_twice") {
    const auto rig = make_with_bucket();
    REQUIRE(rig->backup("daily").ok());
    rig->add_fault(SimulatedFault::Kind::after, "restore");
    auto restored = rig->change("restore", {{"backup", rig->id("daily")}});
    CHECK(restored.code() == "connection_lost");
    CHECK(rig->rig->look(restored).kind == Sighting::Kind::happened);
    REQUIRE(rig->execute("delete from items").ok());
    rig->rig->act(restored);
    CHECK(restored.ok());
    CHECK(rig->rows("items") == 0);
}

}  // namespace perilune::test
