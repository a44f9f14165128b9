// Vercel's previews, as a slot of a target and as a target of their own, which cannot reach
// production.
#include <doctest/doctest.h>

#include "tests/stdlib/drivers/deploy_double.h"

namespace perilune::test {

namespace {

// A project where v1 serves; `previews` is a target that is its slot "preview".
struct Previews : DeployDouble {
    Previews() : DeployDouble("vercel", settings("preview")) {
        DriverRig::kept()["token"] = Double::token;
        Value made = fields_of("dpl_main", "v1", "READY", 1000);
        made.set("target", "production").set("isRollbackCandidate", true);
        Value project = double_.state()["project"];
        const Value serves = with("id", "dpl_main", with("createdAt", 1000));
        project.set("targets", with("production", serves));
        double_.set_state(with("deployments", list_of({made}), with("project", project)));
    }
    static Value settings(const std::string& slot) {
        return with("project", "shop", with("slot", slot, with("token", make_secret("token"))));
    }
    static Value fields_of(const std::string& id, const std::string& version,
                           const std::string& state, int created) {
        Value made = with("uid", id, with("url", id + ".vercel.app"));
        made.set("meta", with("perilune_version", version)).set("name", "shop");
        made.set("readyState", state).set("state", state).set("type", "LAMBDAS");
        return made.set("createdAt", created).set("created", created);
    }
    // Nothing of production was asked for.
    void check_production() const {
        const Value state = double_.state();
        CHECK(state["project"]["targets"]["production"]["id"].text() == "dpl_main");
        CHECK_FALSE(state["project"]["paused"].boolean());
        CHECK(state["env"].list().empty());
        for (const auto& one : state["deployments"].list())
            CHECK((one["target"].is_nil() || one["uid"].text() == "dpl_main"));
    }
    std::string refused(const std::string& operation, const Value& arguments) {
        const int changes = double_.changes();
        const Changed made = rig->change(operation, arguments);
        CHECK_FALSE(made.ok());
        CHECK(double_.changes() == changes);
        return made.code();
    }
};

}  // namespace

TEST_CASE("a_target_of_previews_releases_them_and_waits_for_them") {
    if (!has_doubles()) return;
    Previews previews;
    CHECK(status_of(*previews.rig)["instances_healthy"].integer() == 0);
    CHECK(previews.rig->observe("endpoint")->text().empty());
    CHECK(previews.rig->observe("releases")->list().empty());
    const Changed made = release_and_wait(*previews.rig, "v2");
    CHECK(made.before.plan == "v2");
    const Value app = status_of(*previews.rig);
    CHECK(app["version"].text() == "v2");
    CHECK(app["state"].text() == "serving");
    const auto listed = previews.rig->observe("releases");
    REQUIRE(listed->list().size() == 1);
    CHECK(listed->list()[0]["slot"].text() == "preview");
    CHECK(listed->list()[0]["url"].text() ==
          "https://" + previews.rig->observe("endpoint")->text());
    release_and_wait(*previews.rig, "v3");
    CHECK(status_of(*previews.rig)["version"].text() == "v3");
    CHECK(previews.rig->change("release", with("version", "none")).code() == "not_found");
    previews.check_production();
}

TEST_CASE("a_preview_is_made_once_though_the_answer_is_lost") {
    if (!has_doubles()) return;
    Previews previews;
    const Value call = with("version", "v2");
    previews.double_.fault({.method = "POST", .path = "/v13/deployments"});
    const Changed lost = previews.rig->change("release", call);
    CHECK(lost.outcome.kind == Outcome::Kind::unknown);
    CHECK(previews.double_.changes() == 1);
    const Sighting seen = previews.rig->look("release", call, lost.key, lost.before.state);
    REQUIRE(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["version"].text() == "v2");
    CHECK(previews.rig->act_again("release", call, lost).kind == Outcome::Kind::done);
    CHECK(previews.double_.changes() == 1);

    previews.double_.fault({.kind = Fault::Kind::drop, .method = "POST"});
    const Changed dropped = previews.rig->change("release", call);
    CHECK(dropped.outcome.kind == Outcome::Kind::unknown);
    CHECK(previews.rig->look("release", call, dropped.key, dropped.before.state).kind ==
          Sighting::Kind::did_not);
    previews.double_.fault(throttled("POST"));
    const Changed throttled_release = previews.rig->change("release", call);
    CHECK(throttled_release.outcome.kind == Outcome::Kind::not_sent);
    CHECK(previews.rig->act_again("release", call, throttled_release).kind == Outcome::Kind::done);
    CHECK(previews.double_.changes() == 2);
    previews.check_production();
}

TEST_CASE("a_target_of_previews_changes_nothing_of_production") {
    if (!has_doubles()) return;
    Previews previews;
    const Changed made = release_and_wait(*previews.rig, "v2");
    const Value preview = with("release_id", made.value()["release_id"]);
    const Value production = with("release_id", "dpl_main");
    CHECK(previews.refused("rollback", {}) == "nothing_to_roll_back");
    CHECK(previews.refused("rollback", preview) == "cannot_roll_back");
    CHECK(previews.refused("rollback", production) == "not_found");
    CHECK(previews.refused("promote", preview) == "not_supported");
    CHECK(previews.refused("promote", production) == "not_found");
    CHECK(previews.refused("cancel_release", production) == "not_found");
    CHECK(previews.refused("set_env", with("values", with("A", "b"))) == "not_supported");
    CHECK(previews.refused("set_maintenance", with("state", "on")) == "not_supported");
    const Changed again = previews.rig->change("redeploy", preview);
    REQUIRE_MESSAGE(again.ok(), again.outcome.error.message);
    CHECK(again.value()["slot"].text() == "preview");
    previews.check_production();
}

TEST_CASE("the_undo_of_a_preview_leaves_production_where_it_is") {
    if (!has_doubles()) return;
    Previews previews;
    DeployDouble project("vercel", with("project", "shop", with("token", make_secret("token"))));
    release_and_wait(*project.rig, "v1");
    const Value asked = with("version", "v2", with("slot", "preview"));
    REQUIRE(project.rig->change("release", asked).ok());
    const Changed second = project.rig->change("release", asked);
    REQUIRE(second.ok());
    REQUIRE(project.rig->observe("wait_serving", serving(second).set("slot", "preview")).ok());
    CHECK_FALSE(project.rig->undo("release", asked, second).has_value());
    const auto none = project.rig->observe("previous_release", with("slot", "preview"));
    CHECK(none->is_nil());
    const Changed back =
        project.rig->change("rollback", with("release_id", second.value()["release_id"]));
    CHECK(back.code() == "cannot_roll_back");
    CHECK(back.outcome.error.message.find("Promote it") != std::string::npos);
    CHECK(status_of(*project.rig)["version"].text() == "v1");

    const Changed first = release_and_wait(*previews.rig, "v2");
    CHECK_FALSE(previews.rig->undo("release", with("version", "v2"), first).has_value());
}

TEST_CASE("a_preview_that_is_being_built_or_has_failed_is_not_healthy") {
    if (!has_doubles()) return;
    Previews previews;
    previews.double_.set_state(with("build_s", 600));
    const Changed made = previews.rig->change("release", with("version", "v2"));
    REQUIRE(made.ok());
    const Value app = status_of(*previews.rig);
    CHECK(app["state"].text() == "deploying");
    CHECK(app["instances_healthy"].integer() == 0);
    const auto late = previews.rig->observe("wait_serving", serving(made, "300ms"));
    REQUIRE_FALSE(late.ok());
    CHECK(late.error().code == "timed_out");
    CHECK(late.error().retry == Retry::safe);
    REQUIRE(previews.rig->change("cancel_release", with("release_id", made.value()["release_id"]))
                .ok());
    previews.double_.set_state(with("build_s", 0.2));
    const Changed bad = previews.rig->change("release", with("version", "bad-1"));
    const auto waited = previews.rig->observe("wait_serving", serving(bad));
    REQUIRE_FALSE(waited.ok());
    CHECK(waited.error().code == "wrong_version");
    CHECK(waited.error().message.find("npm run build") != std::string::npos);
    CHECK(status_of(*previews.rig)["state"].text() == "degraded");
}

TEST_CASE("a_target_of_previews_names_refused_credentials_and_shows_no_token") {
    if (!has_doubles()) return;
    Previews previews;
    DriverRig::kept()["token"] = "canary-of-the-token";
    const Changed refused = previews.rig->change("release", with("version", "v2"));
    CHECK(refused.code() == "credentials_refused");
    CHECK(refused.outcome.error.message.find("canary") == std::string::npos);
    CHECK(previews.double_.changes() == 0);
}

}  // namespace perilune::test
