// The driver for Railway against a double that checks every query by the published schema.
#include <doctest/doctest.h>

#include "tests/stdlib/drivers/deploy_double.h"

namespace perilune::test {

namespace {

struct Railway : DeployDouble {
    explicit Railway(const std::string& token_setting = "token", const List& plain = {})
        : DeployDouble("railway", Value()
                                      .set("project", "p1")
                                      .set("environment", "e1")
                                      .set("service", "s1")
                                      .set("plain", plain)
                                      .set(token_setting, make_secret("token"))) {
        rig->keeps_ids = rig->keeps_keys = rig->knows_variables = false;
    }
    std::size_t deployments() const {
        const Value state = double_.state();
        return state["deployments"].list().size();
    }
    // Of the deployment that is so many before the newest.
    std::string image(std::size_t index) const {
        const Value state = double_.state();
        return state["deployments"].list().at(index)["meta"]["image"].text();
    }
};

}  // namespace

TEST_CASE("railway_conforms_to_the_deploy_family") {
    if (!has_doubles()) return;
    Railway railway;
    check_deploy_of_nothing(*railway.rig);
    check_deploy_releases(*railway.rig);
    check_deploy_looks(*railway.rig);
    check_deploy_fails(*railway.rig);
    check_deploy_scales(*railway.rig);
    check_deploy_stops_and_starts(*railway.rig);
}

TEST_CASE("railway_makes_one_deployment_though_the_answer_is_lost") {
    if (!has_doubles()) return;
    Railway railway;
    release_and_wait(*railway.rig, "v1");
    railway.double_.fault({.in_body = "serviceInstanceDeployV2"});
    const Value next = with("version", "v2");
    const Changed lost = railway.rig->change("release", next);
    CHECK(lost.outcome.kind == Outcome::Kind::unknown);
    const Sighting seen = railway.rig->look("release", next, lost.key, lost.before.state);
    REQUIRE(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["version"].text() == "v2");
    CHECK(railway.rig->act_again("release", next, lost).kind == Outcome::Kind::done);
    CHECK(railway.deployments() == 2);
}

TEST_CASE("railway_rolls_back_once_though_the_answer_is_lost") {
    if (!has_doubles()) return;
    Railway railway;
    release_and_wait(*railway.rig, "v1");
    release_and_wait(*railway.rig, "v2");
    railway.double_.fault({.in_body = "deploymentRollback"});
    const Changed back = railway.rig->change("rollback", with("within", "20s"));
    CHECK(back.outcome.kind == Outcome::Kind::unknown);
    const auto count = railway.deployments();
    const Sighting seen = railway.rig->look("rollback", {}, back.key, back.before.state);
    REQUIRE(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["version"].text() == "v1");
    CHECK(railway.rig->act_again("rollback", {}, back).kind == Outcome::Kind::done);
    CHECK(railway.deployments() == count);
    // With nothing newer than what was wanted then, it did not happen.
    const Value today = with("release_id", seen.value["release_id"]);
    CHECK(railway.rig->look("rollback", {}, back.key, today).kind == Sighting::Kind::did_not);
}

TEST_CASE("railway_returns_to_no_release_whose_image_is_gone") {
    if (!has_doubles()) return;
    Railway railway;
    release_and_wait(*railway.rig, "v1");
    const auto first = railway.rig->observe("releases")->list()[0]["release_id"];
    release_and_wait(*railway.rig, "v2");
    railway.double_.set_state(with("keeps_images", false));
    CHECK(railway.rig->change("rollback", with("release_id", first)).code() == "cannot_roll_back");
    const Changed again = railway.rig->change("redeploy", with("release_id", first));
    REQUIRE_MESSAGE(again.ok(), again.outcome.error.message);
    CHECK(again.value()["version"].text() == "v1");
    CHECK(railway.image(0) != railway.image(2));  // Built again.
}

TEST_CASE("railway_deploys_what_it_has_an_image_of_without_a_new_build") {
    if (!has_doubles()) return;
    Railway railway;
    release_and_wait(*railway.rig, "v1");
    const auto first = railway.rig->observe("releases")->list()[0]["release_id"];
    const Changed again = railway.rig->change("redeploy");
    REQUIRE_MESSAGE(again.ok(), again.outcome.error.message);
    REQUIRE(railway.rig->observe("wait_serving", serving(again)).ok());
    CHECK(railway.image(0) == railway.image(1));
    const Value applied = with("values", with("PLAIN", "one"), with("apply", "now"));
    REQUIRE(railway.rig->change("set_env", applied).ok());
    CHECK(railway.deployments() == 3);
    CHECK(railway.image(0) == railway.image(1));
    // Of a release that Railway has removed, as long as it could return to it.
    REQUIRE(railway.rig->change("redeploy", with("release_id", first)).ok());
    CHECK(railway.image(0) == railway.image(3));
}

TEST_CASE("railway_shows_what_is_named_plain_and_nothing_else") {
    if (!has_doubles()) return;
    Railway railway("token", {"PORT", "NODE_ENV"});
    Value values;
    values.set("PORT", "3000").set("NODE_ENV", "production").set("KEY", "a-key-of-the-service");
    REQUIRE(railway.rig->change("set_env", with("values", values)).ok());
    const auto shown = railway.rig->observe("get_env");
    REQUIRE_MESSAGE(shown.ok(), shown.error().message);
    CHECK((*shown)["PORT"]["value"].text() == "3000");
    CHECK((*shown)["NODE_ENV"]["value"].text() == "production");
    CHECK_FALSE((*shown)["KEY"].has("value"));
    CHECK((*shown)["KEY"]["digest"].text().size() == 64);
    CHECK(railway.rig->change("set_env", with("values", values.set("PORT", "3001"))).ok());
    CHECK(railway.double_.state()["variables"]["PORT"].text() == "3001");
}

TEST_CASE("railway_says_why_a_release_that_waits_for_approval_does_not_serve") {
    if (!has_doubles()) return;
    Railway railway;
    const Changed made = railway.rig->change("release", with("version", "v1"));
    REQUIRE(made.ok());
    Value state = railway.double_.state();
    List deployments = state["deployments"].list();
    deployments[0].set("status", "NEEDS_APPROVAL");
    railway.double_.set_state(with("deployments", deployments));
    const auto waited = railway.rig->observe("wait_serving", serving(made));
    REQUIRE_FALSE(waited.ok());
    CHECK(waited.error().code == "wrong_version");
    CHECK(waited.error().message.find("approval") != std::string::npos);
}

TEST_CASE("railway_sees_refusals_inside_of_a_200") {
    if (!has_doubles()) return;
    Railway railway;
    CHECK(railway.rig->change("release", with("version", "never-built")).code() == "not_found");
    release_and_wait(*railway.rig, "v1");
    railway.double_.fault({.kind = Fault::Kind::answer,
                           .status = 200,
                           .body = with("errors", list_of({with("message", "Problem")}))});
    const auto read = railway.rig->observe("status");
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == "refused");
    CHECK(read.error().message.find("Problem") != std::string::npos);
    railway.double_.fault(throttled("POST"));
    CHECK(railway.rig->observe("status").ok());
}

TEST_CASE("railway_shows_variables_by_their_digests_and_sets_them_without_a_deployment") {
    if (!has_doubles()) return;
    Railway railway;
    release_and_wait(*railway.rig, "v1");
    Value values = with("PLAIN", "one");
    values.set("KEY", make_secret("api_key"));
    const Value call = with("values", values);
    const Changed set = railway.rig->change("set_env", call);
    REQUIRE_MESSAGE(set.ok(), set.outcome.error.message);
    CHECK(railway.deployments() == 1);
    const Value env = *railway.rig->observe("get_env");
    CHECK(env["PLAIN"]["digest"].text() == to_hex(sha256("one")));
    CHECK(env["KEY"]["digest"].text() == to_hex(sha256("API_KEY")));
    CHECK_FALSE(env.has("RAILWAY_ENVIRONMENT"));
    CHECK(railway.rig->change("set_env", call).before.already_so);

    const Value other = with("values", with("KEY", make_secret("other")));
    const Changed changed = railway.rig->change("set_env", other);
    REQUIRE(changed.ok());
    REQUIRE(railway.rig->undo("set_env", other, changed)->ok());
    CHECK((*railway.rig->observe("get_env"))["KEY"] == env["KEY"]);
    const Value applied = with("values", with("PLAIN", "two"), with("apply", "now"));
    const Changed now = railway.rig->change("set_env", applied);
    REQUIRE(now.ok());
    CHECK(now.value()["release_id"].is_text());
    CHECK(railway.deployments() == 2);
    const Value names = with("names", list_of({"PLAIN", "NONE"}));
    REQUIRE(railway.rig->change("unset_env", names).ok());
    CHECK_FALSE(railway.rig->observe("get_env")->has("PLAIN"));
    const Value state = railway.double_.state();
    CHECK(state["variables"]["KEY"].text() == "API_KEY");
}

TEST_CASE("railway_reads_the_logs_of_what_serves") {
    if (!has_doubles()) return;
    Railway railway;
    release_and_wait(*railway.rig, "v1");
    List lines;
    for (const auto* text : {"started", "GET /health 200", "GET /health 500"})
        lines.push_back(with("message", text, with("timestamp", "2026-01-01T00:00:01.500Z")));
    railway.double_.set_state(with("logs", lines));
    const Value all = with("since", "2026-01-01T00:00:00Z");
    CHECK(railway.rig->observe("logs", all)->map().at("lines").list().size() == 3);
    const auto some = railway.rig->observe("logs", with("contains", "500", all));
    REQUIRE_MESSAGE(some.ok(), (some.ok() ? "" : some.error().message));
    REQUIRE((*some)["lines"].list().size() == 1);
    CHECK((*some)["lines"].list()[0]["at"].number() == 1767225601.5);
    CHECK_FALSE((*some)["truncated"].boolean());
    CHECK(railway.rig->observe("logs", with("since", "2026-01-01T00:00:02Z"))
              ->map()
              .at("lines")
              .list()
              .empty());
}

TEST_CASE("railway_names_refused_credentials_and_takes_either_token") {
    if (!has_doubles()) return;
    Railway railway("project_token");
    CHECK(railway.rig->observe("releases").ok());
    DriverRig::kept()["token"] = "canary-of-the-token";
    const Changed refused = railway.rig->change("release", with("version", "v1"));
    CHECK(refused.code() == "credentials_refused");
    CHECK(refused.outcome.error.message.find("canary") == std::string::npos);
    CHECK(railway.double_.changes() == 0);
}

}  // namespace perilune::test
