// The local deploy driver with real processes: releases, variables, maintenance, logs.
#include "tests/bindings/deploy/local_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

std::string content(const std::string& path) {
    const auto text = read_file(path);
    return text ? *text : std::string();
}

}  // namespace

TEST_CASE("the_local_driver_conforms") {
    LocalWorld world;
    DriverRig rig = world.make_rig();
    check_deploy_driver(rig);
}

TEST_CASE("takes_instances_to_a_release_one_by_one_each_healthy_before_the_next") {
    LocalWorld world(3);
    DriverRig rig = world.make_rig();
    release_and_wait(rig, "v1");
    const Changed made = rig.change("release", with("version", "v2"));
    REQUIRE(made.ok());
    // At every moment of the rollout at least two of the three answer.
    int fewest = 3;
    REQUIRE(eventually([&] {
        int answering = 0;
        for (int number = 1; number <= 3; ++number)
            answering += world.answer(number).is_nil() ? 0 : 1;
        fewest = std::min(fewest, answering);
        const Value newest = rig.observe("releases")->list()[0];
        return newest["state"].text() == "serving";
    }));
    CHECK(fewest == 2);
    for (int number = 1; number <= 3; ++number)
        CHECK(world.answer(number)["version"].text() == "v2");
    CHECK(std::filesystem::read_symlink(world.root() + "/current") == "releases/r2");
    CHECK(content(world.root() + "/current/version") == "v2\n");
}

TEST_CASE("gives_a_release_up_whose_instances_crash_and_says_what_they_said_last") {
    LocalWorld world;
    DriverRig rig = world.make_rig();
    release_and_wait(rig, "v1");
    const Changed made = rig.change("release", with("version", "crashing-1"));
    REQUIRE(made.ok());
    const auto waited = rig.observe("wait_serving", serving(made));
    REQUIRE_FALSE(waited.ok());
    CHECK(waited.error().code == "wrong_version");
    CHECK(waited.error().message.find("exit code 4") != std::string::npos);
    CHECK(waited.error().message.find("no database") != std::string::npos);
    CHECK(eventually([&] { return world.answer(1)["version"].text() == "v1"; }));
}

TEST_CASE("gives_instances_their_variables_and_keeps_them_private") {
    LocalWorld world;
    DriverRig rig = world.make_rig();
    ::setenv("PERILUNE_LEAK", "yes", 1);
    Value values;
    values.set("GREETING", "hello").set("TOKEN", make_secret("canary"));
    REQUIRE(rig.change("set_env", with("values", values)).ok());
    const Changed first = release_and_wait(rig, "v1");
    const Value environment = world.answer(1)["environment"];
    CHECK(environment["GREETING"].text() == "hello");
    CHECK(environment["TOKEN"].text() == "CANARY");
    CHECK(environment["PORT"].text() == std::to_string(world.port));
    CHECK(environment["INSTANCE"].text() == "1");
    CHECK(environment["RELEASE"] == first.value()["release_id"]);
    CHECK(environment["VERSION"].text() == "v1");
    CHECK(environment["MAINTENANCE"].text() == "off");
    CHECK_FALSE(environment.has("PERILUNE_LEAK"));
    CHECK_FALSE(environment.has("HOME"));
    for (const auto& entry : std::filesystem::recursive_directory_iterator(world.folder.path())) {
        if (!entry.is_regular_file()) continue;
        if (content(entry.path().string()).find("CANARY") == std::string::npos) continue;
        CHECK(entry.status().permissions() == std::filesystem::perms(0600));
    }

    // "now" carries a new variable at once; a rollback brings the old ones back.
    const Changed now =
        rig.change("set_env", with("values", with("GREETING", "good day"), with("apply", "now")));
    REQUIRE(now.ok());
    REQUIRE(now.value()["release_id"].is_text());
    REQUIRE(rig.observe("wait_serving", serving(now)).ok());
    CHECK(world.answer(1)["environment"]["GREETING"].text() == "good day");
    const Changed back = rig.change("rollback");
    REQUIRE(back.ok());
    REQUIRE(rig.observe("wait_serving", serving(back)).ok());
    CHECK(world.answer(1)["environment"]["GREETING"].text() == "hello");
}

TEST_CASE("logs_show_no_secret_that_an_instance_was_given_and_prints") {
    LocalWorld world;
    DriverRig rig = world.make_rig();
    REQUIRE(rig.change("set_env", with("values", with("TOKEN", make_secret("canary")))).ok());
    release_and_wait(rig, "v1");
    std::string told;
    const bool printed = eventually([&] {
        const auto log = rig.observe("logs", with("since", wall_now_s() - 60));
        told = log ? to_canonical_json(*log) : log.error().message;
        return told.find("with the token") != std::string::npos;
    });
    CHECK_MESSAGE(printed, told);
    CHECK(told.find("with the token [secret canary]") != std::string::npos);
    CHECK(told.find("CANARY") == std::string::npos);
}

TEST_CASE("an_undo_of_a_release_fails_where_the_old_one_does_not_serve_again") {
    LocalWorld world;
    DriverRig rig = world.make_rig();
    const Changed first = release_and_wait(rig, "v1");
    const Changed second = release_and_wait(rig, "v2");
    const std::string files =
        world.root() + "/releases/" + first.value()["release_id"].text() + "/version";
    REQUIRE(write_file_durably(files, "bad-1").ok());
    const auto undone = rig.undo("release", with("version", "v2"), second);
    REQUIRE(undone.has_value());
    CHECK_FALSE(undone->ok());
    CHECK(undone->code() == "wrong_version");
    CHECK(undone->outcome.left_some);
    CHECK(status_of(rig)["version"].text() == "v2");
}

TEST_CASE("puts_the_maintenance_mode_in_force") {
    SUBCASE("by_the_flag_file") {
        LocalWorld world;
        DriverRig rig = world.make_rig();
        release_and_wait(rig, "v1");
        REQUIRE(rig.change("set_maintenance", with("state", "on", with("message", "soon"))).ok());
        CHECK(world.answer(1)["maintenance"].text() == "soon");
        REQUIRE(rig.change("set_maintenance", with("state", "off")).ok());
        CHECK_FALSE(std::filesystem::exists(world.root() + "/maintenance"));
    }
    SUBCASE("by_a_signal") {
        LocalWorld world(1, with("on_maintenance", "signal"));
        DriverRig rig = world.make_rig();
        release_and_wait(rig, "v1");
        REQUIRE(rig.change("set_maintenance", with("state", "on")).ok());
        CHECK(eventually([&] { return world.answer(1)["signals"] == list_of({"SIGHUP"}); }));
    }
    SUBCASE("by_starting_instances_anew") {
        LocalWorld world(2, with("on_maintenance", "restart"));
        DriverRig rig = world.make_rig();
        release_and_wait(rig, "v1");
        REQUIRE(rig.change("set_maintenance", with("state", "on")).ok());
        for (int number = 1; number <= 2; ++number)
            CHECK(world.answer(number)["environment"]["MAINTENANCE"].text() == "on");
    }
}

TEST_CASE("restarts_every_instance_and_only_once_for_one_intent") {
    LocalWorld world(2);
    DriverRig rig = world.make_rig();
    CHECK(rig.change("restart").code() == "not_running");
    release_and_wait(rig, "v1");
    const auto first = world.answer(1)["pid"].integer();
    const Changed restarted = rig.change("restart");
    REQUIRE_MESSAGE(restarted.ok(), restarted.outcome.error.message);
    CHECK(restarted.value()["instances_healthy"].integer() == 2);
    const auto second = world.answer(1)["pid"].integer();
    CHECK(second != first);
    CHECK(rig.act_again("restart", {}, restarted).kind == Outcome::Kind::done);
    CHECK(world.answer(1)["pid"].integer() == second);
}

TEST_CASE("a_target_scaled_to_0_counts_what_has_not_ended_and_is_stopped_when_nothing_is_left") {
    LocalWorld world(2);
    world.build("draining-1");
    DriverRig rig = world.make_rig();
    release_and_wait(rig, "draining-1");
    REQUIRE(rig.change("scale", with("instances", 0)).ok());
    // They answer no more, and may still write.
    REQUIRE(eventually([&] { return !world.answer(1, "/health")["signals"].list().empty(); }));
    const Value app = status_of(rig);
    CHECK(app["instances"].integer() == 0);
    CHECK(app["instances_healthy"].integer() == 2);
    CHECK(app["state"].text() == "degraded");
    REQUIRE(eventually([&] { return status_of(rig)["instances_healthy"].integer() == 0; }));
    CHECK(status_of(rig)["state"].text() == "stopped");
}

TEST_CASE("shows_what_instances_wrote_with_time_and_source") {
    LocalWorld world(2);
    DriverRig rig = world.make_rig();
    const double began_at = wall_now_s();
    release_and_wait(rig, "v1");
    const auto log = rig.observe("logs", with("since", began_at));
    REQUIRE(log.ok());
    REQUIRE((*log)["lines"].list().size() == 2);
    for (const auto& line : (*log)["lines"].list()) {
        CHECK(line["text"].text().ends_with("serves v1"));
        CHECK(line["source"].text().starts_with("instance "));
        CHECK(line["at"].number() >= began_at - 0.01);
    }
    const auto one = rig.observe("logs", with("since", began_at, with("contains", "instance 2")));
    REQUIRE((*one)["lines"].list().size() == 1);
    const auto newest = rig.observe("logs", with("since", began_at, with("lines_max", 1)));
    CHECK((*newest)["truncated"].boolean());
    CHECK(
        rig.observe("logs", with("since", wall_now_s() + 10))->operator[]("lines").list().empty());
}

TEST_CASE("refuses_slots_and_settings_that_cannot_be") {
    LocalWorld world;
    DriverRig rig = world.make_rig();
    CHECK(rig.observe("status", with("slot", "blue")).error().code == "no_slots");
    CHECK(rig.change("release", with("version", "../target")).code() == "not_found");
    CHECK(
        rig.change("release", with("version", "v1", with("env", with("LD_PRELOAD", "x")))).code() ==
        "bad_argument");
    CHECK(rig.change("scale", with("instances", -1)).code() == "bad_argument");
    CHECK(rig.change("scale", with("instances", 100000)).code() == "bad_argument");
    for (const auto& [name, value] :
         Map{{"port", 0}, {"host", "example.org"}, {"command", List()}, {"health", "no slash"}}) {
        Value settings = world.settings;
        settings.set(name, value);
        CHECK_THROWS(DriverRig(deploy_family, deploy_local_kind, "deploy/web", settings,
                               world.folder.path() + "/state"));
    }
}
