// The driver for Amazon RDS against moto with time, read back with boto3: what it sees, snapshots,
// promotion, fences and size.
#include <doctest/doctest.h>

#include "tests/stdlib/drivers/rds_rig.h"
#include "tests/support/record_conformance.h"

namespace perilune::test {

namespace {

ChangeSubject snapshot_subject() {
    const auto place = std::make_shared<Rds>();
    return {.rig = {place, &place->rig},
            .faults = &*place->aws,
            .operation = "snapshot",
            .arguments = fields("name", "Before the change 1.2", "keep", "90d"),
            .method = "POST",
            .path = "CreateDBSnapshot$",
            .refusal =
                "<ErrorResponse><Error><Type>Sender</Type><Code>SnapshotQuotaExceeded"
                "</Code><Message>Not like this</Message></Error></ErrorResponse>",
            .made = [place] { return static_cast<int>(place->boto_snapshots().size()); },
            .place = place};
}

Value named(const std::string& name) { return fields("name", name); }

}  // namespace

TEST_CASE("rds_s_snapshots_are_made_once_though_answers_are_lost") {
    if (!has_aws()) return;
    check_change_conformance(snapshot_subject);
}

TEST_CASE("rds_s_throttling_by_its_own_word_proves_that_nothing_was_made") {
    if (!has_aws()) return;
    Rds rds;
    rds.aws->fault({.kind = Fault::Kind::answer,
                    .path = "CreateDBSnapshot$",
                    .status = 400,
                    .body = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code>"
                            "<Message>Rate exceeded</Message></Error></ErrorResponse>"});
    CHECK(rds.rig.change("snapshot", named("a")).kind() == "not_sent");
    CHECK(rds.boto_snapshots().empty());
}

TEST_CASE("a_snapshot_of_rds_is_complete_when_it_returns_and_says_how_long_it_is_kept") {
    if (!has_aws()) return;
    Rds rds;
    const Changed made =
        rds.done("snapshot", fields("name", "Before the change 1.2", "keep", "90d"));
    const Value backup = made.outcome.value;
    CHECK(backup["id"].text() == "before-the-change-1-2");
    CHECK(backup["state"].text() == "complete");
    CHECK(std::abs(backup["keep_until_at"].number() - wall_now_s() - 90 * 86400) < 60);
    REQUIRE(rds.boto_snapshots().size() == 1);
    CHECK(rds.boto_snapshots()[0]["Status"].text() == "available");
    CHECK(rds.rig.change("snapshot", named("before the change 1-2")).error().code ==
          "already_exists");
    CHECK(rds.rig.change("snapshot", named("---")).error().code == "bad_argument");
    CHECK(rds.rig.change("snapshot", named("7")).outcome.value["id"].text() == "s-7");
    const List all = rds.see("list_backups").list();
    REQUIRE(all.size() == 3);  // With the automated one.
    CHECK(rds.see("list_backups", fields("before", "2020-01-01T00:00:00Z")).list().empty());
    CHECK(rds.see("list_backups", fields("limit", 1)).list().size() == 1);
}

TEST_CASE("a_snapshot_of_another_by_the_same_name_is_not_taken_for_this_one") {
    if (!has_aws()) return;
    Rds rds;
    rds.aws->fault({.kind = Fault::Kind::drop, .path = "CreateDBSnapshot$"});
    const Changed lost = rds.rig.change("snapshot", named("a"), "k");
    CHECK(lost.kind() == "unknown");
    rds.aws.boto("rds", "create_db_snapshot",
                 fields("DBInstanceIdentifier", "shop", "DBSnapshotIdentifier", "a"));
    CHECK(rds.rig.look("snapshot", named("a"), "k", lost.before.state).kind ==
          Sighting::Kind::did_not);
}

TEST_CASE("backups_of_rds_go_one_by_one_and_automated_ones_are_left_to_it") {
    if (!has_aws()) return;
    Rds rds;
    rds.done("snapshot", named("a"));
    const Value id = fields("backup", "a");
    rds.aws->fault({.path = "DeleteDBSnapshot$"});
    CHECK(rds.rig.change("delete_backup", id, "k").kind() == "unknown");
    CHECK(rds.boto_snapshots().empty());
    CHECK(rds.rig.change("delete_backup", id, "k").before.already_so);
    const List left = rds.see("list_backups").list();
    REQUIRE(left.size() == 1);
    CHECK(left[0]["id"].text().starts_with("rds:shop-"));
    CHECK(rds.rig.change("delete_backup", fields("backup", left[0]["id"])).error().code ==
          "not_supported");
}

TEST_CASE("rds_prunes_what_runs_made_and_no_longer_promise_to_keep") {
    if (!has_aws()) return;
    Rds rds;
    Value ages;
    for (const int days : {89, 91, 92, 93, 130})
        ages.set("day-" + std::to_string(days), rds.snapshot_for_90_days(days));
    // Nobody has said for how long, so it is kept for good: it may be the evidence of an incident.
    rds.done("snapshot", named("evidence"));
    ages.set("evidence", 200 * 86400);
    rds.aws.boto("rds", "create_db_snapshot",
                 fields("DBInstanceIdentifier", "shop", "DBSnapshotIdentifier", "by-hand"));
    rds.aws->set_state(fields("ages", ages));
    const auto prune = [](int at_most) {
        return fields("keep", fields("daily", 2), "keep_at_least", 1, "delete_at_most", at_most);
    };
    CHECK(rds.rig.change("prune_backups", prune(1)).error().code == "too_many_deletions");
    const Changed pruned = rds.done("prune_backups", prune(2));
    CHECK(pruned.outcome.value["removed"] == Value(List{"day-130", "day-93"}));
    CHECK(pruned.outcome.value["kept"] == Value(List{"day-91", "day-92"}));
    CHECK(rds.boto_snapshots().size() == 5);
    CHECK(rds.rig.change("prune_backups", prune(0)).before.already_so);
    const Value slip = fields("keep", fields("dayly", 2), "keep_at_least", 1, "delete_at_most", 9);
    CHECK(rds.rig.change("prune_backups", slip).error().code == "bad_argument");
}

TEST_CASE("rds_says_how_an_instance_is_and_is_waited_for") {
    if (!has_aws()) return;
    Rds rds;
    const Value is = rds.see("status");
    CHECK(is["reachable"].boolean());
    CHECK(is["writable"].boolean());
    CHECK(is["role"].text() == "primary");
    CHECK(is["version"].text() == "16.3");
    const Value window = rds.see("restore_window");
    CHECK(window["from_at"].number() < rds.then);
    CHECK(window["to_at"].number() < wall_now_s() - 250);
    rds.see("wait_ready", fields("within", "5s"));
    rds.aws.boto("rds", "stop_db_instance", fields("DBInstanceIdentifier", "shop"));
    const auto late = rds.rig.observe("wait_ready", fields("within", "1s"));
    REQUIRE_FALSE(late.ok());
    CHECK(late.error().code == "timed_out");
    CHECK(late.error().retry == Retry::safe);
    CHECK(late.error().message.find("it is stopped") != std::string::npos);
    Rds other("none");
    const auto none = other.rig.observe("status", fields());
    REQUIRE_FALSE(none.ok());
    CHECK(none.error().code == "not_found");
}

TEST_CASE("a_replica_of_rds_says_how_far_it_has_replayed") {
    if (!has_aws()) return;
    Rds rds("shop-west");
    rds.make_replica();
    const Value unknown = rds.see("lag");
    CHECK(unknown["connected"].boolean());
    CHECK(unknown["replayed_at"].is_nil());
    CHECK_FALSE(unknown["idle"].boolean());
    const double at = std::floor(wall_now_s() / 60) * 60 - 60;
    const Value dimension = fields("Name", "DBInstanceIdentifier", "Value", "shop-west");
    rds.aws.boto("cloudwatch", "put_metric_data",
                 fields("Namespace", "AWS/RDS", "MetricData",
                        List{fields("MetricName", "ReplicaLag", "Value", 42, "Timestamp", at,
                                    "Dimensions", List{dimension})}));
    const Value told = rds.see("lag");
    CHECK(std::abs(told["replayed_at"].number() - (at - 42)) <= 60);
    CHECK_FALSE(rds.see("status")["writable"].boolean());
    Rds primary;
    CHECK(primary.rig.observe("lag", fields()).error().code == "wrong_role");
}

TEST_CASE("a_replica_of_rds_is_promoted_once_and_returns_when_it_takes_writes") {
    if (!has_aws()) return;
    Rds rds("shop-west");
    rds.make_replica();
    const Changed made = rds.done("promote");
    CHECK(made.outcome.value["primary_before"].text() == "shop");
    CHECK(rds.boto("shop-west")["ReadReplicaSourceDBInstanceIdentifier"].is_nil());
    CHECK(rds.boto("shop-west")["DBInstanceStatus"].text() == "available");
    rds.see("wait_writable", fields("within", "5s"));
    CHECK(rds.rig.change("promote", fields()).before.already_so);
    CHECK(rds.asked("PromoteReadReplica") == 1);
}

TEST_CASE("a_promotion_of_rds_whose_answer_is_lost_is_looked_for_until_it_ends") {
    if (!has_aws()) return;
    Rds rds("shop-west");
    rds.make_replica();
    rds.aws->fault({.kind = Fault::Kind::drop, .path = "PromoteReadReplica$"});
    const Changed dropped = rds.rig.change("promote", fields(), "k");
    CHECK(dropped.kind() == "unknown");
    CHECK(rds.rig.look("promote", fields(), "k", dropped.before.state).kind ==
          Sighting::Kind::did_not);
    rds.aws->fault({.path = "PromoteReadReplica$"});
    const Changed lost = rds.rig.change("promote", fields(), "k");
    CHECK(lost.kind() == "unknown");
    // At first it looks as before, and what is told again is refused; all the same it is promoted.
    CHECK(rds.rig.look("promote", fields(), "k", lost.before.state).kind ==
          Sighting::Kind::did_not);
    CHECK(rds.rig.act_again("promote", fields(), "k", lost.before.state).kind ==
          Outcome::Kind::done);
    CHECK(rds.asked("PromoteReadReplica") == 3);
    const Sighting seen = rds.rig.look("promote", fields(), "k", lost.before.state);
    REQUIRE(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["primary_before"].text() == "shop");
    CHECK(rds.boto("shop-west")["ReadReplicaSourceDBInstanceIdentifier"].is_nil());
}

TEST_CASE("a_fence_by_network_closes_the_door_and_then_ends_who_is_inside") {
    if (!has_aws()) return;
    Rds rds;
    const Changed made = rds.done("fence", fields("how", "network"));
    CHECK(made.outcome.value["how"].text() == "network");
    CHECK(Rds::groups(rds.boto()) == "sg-closed");
    CHECK(rds.asked("RebootDBInstance") == 1);
    CHECK_FALSE(rds.see("status")["reachable"].boolean());
    CHECK(rds.rig.change("fence", fields("how", "network")).before.already_so);
    CHECK(rds.rig.observe("wait_writable", fields("within", "1s")).error().code == "timed_out");
    const Changed undone = rds.rig.undo("fence", fields("how", "network"), made);
    REQUIRE_MESSAGE(undone.done(), undone.error().message);
    CHECK(undone.outcome.value["how_before"].text() == "network");
    CHECK(Rds::groups(rds.boto()) == "sg-admin sg-app");
    CHECK(Rds::tag(rds.boto(), "perilune-fence") == "");
    CHECK(Rds::tag(rds.boto(), "team") == "shop");
    CHECK(rds.rig.change("unfence", fields()).before.already_so);
    CHECK(rds.see("status")["writable"].boolean());
}

TEST_CASE("a_fence_by_network_that_was_cut_off_holds_nobody_and_forgets_no_door") {
    if (!has_aws()) return;
    Rds rds;
    const Value how = fields("how", "network");
    rds.aws->fault({.kind = Fault::Kind::drop, .path = "RebootDBInstance$"});
    CHECK(rds.rig.change("fence", how, "k").kind() == "unknown");
    CHECK(Rds::groups(rds.boto()) == "sg-closed");
    const Changed again = rds.rig.change("fence", how, "k");
    CHECK_FALSE(again.before.already_so);
    REQUIRE_MESSAGE(again.done(), again.error().message);
    // Somebody else opens it again: it is no fence any more, and the way back is still known.
    rds.aws.boto("rds", "modify_db_instance",
                 fields("DBInstanceIdentifier", "shop", "VpcSecurityGroupIds", List{"sg-app"}));
    CHECK(rds.see("status")["writable"].boolean());
    rds.done("unfence");
    CHECK(Rds::groups(rds.boto()) == "sg-admin sg-app");
}

TEST_CASE("a_fence_by_stop_is_seen_to_have_stopped_and_can_be_lost_on_the_way") {
    if (!has_aws()) return;
    Rds rds;
    const Value how = fields("how", "stop");
    rds.aws->fault({.path = "StopDBInstance$"});
    CHECK(rds.rig.change("fence", how, "k").kind() == "unknown");
    const Changed made = rds.rig.change("fence", how, "k");
    REQUIRE_MESSAGE(made.done(), made.error().message);
    CHECK(rds.asked("StopDBInstance") == 1);
    CHECK(rds.boto()["DBInstanceStatus"].text() == "stopped");
    CHECK(rds.rig.change("restore", fields("at", rds.then)).error().code == "bad_state");
    rds.done("unfence");
    CHECK(rds.boto()["DBInstanceStatus"].text() == "available");
    CHECK(rds.rig.change("fence", fields("how", "read_only")).error().code == "not_supported");
}

TEST_CASE("rds_resizes_at_once_and_waits_until_it_is_in_force") {
    if (!has_aws()) return;
    Rds rds;
    const Value asked = fields("class", "db.m6g.xlarge", "storage", "150GiB");
    rds.aws->fault({.path = "ModifyDBInstance$"});
    CHECK(rds.rig.change("resize", asked, "k").kind() == "unknown");
    const Changed made = rds.rig.change("resize", asked, "k");
    REQUIRE_MESSAGE(made.done(), made.error().message);
    CHECK(made.outcome.value["before"]["class"].text() == "db.m6g.large");
    CHECK(made.outcome.value["after"]["storage_bytes"].number() == 150.0 * 1024 * 1024 * 1024);
    CHECK(rds.boto()["DBInstanceClass"].text() == "db.m6g.xlarge");
    CHECK(rds.boto()["AllocatedStorage"].number() == 150);
    CHECK(rds.rig.change("resize", asked).before.already_so);
    CHECK(rds.rig.change("resize", fields("storage", "20GiB")).error().code == "not_supported");
}

TEST_CASE("rds_s_logs_are_read_by_portions_and_cut_to_the_newest_lines") {
    if (!has_aws()) return;
    Rds rds;
    const std::string day = "2026-03-01 10:0";
    const std::string old =
        day + "0:00 UTC::@:[1]:LOG:  early\n" + day + "1:00 UTC::@:[1]:LOG:  a\n";
    const std::string young = day + "2:00 UTC:h(1):u@d:[2]:ERROR:  b <&>\n\tSTATEMENT: c\n" + day +
                              "3:00 UTC::@:[1]:LOG:  d\n";
    const double noon = 1772359200;  // 2026-03-01T10:00:00Z
    rds.aws->set_state(
        fields("log_lines", 2, "logs",
               fields("error/postgresql.log.1", fields("written_at", noon + 60, "text", old),
                      "error/postgresql.log.2", fields("written_at", noon + 180, "text", young))));
    const Value all = rds.see("logs", fields("since", noon + 30));
    REQUIRE(all["lines"].list().size() == 4);
    CHECK_FALSE(all["truncated"].boolean());
    CHECK(all["lines"].list()[1]["text"].text().ends_with("ERROR:  b <&>"));
    CHECK(all["lines"].list()[2]["at"].number() == noon + 120);
    CHECK(all["lines"].list()[3]["source"].text() == "error/postgresql.log.2");
    const Value newest = rds.see("logs", fields("since", noon, "lines_max", 1));
    REQUIRE(newest["lines"].list().size() == 1);
    CHECK(newest["truncated"].boolean());
    CHECK(newest["lines"].list()[0]["text"].text().ends_with("d"));
    CHECK(rds.see("logs", fields("since", noon, "contains", "ERROR"))["lines"].list().size() == 1);
}

}  // namespace perilune::test
