// A disposable DB instance of Amazon RDS against moto with time, read back with boto3: made of
// another's moment or snapshot, and removed again.
#include <doctest/doctest.h>

#include "tests/stdlib/drivers/rds_rig.h"
#include "tests/support/record_conformance.h"

namespace perilune::test {

namespace {

// The target is the instance "trial"; "database/main" is the instance "shop".
struct Trial {
    explicit Trial(const Value& changes = Value(Map{})) {
        Value settings = fields("instance", "trial", "region", Aws::region, "url", rds.aws->url(),
                                "credentials", Aws::credentials(), "disposable", true, "instances",
                                fields("database/main", "shop"));
        for (const auto& [name, value] : changes.map()) settings.set(name, value);
        const auto made = rds.rig.make(settings);
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
    }
    Value asked() const { return fields("from", "database/main", "at", rds.then); }
    Value boto() const { return rds.boto("trial"); }
    std::string refusal(const std::string& operation, const Value& arguments) {
        const Changed refused = rds.rig.change(operation, arguments);
        CHECK_FALSE(refused.done());
        CHECK(rds.aws->changes() == 0);
        return refused.error().code;
    }
    Rds rds;
};

}  // namespace

TEST_CASE("rds_s_clones_are_made_once_though_answers_are_lost") {
    if (!has_aws()) return;
    check_change_conformance([] {
        const auto trial = std::make_shared<Trial>();
        return ChangeSubject{
            .rig = {trial, &trial->rds.rig},
            .faults = &*trial->rds.aws,
            .operation = "clone",
            .arguments = trial->asked(),
            .method = "POST",
            .path = "RestoreDBInstanceToPointInTime$",
            .refusal =
                "<ErrorResponse><Error><Type>Sender</Type><Code>InstanceQuotaExceeded"
                "</Code><Message>Not like this</Message></Error></ErrorResponse>",
            .made = [trial] { return trial->boto().is_nil() ? 0 : 1; },
            .place = trial};
    });
}

TEST_CASE("a_clone_of_rds_is_like_the_other_at_its_moment_and_gone_when_it_is_undone") {
    if (!has_aws()) return;
    Trial trial;
    const std::string shop = Rds::resource(trial.rds.boto());
    const Changed made = trial.rds.done("clone", trial.asked());
    CHECK(made.outcome.value["data_until_at"].number() == trial.rds.then);
    CHECK(made.outcome.value["moved_endpoint"].boolean());
    const Value trial_as_seen = trial.boto();
    CHECK(trial_as_seen["DBInstanceStatus"].text() == "available");
    CHECK(trial.rds.aws->state()["shows"][Rds::resource(trial_as_seen)].text() ==
          show_time(trial.rds.then));
    CHECK(trial_as_seen["DBInstanceClass"].text() == "db.m6g.large");
    CHECK(Rds::groups(trial_as_seen) == "sg-admin sg-app");
    CHECK_FALSE(trial_as_seen["DeletionProtection"].boolean());
    CHECK_FALSE(trial_as_seen["MultiAZ"].boolean());
    trial.rds.see("wait_ready", fields("within", "5s"));
    const Changed undone = trial.rds.rig.undo("clone", trial.asked(), made);
    REQUIRE_MESSAGE(undone.done(), undone.error().message);
    CHECK(undone.before.state == made.outcome.after);
    CHECK(trial.boto().is_nil());
    CHECK(Rds::resource(trial.rds.boto()) == shop);
    CHECK(trial.rds.boto()["DeletionProtection"].boolean());
}

TEST_CASE("a_clone_of_rds_shows_a_snapshot_of_the_other_and_of_nothing_else") {
    if (!has_aws()) return;
    Trial trial;
    trial.rds.aws.boto("rds", "create_db_snapshot",
                       fields("DBInstanceIdentifier", "shop", "DBSnapshotIdentifier", "good"));
    trial.rds.done("clone", fields("from", "database/main", "backup", "good"));
    CHECK(trial.rds.aws->state()["shows"][Rds::resource(trial.boto())].text() == "good");
    CHECK(trial.rds.rig.change("clone", fields("from", "database/main", "backup", "none"))
              .error()
              .code == "not_found");
}

TEST_CASE("what_has_a_clone_s_name_already_is_dropped_first_and_its_end_is_waited_for") {
    if (!has_aws()) return;
    Trial trial;
    trial.rds.done("clone", trial.asked());
    const std::string first = Rds::resource(trial.boto());
    Value later = trial.asked();
    later.set("at", trial.rds.then + 60);
    const Changed taken = trial.rds.rig.change("clone", later);
    CHECK(taken.error().code == "already_exists");
    CHECK(taken.error().message.find("Drop it first") != std::string::npos);
    CHECK(taken.before.plan.find("once the DB instance that is there is dropped") !=
          std::string::npos);
    trial.rds.aws->set_state(fields("deletes_slowly", true, "looks", 2));
    trial.rds.done("drop");
    CHECK(trial.boto()["DBInstanceStatus"].text() == "deleting");
    CHECK(trial.rds.rig.change("drop", fields()).before.already_so);
    trial.rds.done("clone", trial.asked());
    CHECK(Rds::resource(trial.boto()) != first);
}

TEST_CASE("a_db_instance_is_dropped_once_though_the_answer_is_lost") {
    if (!has_aws()) return;
    Trial trial;
    trial.rds.done("clone", trial.asked());
    trial.rds.aws->fault({.kind = Fault::Kind::drop, .path = "DeleteDBInstance$"});
    CHECK(trial.rds.rig.change("drop", fields()).kind() == "unknown");
    CHECK_FALSE(trial.boto().is_nil());
    trial.rds.aws->fault({.path = "DeleteDBInstance$"});
    const Changed lost = trial.rds.rig.change("drop", fields(), "k");
    CHECK(lost.kind() == "unknown");
    const Outcome again = trial.rds.rig.act_again("drop", fields(), "k", lost.before.state);
    CHECK(again.kind == Outcome::Kind::done);
    CHECK(trial.boto().is_nil());
    CHECK_FALSE(trial.rds.boto().is_nil());
}

TEST_CASE("an_instance_that_another_made_under_a_clone_s_name_is_not_taken_for_it") {
    if (!has_aws()) return;
    Trial trial;
    trial.rds.aws->fault({.kind = Fault::Kind::drop, .path = "RestoreDBInstanceToPointInTime$"});
    const Changed lost = trial.rds.rig.change("clone", trial.asked(), "k");
    REQUIRE(lost.kind() == "unknown");
    trial.rds.aws.boto("rds", "create_db_instance",
                       fields("DBInstanceIdentifier", "trial", "DBInstanceClass", "db.m6g.large",
                              "Engine", "postgres"));
    CHECK(trial.rds.rig.look("clone", trial.asked(), "k", lost.before.state).kind ==
          Sighting::Kind::did_not);
    const Outcome again = trial.rds.rig.act_again("clone", trial.asked(), "k", lost.before.state);
    CHECK(again.kind == Outcome::Kind::failed);
    CHECK(again.error.code == "already_exists");
}

TEST_CASE("what_rds_may_not_throw_away_or_does_not_know_is_refused_before_anything_changes") {
    if (!has_aws()) return;
    Trial kept(fields("disposable", false));
    CHECK(kept.refusal("clone", kept.asked()) == "not_allowed");
    CHECK(kept.refusal("drop", fields()) == "not_allowed");
    Trial trial;
    CHECK(trial.refusal("clone", fields("from", "database/other", "at", trial.rds.then)) ==
          "not_supported");
    CHECK(trial.refusal("clone", fields("from", "database/main", "at", 1000)) == "out_of_window");
}

}  // namespace perilune::test
