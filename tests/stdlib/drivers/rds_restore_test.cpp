// The driver for Amazon RDS against moto with time, read back with boto3: going back.
#include <doctest/doctest.h>

#include "tests/stdlib/drivers/rds_rig.h"

namespace perilune::test {

namespace {

// What is wrong on the way of a restore, and where.
struct Cut {
    const char* name;
    Fault fault;
    bool created;  // Whether the restored instance is there by then.
};

std::vector<Cut> cuts() {
    using Kind = Fault::Kind;
    const std::string data = "RestoreDBInstanceToPointInTime$", name = "ModifyDBInstance$",
                      tags = "AddTagsToResource$";
    return {
        {"the restore was never asked for", {.kind = Kind::drop, .path = data}, false},
        {"the restore's answer is lost", {.path = data}, true},
        {"the old name was not taken away", {.kind = Kind::drop, .path = name}, true},
        {"the answer of taking it away is lost", {.path = name}, true},
        {"the new one did not get the name", {.kind = Kind::drop, .path = name, .skip = 1}, true},
        {"the answer of giving it is lost", {.path = name, .skip = 1}, true},
        {"what was there was not marked", {.kind = Kind::drop, .path = tags}, true},
        {"the answer of marking it is lost", {.path = tags}, true}};
}

// How often the driver has asked for something that was executed.
int executed(const Rds& rds, const std::string& action) {
    int count = 0;
    for (const auto& one : rds.aws->requests("POST", action + "$"))
        count += one["executed"].boolean() && one["status"].number() == 200;
    return count;
}

// "shop" is another instance by now, like the old one, which is kept.
void check_gone_back(const Rds& rds, const Value& old) {
    const Value shop = rds.boto();
    REQUIRE_FALSE(shop.is_nil());
    CHECK(Rds::resource(shop) != Rds::resource(old));
    CHECK(shop["DBInstanceStatus"].text() == "available");
    CHECK(shop["Endpoint"]["Address"] == old["Endpoint"]["Address"]);
    REQUIRE(rds.boto_all().size() == 2);
    for (const auto& one : rds.boto_all())
        if (one["DBInstanceIdentifier"].text() != "shop")
            CHECK(Rds::resource(one) == Rds::resource(old));
}

}  // namespace

TEST_CASE("a_restore_of_rds_serves_the_moment_under_the_old_name_and_undo_brings_back_the_old") {
    if (!has_aws()) return;
    Rds rds;
    const Value old = rds.boto();
    const Value asked = fields("at", rds.then, "keep_previous", "2d");
    const Changed made = rds.done("restore", asked);
    check_gone_back(rds, old);
    CHECK(made.outcome.value["data_until_at"].number() == rds.then);
    CHECK_FALSE(made.outcome.value["moved_endpoint"].boolean());
    CHECK(rds.shows() == show_time(rds.then));
    CHECK(rds.see("status")["writable"].boolean());
    const Value kept = made.outcome.value["previous"];
    CHECK(std::abs(kept["keep_until_at"].number() - wall_now_s() - 2 * 86400) < 60);
    const Value listed = rds.see("list_backups").list().at(0);
    CHECK(listed["id"] == kept["id"]);
    CHECK(listed["state"].text() == "complete");
    // What an undo compares before it takes anything back.
    CHECK_FALSE(made.before.state == made.outcome.after);
    const Changed undone = rds.rig.undo("restore", asked, made);
    REQUIRE_MESSAGE(undone.done(), undone.kind(), " ", undone.error().message);
    CHECK(undone.before.state == made.outcome.after);
    CHECK(Rds::resource(rds.boto()) == Rds::resource(old));
    CHECK(rds.boto_all().size() == 2);
    CHECK(executed(rds, "RestoreDBInstanceToPointInTime") == 1);
}

TEST_CASE("what_takes_an_instance_s_place_is_like_it_and_not_like_aws_s_defaults") {
    if (!has_aws()) return;
    Rds rds;
    rds.done("restore", fields("at", rds.then));
    const Value shop = rds.boto();
    CHECK(Rds::groups(shop) == "sg-admin sg-app");
    CHECK(shop["MultiAZ"].boolean());
    CHECK(shop["DeletionProtection"].boolean());
    CHECK(shop["DBInstanceClass"].text() == "db.m6g.large");
    CHECK(shop["BackupRetentionPeriod"].number() == 7);
    CHECK(shop["DBParameterGroups"].list().at(0)["DBParameterGroupName"].text() == "tuned");
    CHECK(Rds::tag(shop, "team") == "shop");
}

TEST_CASE("a_restore_of_rds_goes_on_wherever_it_was_cut_and_does_nothing_twice") {
    if (!has_aws()) return;
    for (const auto& cut : cuts()) {
        SUBCASE(cut.name) {
            Rds rds;
            const Value old = rds.boto(), asked = fields("at", rds.then);
            rds.aws->fault(cut.fault);
            const Changed lost = rds.rig.change("restore", asked, "k");
            REQUIRE(lost.kind() == "unknown");
            CHECK(rds.boto_all().size() == (cut.created ? 2 : 1));
            // The name is never without what it had and without what it gets.
            const Sighting seen = rds.rig.look("restore", asked, "k", lost.before.state);
            const bool marked = std::string(cut.name) == "the answer of marking it is lost";
            CHECK(seen.kind == (marked ? Sighting::Kind::happened : Sighting::Kind::did_not));
            const Outcome again = rds.rig.act_again("restore", asked, "k", lost.before.state);
            REQUIRE_MESSAGE(again.kind == Outcome::Kind::done, again.error.message);
            check_gone_back(rds, old);
            CHECK(executed(rds, "RestoreDBInstanceToPointInTime") == 1);
            CHECK(executed(rds, "ModifyDBInstance") == 2);
            const Sighting after = rds.rig.look("restore", asked, "k", lost.before.state);
            REQUIRE(after.kind == Sighting::Kind::happened);
            CHECK(after.value["previous"] == again.value["previous"]);
            CHECK(after.value["data_until_at"].number() == rds.then);
            CHECK(after.after == again.after);
        }
    }
}

TEST_CASE("a_restore_of_rds_done_again_while_a_name_is_on_its_way_leaves_it_alone") {
    if (!has_aws()) return;
    Rds rds;
    const Value old = rds.boto(), asked = fields("at", rds.then);
    rds.aws->set_state(fields("looks", 4));
    rds.aws->fault({.path = "ModifyDBInstance$"});
    const Changed lost = rds.rig.change("restore", asked, "k");
    REQUIRE(lost.kind() == "unknown");
    CHECK(rds.boto()["DBInstanceStatus"].text() == "renaming");
    const Outcome again = rds.rig.act_again("restore", asked, "k", lost.before.state);
    REQUIRE_MESSAGE(again.kind == Outcome::Kind::done, again.error.message);
    check_gone_back(rds, old);
    CHECK(rds.asked("ModifyDBInstance") == 2);
}

TEST_CASE("a_restore_of_rds_that_is_throttled_on_its_way_is_told_and_goes_on") {
    if (!has_aws()) return;
    Rds rds;
    const Value old = rds.boto(), asked = fields("at", rds.then);
    rds.aws->fault({.kind = Fault::Kind::answer,
                    .path = "ModifyDBInstance$",
                    .status = 400,
                    .body = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code>"
                            "<Message>Rate exceeded</Message></Error></ErrorResponse>",
                    .skip = 1});
    const Changed throttled = rds.rig.change("restore", asked, "k");
    CHECK(throttled.kind() == "not_sent");
    const Outcome again = rds.rig.act_again("restore", asked, "k", throttled.before.state);
    REQUIRE_MESSAGE(again.kind == Outcome::Kind::done, again.error.message);
    check_gone_back(rds, old);
}

TEST_CASE("a_snapshot_of_rds_is_restored_and_with_nothing_kept_the_old_one_is_gone") {
    if (!has_aws()) return;
    Rds rds;
    const Value old = rds.boto();
    rds.done("snapshot", fields("name", "good"));
    const Changed made = rds.done("restore", fields("backup", "good", "keep_previous", 0));
    CHECK(made.outcome.value["previous"].is_nil());
    CHECK(rds.shows() == "good");
    CHECK(rds.boto_all().size() == 1);
    CHECK(Rds::resource(rds.boto()) != Rds::resource(old));
    CHECK(rds.boto_snapshots().size() == 1);
    const Sighting seen = rds.rig.look("restore", fields("backup", "good", "keep_previous", 0),
                                       "key2", made.before.state);
    CHECK(seen.kind == Sighting::Kind::happened);
}

TEST_CASE("an_older_moment_than_the_restored_one_has_comes_from_what_was_kept") {
    if (!has_aws()) return;
    Rds rds;
    rds.done("restore", fields("at", rds.then));
    const Changed earlier = rds.done("restore", fields("at", rds.then - 600));
    CHECK(rds.shows() == show_time(rds.then - 600));
    CHECK(rds.boto_all().size() == 3);
    const List kept = rds.see("list_backups", fields("limit", 2)).list();
    REQUIRE(kept.size() == 2);
    CHECK(rds.done("delete_backup", fields("backup", kept[1]["id"]))
              .outcome.value["changed"]
              .boolean());
    CHECK(rds.boto_all().size() == 2);
    CHECK(Rds::resource(rds.boto()) == earlier.outcome.after["resource"].text());
}

TEST_CASE("a_moment_that_is_not_archived_yet_is_waited_for") {
    if (!has_aws()) return;
    Rds rds;
    rds.aws->set_state(fields("archived_s", 3));
    const double at = std::floor(wall_now_s()) - 1;
    const Changed made = rds.done("restore", fields("at", at));
    CHECK(made.outcome.value["data_until_at"].number() == at);
    CHECK(rds.shows() == show_time(at));
}

TEST_CASE("a_restore_of_rds_that_fails_leaves_the_old_one_where_it_is") {
    if (!has_aws()) return;
    Rds rds;
    const std::string old = Rds::resource(rds.boto());
    rds.aws->set_state(fields("restores_end", "incompatible-restore"));
    const Changed failed = rds.rig.change("restore", fields("at", rds.then));
    CHECK(failed.kind() == "failed");
    CHECK(failed.error().code == "provider_failed");
    CHECK(failed.error().message.find("is incompatible-restore") != std::string::npos);
    CHECK(failed.outcome.left_some);
    CHECK(Rds::resource(rds.boto()) == old);
    CHECK(executed(rds, "ModifyDBInstance") == 0);
}

TEST_CASE("what_rds_cannot_go_back_to_is_refused_before_anything_changes") {
    if (!has_aws()) return;
    Rds rds;
    const auto code = [&](const Value& asked) {
        return rds.rig.change("restore", asked).error().code;
    };
    CHECK(code(fields("at", 1000)) == "out_of_window");
    CHECK(code(fields("at", wall_now_s() + 600)) == "bad_argument");
    CHECK(code(fields("backup", "none")) == "not_found");
    CHECK(code(fields("backup", "instance:shop-kept-0123456789abcdef")) == "not_found");
    CHECK(code(fields("backup", "a", "from", "storage/backups")) == "not_supported");
    CHECK(rds.aws->changes() == 0);
}

TEST_CASE("who_was_fenced_out_before_a_restore_of_rds_stays_out_until_unfence") {
    if (!has_aws()) return;
    Rds rds;
    rds.done("fence", fields("how", "network"));
    rds.done("restore", fields("at", rds.then));
    CHECK(Rds::groups(rds.boto()) == "sg-closed");
    CHECK_FALSE(rds.see("status")["writable"].boolean());
    CHECK(rds.done("unfence").outcome.value["how_before"].text() == "network");
    CHECK(Rds::groups(rds.boto()) == "sg-admin sg-app");
    CHECK(rds.see("status")["writable"].boolean());
}

}  // namespace perilune::test
