// How many instances Railway's driver says run, and that a stop returns when none does.
#include <doctest/doctest.h>

#include "tests/stdlib/drivers/deploy_double.h"

namespace perilune::test {

namespace {

struct Railway : DeployDouble {
    Railway()
        : DeployDouble("railway", Value()
                                      .set("project", "p1")
                                      .set("environment", "e1")
                                      .set("service", "s1")
                                      .set("token", make_secret("token"))) {}

    std::size_t asked_for(const std::string& mutation) const {
        std::size_t count = 0;
        for (const auto& one : double_.requests())
            count += one["body"]["query"].text().find(mutation) != std::string::npos;
        return count;
    }
    // Changes the deployment that is so many before the newest.
    void set(std::size_t index, const std::string& field, const Value& value) const {
        const Value state = double_.state();
        List deployments = state["deployments"].list();
        deployments.at(index).set(field, value);
        double_.set_state(with("deployments", deployments));
    }
    Value status() const { return status_of(*rig); }
    void wait_healthy(int instances) const {
        const auto healthy = rig->observe(
            "wait_healthy",
            with("instances", instances, with("healthy_for", 0, with("within", "10s"))));
        REQUIRE_MESSAGE(healthy.ok(), (healthy.ok() ? "" : healthy.error().message));
    }
};

}  // namespace

TEST_CASE("railway_counts_instances_that_run_and_not_those_that_were_asked_for") {
    if (!has_doubles()) return;
    Railway railway;
    release_and_wait(*railway.rig, "v1");
    railway.double_.set_state(with("scale_s", 60));
    REQUIRE(railway.rig->change("scale", with("instances", 3)).ok());
    CHECK(railway.status()["instances"].integer() == 3);
    CHECK(railway.status()["instances_healthy"].integer() == 1);
    CHECK(railway.status()["state"].text() == "degraded");
    railway.double_.set_state(with("scale_s", 0));
    CHECK(railway.status()["instances_healthy"].integer() == 3);
    railway.double_.set_state(with("scale_s", 60, with("scaled", with("at", 0))));
    REQUIRE(railway.rig->change("scale", with("instances", 1)).ok());
    CHECK(railway.status()["instances"].integer() == 1);
    CHECK(railway.status()["instances_healthy"].integer() == 3);
}

TEST_CASE("railway_counts_what_still_runs_after_a_scale_to_none") {
    if (!has_doubles()) return;
    Railway railway;
    release_and_wait(*railway.rig, "v1");
    const Value two = with("instances", 2);
    REQUIRE(railway.rig->change("scale", two).ok());
    railway.wait_healthy(2);
    railway.double_.set_state(with("stop_s", 1.2));
    const Value none = with("instances", 0);
    const Changed off = railway.rig->change("scale", none);
    REQUIRE_MESSAGE(off.ok(), off.outcome.error.message);
    CHECK(off.value()["instances_before"].integer() == 2);
    CHECK(railway.asked_for("deploymentStop(") == 1);
    CHECK(railway.status()["instances"].integer() == 0);
    CHECK(railway.status()["instances_healthy"].integer() == 2);
    CHECK(railway.status()["state"].text() == "degraded");
    REQUIRE(railway.rig->change("stop").ok());
    CHECK(railway.asked_for("deploymentStop(") == 1);
    CHECK(railway.status()["instances_healthy"].integer() == 0);
    CHECK(railway.status()["state"].text() == "stopped");
    CHECK(railway.rig->change("scale", none).before.already_so);
    // Taken back: the same number of the same release.
    const auto back = railway.rig->undo("scale", none, off);
    REQUIRE(back.has_value());
    REQUIRE_MESSAGE(back->ok(), back->outcome.error.message);
    railway.wait_healthy(2);
    CHECK(railway.status()["instances"].integer() == 2);
    CHECK(railway.rig->observe("releases")->list().size() == 1);
}

TEST_CASE("railway_stops_until_no_instance_runs") {
    if (!has_doubles()) return;
    Railway railway;
    const Changed made = release_and_wait(*railway.rig, "v1");
    railway.double_.set_state(with("stop_s", 1.5));
    const double begun = boot_now_s();
    const Changed stopped = railway.rig->change("stop");
    REQUIRE_MESSAGE(stopped.ok(), stopped.outcome.error.message);
    CHECK(boot_now_s() - begun >= 1.5);
    CHECK(stopped.value()["changed"].boolean());
    CHECK(stopped.value()["instances_healthy"].integer() == 0);
    CHECK(stopped.value()["state"].text() == "stopped");
    CHECK(railway.rig->change("stop").before.already_so);
    // Railway goes on to call it a success: it is none that serves.
    const auto waited = railway.rig->observe("wait_serving", serving(made, "5s"));
    REQUIRE_FALSE(waited.ok());
    CHECK(waited.error().code == "wrong_version");
    CHECK(waited.error().message.find("stopped") != std::string::npos);
    // Undone, it begins again as the same release.
    const auto started = railway.rig->undo("stop", {}, stopped);
    REQUIRE(started.has_value());
    REQUIRE_MESSAGE(started->ok(), started->outcome.error.message);
    railway.wait_healthy(1);
    CHECK(railway.status()["release_id"] == made.value()["release_id"]);
    CHECK(railway.rig->change("start").before.already_so);
}

TEST_CASE("railway_stops_and_starts_though_the_answer_is_lost") {
    if (!has_doubles()) return;
    Railway railway;
    release_and_wait(*railway.rig, "v1");
    railway.double_.fault({.in_body = "deploymentStop\\("});
    const Changed lost = railway.rig->change("stop");
    CHECK(lost.outcome.kind == Outcome::Kind::unknown);
    const Outcome again = railway.rig->act_again("stop", {}, lost);
    REQUIRE(again.kind == Outcome::Kind::done);
    CHECK(again.value["state"].text() == "stopped");
    railway.double_.fault({.in_body = "deploymentRestart\\("});
    const Changed start = railway.rig->change("start");
    CHECK(start.outcome.kind == Outcome::Kind::unknown);
    CHECK(railway.rig->act_again("start", {}, start).kind == Outcome::Kind::done);
    railway.wait_healthy(1);
}

TEST_CASE("railway_does_not_call_stopped_what_it_has_not_seen_stop") {
    if (!has_doubles()) return;
    Railway railway;
    release_and_wait(*railway.rig, "v1");
    railway.double_.set_state(with("stop_s", 600));
    const Changed late = railway.rig->change("stop", with("timeout", "2s"));
    CHECK(late.outcome.kind == Outcome::Kind::unknown);
    CHECK(late.code() == "timed_out");
    CHECK(late.outcome.error.message.find("SUCCESS, with 1 instances") != std::string::npos);
    CHECK(railway.status()["instances_healthy"].integer() == 1);
}

TEST_CASE("railway_stops_nothing_while_a_release_is_on_its_way") {
    if (!has_doubles()) return;
    Railway railway;
    release_and_wait(*railway.rig, "v1");
    railway.double_.set_state(with("build_s", 600));
    const Changed next = railway.rig->change("release", with("version", "v2"));
    REQUIRE(next.ok());
    const Changed refused = railway.rig->change("stop");
    CHECK(refused.code() == "release_on_its_way");
    CHECK(refused.outcome.error.message.find("cancel_release") != std::string::npos);
    CHECK(railway.rig->change("scale", with("instances", 0)).code() == "release_on_its_way");
    CHECK(railway.asked_for("deploymentStop(") == 0);
    REQUIRE(
        railway.rig->change("cancel_release", with("release_id", next.value()["release_id"])).ok());
    CHECK(railway.rig->change("stop").ok());
}

TEST_CASE("railway_starts_what_was_removed_after_its_stop_from_its_image") {
    if (!has_doubles()) return;
    Railway railway;
    CHECK(railway.rig->change("start").code() == "nothing_released");
    release_and_wait(*railway.rig, "v1");
    const Changed stopped = railway.rig->change("stop");
    REQUIRE(stopped.ok());
    railway.set(0, "status", "REMOVED");
    CHECK(railway.status()["instances"].integer() == 0);
    const auto started = railway.rig->undo("stop", {}, stopped);
    REQUIRE(started.has_value());
    REQUIRE_MESSAGE(started->ok(), started->outcome.error.message);
    railway.wait_healthy(1);
    CHECK(railway.status()["version"].text() == "v1");
    CHECK(railway.asked_for("usePreviousImageTag") == 1);
}

TEST_CASE("railway_stops_a_release_that_has_crashed_and_may_come_back") {
    if (!has_doubles()) return;
    Railway railway;
    release_and_wait(*railway.rig, "v1");
    railway.set(0, "status", "CRASHED");
    CHECK(railway.status()["state"].text() == "degraded");
    const Changed stopped = railway.rig->change("stop");
    REQUIRE_MESSAGE(stopped.ok(), stopped.outcome.error.message);
    CHECK(railway.asked_for("deploymentStop(") == 1);
    CHECK(stopped.value()["state"].text() == "stopped");
    // It did not run before: undo does not begin it.
    CHECK_FALSE(railway.rig->undo("stop", {}, stopped).has_value());
}

TEST_CASE("railway_stops_a_release_that_sleeps_though_it_is_said_to_have_stopped") {
    if (!has_doubles()) return;
    Railway railway;
    release_and_wait(*railway.rig, "v1");
    railway.set(0, "status", "SLEEPING");
    CHECK(railway.status()["state"].text() == "serving");
    const Changed stopped = railway.rig->change("stop");
    REQUIRE_MESSAGE(stopped.ok(), stopped.outcome.error.message);
    CHECK(railway.asked_for("deploymentStop(") == 1);
    CHECK(stopped.value()["state"].text() == "stopped");
    CHECK(railway.rig->change("stop").before.already_so);
}

}  // namespace perilune::test
