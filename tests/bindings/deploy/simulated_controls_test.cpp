// Simulated applications: restarts, sizes, autoscaling, isolation, maintenance and variables.
#include "interpreter/base/json.h"
#include "tests/bindings/deploy/simulated_rig.h"

using namespace perilune;
using namespace perilune::test;

TEST_CASE("a_restart_takes_its_instances_in_turn_and_a_resize_all_of_them") {
    AppStage stage(with("instances", 3));
    DriverRig rig = stage.host();
    stage.control(web, "serve", with("version", "v1"));
    const double began_s = boot_now_s();
    REQUIRE(rig.change("restart").ok());
    CHECK(boot_now_s() - began_s >= 15);
    const double again_s = boot_now_s();
    REQUIRE(rig.change("restart", with("at_once", 3)).ok());
    CHECK(boot_now_s() - again_s < 8);
    const Value size = with("memory", "1GiB", with("cpus", 2));
    const Changed resized = rig.change("resize", size);
    REQUIRE(resized.ok());
    CHECK(stage.look(web)["memory_bytes"].number() == 1 << 30);
    CHECK(stage.look(web)["instances_healthy"].integer() == 2);
    REQUIRE(rig.undo("resize", size, resized)->ok());
    CHECK(stage.look(web)["cpus"].number() == 1);
}

TEST_CASE("autoscaling_keeps_its_bounds_and_follows_demand") {
    AppStage stage;
    DriverRig rig = stage.host();
    stage.control(web, "serve", with("version", "v1"));
    const Value call = with("state", "on", with("instances_min", 2, with("instances_max", 4)));
    const Changed on = rig.change("set_autoscaling", call);
    REQUIRE(on.ok());
    CHECK(stage.look(web)["instances"].integer() == 2);
    CHECK(rig.change("scale", with("instances", 9)).code() == "unsupported");
    CHECK(stage.control(web, "set_demand", with("instances", 9))["instances"].integer() == 4);
    REQUIRE(rig.undo("set_autoscaling", call, on)->ok());
    CHECK(rig.change("scale", with("instances", 9)).ok());
}

TEST_CASE("an_isolated_app_is_reached_by_nobody_and_maintenance_says_so") {
    AppStage stage;
    DriverRig rig = stage.host();
    CHECK(stage.met() == ServiceSight::Kind::refused);
    stage.control(web, "serve", with("version", "v1"));
    CHECK(stage.met() == ServiceSight::Kind::serves);
    const Value except = with("except", list_of({"10.0.0.0/8"}));
    const Changed cut = rig.change("isolate", except);
    REQUIRE(cut.ok());
    CHECK(stage.met() == ServiceSight::Kind::refused);
    const Changed tighter = rig.change("isolate");
    REQUIRE(rig.undo("isolate", {}, tighter)->ok());
    CHECK(stage.look(web)["rules"] == list_of({"10.0.0.0/8"}));
    REQUIRE(rig.undo("isolate", except, cut)->ok());
    CHECK(stage.met() == ServiceSight::Kind::serves);
    REQUIRE(rig.change("set_maintenance", with("state", "on", with("message", "soon"))).ok());
    CHECK(stage.met() == ServiceSight::Kind::maintenance);
    CHECK(stage.look(web)["maintenance_message"].text() == "soon");
}

TEST_CASE("variables_go_with_a_release_and_no_value_of_a_secret_is_seen") {
    AppStage stage;
    DriverRig rig = stage.host();
    stage.control(web, "serve", with("version", "v1"));
    const Value values = with("values", with("TOKEN", make_secret("canary")));
    const Changed now = rig.change("set_env", with("apply", "now", values));
    REQUIRE(now.ok());
    REQUIRE(now.value()["release_id"].is_text());
    REQUIRE(rig.observe("wait_serving", serving(now)).ok());
    CHECK(stage.look(web)["env"] == list_of({"TOKEN"}));
    CHECK(to_json(stage.look(web)).find("CANARY") == std::string::npos);
    CHECK(rig.change("set_env", with("apply", "now", values)).before.already_so);
    const auto wrong = stage.world.find(web)->control("break_versoin", {});
    CHECK(wrong.error().message.find("\"break_version\"") != std::string::npos);
}
