// The driver for Amazon ECS against moto with rollouts, read back with boto3: its releases.
#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "tests/stdlib/drivers/ecs_rig.h"

namespace perilune::test {

namespace {

const std::string register_path = "RegisterTaskDefinition";
const std::string update_path = "UpdateService";

Value version(const std::string& name) { return with("version", name); }

std::string served(const Ecs& ecs) {
    const std::string arn = ecs.boto_service()["taskDefinition"].text();
    return arn.substr(arn.rfind('/') + 1);
}

}  // namespace

TEST_CASE("ecs_conforms_to_the_deploy_family") {
    if (!has_aws()) return;
    Ecs ecs;
    CHECK(ecs.see("releases").list().empty());
    CHECK(ecs.see("previous_release").is_nil());
    CHECK(ecs.see("endpoint").text() == "web.example.net");
    CHECK(ecs.rig->change("rollback").code() == "nothing_to_roll_back");
    CHECK(ecs.rig->change("release", version("never-built")).code() == "not_found");
    CHECK(ecs.see("artifact", version("never-built")).is_nil());
    const Value built = ecs.see("artifact", version("v1"));
    CHECK(built["digest"].text().size() == 64);
    CHECK(built["built_at"].number() > 0);
    check_deploy_releases(*ecs.rig);
    check_deploy_looks(*ecs.rig);
    check_deploy_fails(*ecs.rig);
    check_deploy_scales(*ecs.rig);
}

TEST_CASE("a_release_of_ecs_is_a_revision_like_the_newest_with_another_image") {
    if (!has_aws()) return;
    Ecs ecs;
    const Changed made =
        ecs.rig->change("release", with("message", "for the test (1)!", version("v1")));
    REQUIRE_MESSAGE(made.ok(), made.outcome.error.message);
    CHECK(made.value()["release_id"].text() == "web:2");
    CHECK(made.value()["state"].text() == "pending");
    CHECK(made.value()["message"].text() == "for the test _1__");  // All that a tag takes.
    CHECK(ecs.see("status")["state"].text() == "deploying");
    REQUIRE(ecs.rig->observe("wait_serving", serving(made)).ok());
    CHECK(served(ecs) == "web:2");
    const Value container = ecs.boto_container("web:2");
    CHECK(container["image"].text() == Ecs::repository + ":v1");
    CHECK(container["environment"].list().at(0)["name"].text() == "KEPT");
    CHECK(container["memory"].number() == 128);
}

TEST_CASE("a_rollout_that_aws_took_back_is_seen_even_after_all_is_stable_again") {
    if (!has_aws()) return;
    Ecs ecs;
    release_and_wait(*ecs.rig, "v1");
    const Changed bad = ecs.rig->change("release", version("bad-1"));
    REQUIRE(bad.ok());
    CHECK(bad.value()["release_id"].text() == "web:3");
    for (int looks = 0; looks < 20; ++looks) ecs.see("status");
    const Value app = ecs.see("status");
    CHECK(app["state"].text() == "serving");
    CHECK(app["instances_healthy"].number() == 2);
    const auto waited = ecs.rig->observe("wait_serving", serving(bad));
    REQUIRE_FALSE(waited.ok());
    CHECK(waited.error().code == "wrong_version");
    CHECK(waited.error().message.find("the service settled on web:2") != std::string::npos);
    CHECK(served(ecs) == "web:2");
}

TEST_CASE("a_lost_answer_of_ecs_makes_no_second_revision") {
    if (!has_aws()) return;
    Ecs ecs;
    release_and_wait(*ecs.rig, "v1");
    const std::size_t before = ecs.revisions();
    ecs.aws->fault({.kind = Fault::Kind::lose, .path = register_path});
    Changed lost = ecs.rig->change("release", version("v2"));
    CHECK(lost.outcome.kind == Outcome::Kind::unknown);
    CHECK(ecs.revisions() == before + 1);
    // Registered, but the service has not gone over to it.
    CHECK(ecs.rig->look("release", version("v2"), lost.key, lost.before.state).kind ==
          Sighting::Kind::did_not);
    CHECK(ecs.rig->act_again("release", version("v2"), lost).kind == Outcome::Kind::done);
    CHECK(ecs.revisions() == before + 1);
    CHECK(served(ecs) == "web:3");

    ecs.aws->fault({.kind = Fault::Kind::lose, .path = update_path});
    lost = ecs.rig->change("release", version("v3"));
    CHECK(lost.outcome.kind == Outcome::Kind::unknown);
    const Sighting seen = ecs.rig->look("release", version("v3"), lost.key, lost.before.state);
    REQUIRE(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["version"].text() == "v3");
    CHECK(seen.value["previous_release_id"].text() == "web:3");
    CHECK(ecs.revisions() == before + 2);
}

TEST_CASE("a_rollback_of_ecs_is_found_again_by_its_mark") {
    if (!has_aws()) return;
    Ecs ecs;
    release_and_wait(*ecs.rig, "v1");
    release_and_wait(*ecs.rig, "v2");
    ecs.aws->fault({.kind = Fault::Kind::lose, .path = "TagResource"});
    Changed lost = ecs.rig->change("rollback");
    CHECK(lost.outcome.kind == Outcome::Kind::unknown);
    CHECK(ecs.rig->look("rollback", {}, lost.key, lost.before.state).kind ==
          Sighting::Kind::did_not);
    CHECK(served(ecs) == "web:3");
    ecs.aws->fault({.kind = Fault::Kind::lose, .path = update_path});
    lost = ecs.rig->change("rollback");
    CHECK(lost.outcome.kind == Outcome::Kind::unknown);
    const Sighting seen = ecs.rig->look("rollback", {}, lost.key, lost.before.state);
    REQUIRE(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["version"].text() == "v1");
    CHECK(served(ecs) == "web:2");
    REQUIRE(ecs.rig->observe("wait_serving", with("version", "v1", with("within", "20s"))).ok());
}

TEST_CASE("ecs_s_refusals_prove_what_was_not_done") {
    if (!has_aws()) return;
    Ecs ecs;
    ecs.aws->fault(aws_throttled(register_path));
    Changed made = ecs.rig->change("release", version("v1"));
    CHECK(made.outcome.kind == Outcome::Kind::not_sent);
    CHECK(ecs.revisions() == 1);
    const auto refuse = [&](const std::string& path) {
        ecs.aws->fault({.kind = Fault::Kind::answer,
                        .path = path,
                        .status = 400,
                        .body = with("__type", "ClientException", with("message", "Too many"))});
        return ecs.rig->change("release", version("v1"));
    };
    made = refuse(register_path);
    CHECK(made.outcome.kind == Outcome::Kind::failed);
    CHECK_FALSE(made.outcome.left_some);
    CHECK(made.outcome.error.message ==
          "deploy/web: AWS answered RegisterTaskDefinition of ecs with 400, ClientException: Too "
          "many.");
    made = refuse(update_path);
    CHECK(made.outcome.kind == Outcome::Kind::failed);
    CHECK(made.outcome.left_some);  // The revision is there, but does not serve.
    CHECK(served(ecs) == "web:1");
    DriverRig::kept()["KEY"] = "canary-of-the-key";
    const auto wrong = ecs.rig->observe("status");
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().code == "credentials_refused");
    CHECK(to_json(wrong.error().to_value()).find("canary") == std::string::npos);
}

TEST_CASE("a_service_that_is_not_there_is_seen_although_aws_answers_200") {
    if (!has_aws()) return;
    Ecs ecs;
    ecs.aws.boto("ecs", "update_service",
                 with("cluster", "main", with("service", "web")).set("desiredCount", 0));
    CHECK(ecs.see("status")["state"].text() == "stopped");
    ecs.aws.boto("ecs", "delete_service", with("cluster", "main", with("service", "web")));
    const auto gone = ecs.rig->observe("status");
    REQUIRE_FALSE(gone.ok());
    CHECK(gone.error().code == "not_found");
    CHECK(gone.error().message.find("no active service web in the cluster main") !=
          std::string::npos);
    CHECK(ecs.rig->observe("status", with("slot", "blue")).error().code == "no_slots");
}

}  // namespace perilune::test
