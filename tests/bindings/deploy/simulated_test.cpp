// Simulated applications: the family's suite, and health, traffic and failures as time passes.
#include "tests/bindings/deploy/simulated_rig.h"

using namespace perilune;
using namespace perilune::test;

TEST_CASE("the_simulated_driver_conforms") {
    AppStage stage;
    DriverRig rig = stage.host();
    check_deploy_driver(rig);
}

TEST_CASE("a_release_serves_when_its_instances_are_healthy_and_the_old_one_serves_until_then") {
    AppStage stage(with("instances", 3));
    DriverRig rig = stage.host();
    stage.control(web, "serve", with("version", "v1"));
    const Changed made = rig.change("release", with("version", "v2"));
    REQUIRE(made.ok());
    CHECK(made.value()["state"].text() == "pending");
    stage.pass(4);
    Value seen = stage.look(web);
    CHECK(seen["state"].text() == "deploying");
    CHECK(seen["version"].text() == "v1");
    CHECK(seen["instances_healthy"].integer() == 3);
    CHECK(seen["releases"].list()[1]["state"].text() == "pending");
    stage.pass(1.1);
    seen = stage.look(web);
    CHECK(seen["state"].text() == "serving");
    CHECK(seen["version"].text() == "v2");
    CHECK(seen["releases"].list()[0]["state"].text() == "superseded");
    // It serves since then, whoever looked, and when.
    stage.pass(1000);
    CHECK(stage.look(web)["since_at"] == seen["since_at"]);
}

TEST_CASE("what_nobody_looked_at_came_to_pass_in_its_time") {
    AppStage stage(with("instances", 2));
    DriverRig rig = stage.host();
    const Changed first = rig.change("release", with("version", "v1"));
    const double accepted_at = first.value()["created_at"].number();
    stage.pass(86400);
    CHECK(stage.look(web)["since_at"].number() == doctest::Approx(accepted_at + 5));
    const double restarted_at = wall_now_s();
    REQUIRE(rig.change("scale", with("instances", 3)).ok());
    const Changed bad = rig.change("release", with("version", "bad-1"));
    stage.pass(86400);
    CHECK(stage.look(web)["releases"].list()[1]["state"].text() == "failed");
    const auto lines = rig.observe("logs", with("since", restarted_at));
    REQUIRE(lines.ok());
    const Value last = (*lines)["lines"].list().back();
    CHECK(last["text"].text().find("given up") != std::string::npos);
    CHECK(last["at"].number() ==
          doctest::Approx(bad.value()["created_at"].number() + 60).epsilon(1e-9));
}

TEST_CASE("a_broken_version_is_given_up_and_never_serves") {
    AppStage stage(with("starts_within", 30));
    DriverRig rig = stage.host();
    stage.control(web, "serve", with("version", "v1"));
    stage.control(web, "break_version", with("version", "v2"));
    const Changed made = rig.change("release", with("version", "v2"));
    const double began_s = boot_now_s();
    const auto waited = rig.observe("wait_serving", serving(made, "10m"));
    REQUIRE_FALSE(waited.ok());
    CHECK(waited.error().code == "wrong_version");
    CHECK(boot_now_s() - began_s < 32);
    CHECK(stage.look(web)["version"].text() == "v1");
    stage.control(web, "mend_version", with("version", "v2"));
    CHECK(release_and_wait(rig, "v2").ok());
    const auto lines = rig.observe("logs", with("since", 0, with("contains", "given up")));
    CHECK(lines->operator[]("lines").list().size() == 1);
}

TEST_CASE("a_rollback_may_end_stable_on_the_wrong_revision") {
    AppStage stage;
    DriverRig rig = stage.host();
    release_and_wait(rig, "v1");
    release_and_wait(rig, "v2");
    release_and_wait(rig, "v3");
    stage.control(web, "land_rollback_on", with("version", "v1"));
    const Changed back = rig.change("rollback");
    REQUIRE(back.ok());
    CHECK(back.value()["version"].text() == "v2");
    const auto waited = rig.observe("wait_serving", serving(back));
    REQUIRE_FALSE(waited.ok());
    CHECK(waited.error().code == "wrong_version");
    const Value seen = stage.look(web);
    CHECK(seen["state"].text() == "serving");
    CHECK(seen["version"].text() == "v1");
    // The next one goes where it should.
    const Changed again = rig.change("promote", with("release_id", back.value()["release_id"]));
    REQUIRE(rig.observe("wait_serving", serving(again)).ok());
    CHECK(stage.look(web)["version"].text() == "v2");
}

TEST_CASE("instances_that_die_stay_dead_until_they_recover") {
    AppStage stage(with("instances", 3));
    DriverRig rig = stage.host();
    stage.control(web, "serve", with("version", "v1"));
    Value seen = stage.control(web, "fail", with("instances", 1));
    CHECK(seen["state"].text() == "degraded");
    CHECK(seen["instances_healthy"].integer() == 2);
    CHECK(stage.met() == ServiceSight::Kind::serves);
    seen = stage.control(web, "fail");
    CHECK(seen["instances_healthy"].integer() == 0);
    CHECK(stage.met() == ServiceSight::Kind::unhealthy);
    // The whole place is down: what is started there lives no longer.
    CHECK(rig.change("scale", with("instances", 4)).ok());
    stage.pass(3600);
    CHECK(stage.look(web)["instances_healthy"].integer() == 0);
    const auto waited = rig.observe("wait_healthy", healthy_within("1m"));
    REQUIRE_FALSE(waited.ok());
    CHECK(waited.error().detail["instances_healthy"].integer() == 0);
    stage.control(web, "recover");
    const double began_s = boot_now_s();
    const auto healthy =
        rig.observe("wait_healthy", with("healthy_for", "30s", with("within", "10m")));
    REQUIRE(healthy.ok());
    CHECK((*healthy)["instances_healthy"].integer() == 4);
    CHECK(boot_now_s() - began_s >= 35);
}

TEST_CASE("health_that_breaks_off_starts_the_wait_anew") {
    AppStage stage;
    DriverRig rig = stage.host();
    stage.control(web, "set_health", with("after_s", 20));
    const Changed made = rig.change("release", with("version", "v1"));
    const double began_s = boot_now_s();
    REQUIRE(rig.observe("wait_serving", serving(made)).ok());
    CHECK(boot_now_s() - began_s >= 19);
    stage.control(web, "set_health", with("healthy", false));
    CHECK(stage.look(web)["state"].text() == "degraded");
    rig.loop().start_timer(boot_now_s() + 5,
                           [&] { stage.control(web, "set_health", with("healthy", true)); });
    const double broken_s = boot_now_s();
    REQUIRE(rig.observe("wait_healthy", with("healthy_for", "10s", with("within", "1m"))).ok());
    CHECK(boot_now_s() - broken_s >= 15);
}

TEST_CASE("a_place_without_capacity_starts_no_more_instances") {
    AppStage stage;
    DriverRig rig = stage.host();
    stage.control(web, "serve", with("version", "v1"));
    stage.control(web, "set_capacity", with("instances", 2));
    REQUIRE(rig.change("scale", with("instances", 4)).ok());
    CHECK(rig.observe("wait_healthy", healthy_within("5m")).error().code == "timed_out");
    CHECK(stage.look(web)["instances"].integer() == 4);
    CHECK(stage.look(web)["instances_healthy"].integer() == 2);
    stage.control(web, "set_capacity");
    CHECK(rig.observe("wait_healthy", healthy_within("5m")).ok());
}

TEST_CASE("slots_have_releases_and_shares_of_their_own") {
    AppStage stage(blue_and_green());
    DriverRig rig = stage.host();
    CHECK(rig.change("release", with("version", "v1")).code() == "bad_argument");
    stage.control(web, "serve", with("version", "v1", with("slot", "blue")));
    const Value call = with("version", "v2", with("slot", "green"));
    const Changed made = rig.change("release", call);
    REQUIRE_MESSAGE(made.ok(), made.outcome.error.message);
    REQUIRE(rig.observe("wait_serving", with("slot", "green", serving(made))).ok());
    CHECK(stage.look(web)["version"].text() == "v1");
    CHECK(stage.look(web)["slots"]["green"]["version"].text() == "v2");

    const Value weights = with("weights", Value().set("blue", 0).set("green", 100));
    const Changed shifted = rig.change("shift_traffic", weights);
    REQUIRE(shifted.ok());
    CHECK((*rig.observe("traffic"))["green"].number() == 100);
    CHECK(stage.look(web)["version"].text() == "v2");
    const auto drained = rig.observe("wait_drained", with("slot", "blue", with("within", "1m")));
    REQUIRE(drained.ok());
    CHECK((*drained)["waited_s"].number() > 8);
    CHECK(rig.observe("wait_drained", with("slot", "green", with("within", "1m"))).error().code ==
          "timed_out");
    CHECK(rig.change("shift_traffic", with("weights", with("red", 100))).code() == "not_found");
    REQUIRE(rig.undo("shift_traffic", weights, shifted)->ok());
    CHECK((*rig.observe("traffic"))["blue"].number() == 100);
    const auto undone = rig.undo("release", call, made);
    REQUIRE(undone.has_value());
    CHECK(undone->ok());
    CHECK(stage.look(web)["slots"]["green"]["state"].text() == "stopped");
    CHECK(stage.look(web)["slots"]["blue"]["state"].text() == "serving");
}

TEST_CASE("a_release_on_its_way_is_cancelled_or_taken_back") {
    AppStage stage;
    DriverRig rig = stage.host();
    stage.control(web, "serve", with("version", "v1"));
    const Changed made = rig.change("release", with("version", "v2"));
    const Value which = with("release_id", made.value()["release_id"]);
    CHECK(rig.change("cancel_release", which).value()["state"].text() == "cancelled");
    CHECK(rig.change("cancel_release", which).before.already_so);
    stage.pass(3600);
    CHECK(stage.look(web)["version"].text() == "v1");
    CHECK(rig.observe("wait_serving", serving(made)).error().code == "wrong_version");
    const Changed other = rig.change("release", with("version", "v3"));
    REQUIRE(rig.undo("release", with("version", "v3"), other)->ok());
    CHECK(stage.look(web)["state"].text() == "serving");
    CHECK(stage.look(web)["version"].text() == "v1");
}

TEST_CASE("the_world_outlives_a_host_and_tells_the_next_one_what_it_did") {
    AppStage stage;
    const Value call = with("version", "v1");
    SimulatedFault lost{.kind = SimulatedFault::Kind::after, .target = web};
    lost.operation = "release";
    stage.world.add_fault(lost);
    Changed made;
    {
        DriverRig first = stage.host();
        made = first.change("release", call);
        CHECK(made.outcome.kind == Outcome::Kind::unknown);
    }
    DriverRig second = stage.host();
    const Sighting seen = second.look("release", call, made.key, made.before.state);
    REQUIRE(seen.kind == Sighting::Kind::happened);
    CHECK(second
              .observe("wait_serving",
                       with("release_id", seen.value["release_id"], with("within", "1m")))
              .ok());
    CHECK(second.look("release", call, "another", made.before.state).kind ==
          Sighting::Kind::did_not);
}
