// The driver for Amazon ECS against moto with tasks that take their time to end: how many instances
// of a service still run.
#include <doctest/doctest.h>

#include "tests/stdlib/drivers/ecs_rig.h"

namespace perilune::test {

namespace {

// Tasks that boto3 sees run something: containers are only gone from DEPROVISIONING on.
int boto_alive(const Ecs& ecs) {
    int alive = 0;
    for (const auto* wanted : {"RUNNING", "STOPPED"}) {
        const Value arns = ecs.aws.boto("ecs", "list_tasks",
                                        with("cluster", "main", with("serviceName", "web"))
                                            .set("desiredStatus", wanted))["taskArns"];
        if (arns.list().empty()) continue;
        const Value tasks = ecs.aws.boto("ecs", "describe_tasks",
                                         with("cluster", "main", with("tasks", arns)))["tasks"];
        for (const auto& task : tasks.list()) {
            const std::string& status = task["lastStatus"].text();
            alive += status != "DEPROVISIONING" && status != "STOPPED";
        }
    }
    return alive;
}

}  // namespace

TEST_CASE("a_service_of_ecs_scaled_to_0_is_off_only_when_no_task_of_it_runs_any_more") {
    if (!has_aws()) return;
    Ecs ecs;
    release_and_wait(*ecs.rig, "v1");
    ecs.see("wait_healthy", with("healthy_for", 0, with("within", "20s")));
    ecs.aws->set_state(with("task_looks", 0));
    const Changed scaled = ecs.rig->change("scale", with("instances", 0));
    REQUIRE_MESSAGE(scaled.ok(), scaled.outcome.error.message);
    Value app = ecs.see("status");
    CHECK(app["instances"].number() == 0);
    CHECK(app["instances_healthy"].number() == 2);
    CHECK(app["state"].text() == "degraded");
    // Tasks that are no longer RUNNING, and not counted by ECS, may still write.
    ecs.aws->set_state(with("task_looks", 1));
    int counted = 2;
    while (counted > 0) {
        app = ecs.see("status");
        counted = static_cast<int>(app["instances_healthy"].number());
        CHECK(counted == boto_alive(ecs));
        CHECK(app["state"].text() == (counted > 0 ? "degraded" : "stopped"));
        if (counted > 0) continue;
        CHECK(ecs.boto_service()["runningCount"].number() == 0);
    }
    CHECK(boto_alive(ecs) == 0);
    REQUIRE(ecs.rig->undo("scale", with("instances", 0), scaled)->ok());
    const Value back = ecs.see("wait_healthy", with("healthy_for", 0, with("within", "20s")));
    CHECK(back["instances_healthy"].number() == 2);
}

TEST_CASE("fewer_instances_of_ecs_are_counted_as_they_end_and_not_as_they_were_asked_for") {
    if (!has_aws()) return;
    Ecs ecs;
    release_and_wait(*ecs.rig, "v1");
    ecs.see("wait_healthy", with("healthy_for", 0, with("within", "20s")));
    ecs.aws->set_state(with("task_looks", 0));
    REQUIRE(ecs.rig->change("scale", with("instances", 1)).ok());
    CHECK(ecs.see("status")["instances"].number() == 1);
    CHECK(ecs.see("status")["instances_healthy"].number() == 2);
    ecs.aws->set_state(with("task_looks", 1));
    for (int look = 0; look < 4; ++look) ecs.see("status");
    CHECK(ecs.see("status")["instances_healthy"].number() == 1);
    CHECK(ecs.see("status")["state"].text() == "serving");
}

TEST_CASE("a_stop_of_ecs_returns_when_nothing_runs_and_a_start_brings_the_same_number_back") {
    if (!has_aws()) return;
    Ecs ecs;
    release_and_wait(*ecs.rig, "v1");
    check_deploy_stops_and_starts(*ecs.rig);
    ecs.aws->fault({.kind = Fault::Kind::lose, .path = "UpdateService"});
    Changed lost = ecs.rig->change("stop");
    CHECK(lost.outcome.kind == Outcome::Kind::unknown);
    lost.outcome = ecs.rig->act_again("stop", Value(Map{}), lost);
    REQUIRE(lost.outcome.kind == Outcome::Kind::done);
    CHECK(boto_alive(ecs) == 0);
    REQUIRE(ecs.rig->undo("stop", Value(Map{}), lost)->ok());
    CHECK(ecs.boto_service()["desiredCount"].number() == 2);
}

TEST_CASE("a_stop_of_ecs_that_does_not_end_in_time_says_what_still_runs") {
    if (!has_aws()) return;
    Ecs ecs;
    release_and_wait(*ecs.rig, "v1");
    ecs.see("wait_healthy", with("healthy_for", 0, with("within", "20s")));
    ecs.aws->set_state(with("task_looks", 0));
    const Changed late = ecs.rig->change("stop", with("timeout", "2s"));
    CHECK_MESSAGE(late.outcome.kind == Outcome::Kind::unknown, late.outcome.error.message);
    CHECK(late.outcome.error.message.find("2 tasks of web have not ended") != std::string::npos);
    Ecs never;
    REQUIRE(never.rig->change("scale", with("instances", 0)).ok());
    CHECK(never.rig->change("start").code() == "not_supported");
}

}  // namespace perilune::test
