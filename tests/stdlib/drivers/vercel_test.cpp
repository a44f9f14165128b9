// The driver for Vercel against a double that checks every request by the published document.
#include <doctest/doctest.h>

#include "tests/stdlib/drivers/deploy_double.h"

namespace perilune::test {

namespace {

struct Vercel : DeployDouble {
    explicit Vercel(const std::string& secrets_as = "encrypted")
        : DeployDouble("vercel", Value()
                                     .set("project", "shop")
                                     .set("token", make_secret("token"))
                                     .set("secrets_as", secrets_as)) {}
    Value env(const std::string& name) const {
        const Value state = double_.state();
        for (const auto& one : state["env"].list())
            if (one["key"].text() == name) return one;
        return {};
    }
};

}  // namespace

TEST_CASE("vercel_conforms_to_the_deploy_family") {
    if (!has_doubles()) return;
    Vercel vercel;
    vercel.double_.set_state(with("rollback_stops_releases", false));
    check_deploy_driver(*vercel.rig);
}

TEST_CASE("vercel_makes_one_deployment_though_the_answer_is_lost") {
    if (!has_doubles()) return;
    Vercel vercel;
    release_and_wait(*vercel.rig, "v1");
    vercel.double_.fault({.method = "POST", .path = "/v13/deployments"});
    const Value call = with("version", "v2");
    const Changed lost = vercel.rig->change("release", call);
    CHECK(lost.outcome.kind == Outcome::Kind::unknown);
    const Sighting seen = vercel.rig->look("release", call, lost.key, lost.before.state);
    REQUIRE(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["version"].text() == "v2");
    CHECK(seen.value["previous_release_id"] == lost.before.state["release_id"]);
    CHECK(vercel.rig->act_again("release", call, lost).kind == Outcome::Kind::done);
    CHECK(vercel.double_.state()["deployments"].list().size() == 2);

    vercel.double_.fault(throttled("POST"));
    const Changed throttled_release = vercel.rig->change("redeploy");
    CHECK(throttled_release.outcome.kind == Outcome::Kind::not_sent);
    CHECK(vercel.rig->act_again("redeploy", {}, throttled_release).kind == Outcome::Kind::done);
    CHECK(vercel.double_.state()["deployments"].list().size() == 3);
}

TEST_CASE("vercel_rolls_back_once_though_the_answer_is_lost") {
    if (!has_doubles()) return;
    Vercel vercel;
    release_and_wait(*vercel.rig, "v1");
    release_and_wait(*vercel.rig, "v2");
    vercel.double_.fault({.method = "POST", .path = "/rollback/"});
    const Changed lost = vercel.rig->change("rollback");
    CHECK(lost.outcome.kind == Outcome::Kind::unknown);
    const Sighting seen = vercel.rig->look("rollback", {}, lost.key, lost.before.state);
    REQUIRE(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["version"].text() == "v1");
    const Outcome again = vercel.rig->act_again("rollback", {}, lost);
    REQUIRE(again.kind == Outcome::Kind::done);
    CHECK(again.value["version"].text() == "v1");
    CHECK(vercel.double_.count("POST", "/rollback/") == 1);
}

TEST_CASE("vercel_says_that_a_rollback_has_stopped_releases_and_promotes_one") {
    if (!has_doubles()) return;
    Vercel vercel;
    release_and_wait(*vercel.rig, "v1");
    release_and_wait(*vercel.rig, "v2");
    const Changed back = vercel.rig->change("rollback", with("within", "30s"));
    REQUIRE_MESSAGE(back.ok(), back.outcome.error.message);
    CHECK(back.value()["state"].text() == "serving");
    const Changed next = vercel.rig->change("release", with("version", "v3"));
    REQUIRE(next.ok());
    const auto waited = vercel.rig->observe("wait_serving", serving(next));
    REQUIRE_FALSE(waited.ok());
    CHECK(waited.error().code == "wrong_version");
    CHECK(waited.error().message.find("Promote it") != std::string::npos);
    const Value wish = with("release_id", next.value()["release_id"], with("within", "30s"));
    vercel.double_.fault({.kind = Fault::Kind::answer, .path = "/promote/", .status = 409});
    CHECK(vercel.rig->change("promote", wish).outcome.kind == Outcome::Kind::failed);
    const Changed promoted = vercel.rig->change("promote", wish);
    REQUIRE_MESSAGE(promoted.ok(), promoted.outcome.error.message);
    CHECK(status_of(*vercel.rig)["version"].text() == "v3");
    CHECK(vercel.rig->change("promote", wish).before.already_so);
}

TEST_CASE("vercel_builds_a_preview_anew_to_promote_it") {
    if (!has_doubles()) return;
    Vercel vercel;
    release_and_wait(*vercel.rig, "v1");
    const Value slot = with("slot", "preview");
    const Changed preview = vercel.rig->change("release", with("version", "v2", slot));
    REQUIRE_MESSAGE(preview.ok(), preview.outcome.error.message);
    const auto built = vercel.rig->observe("wait_serving", serving(preview).set("slot", "preview"));
    REQUIRE(built.ok());
    CHECK(built->has("url"));
    CHECK(status_of(*vercel.rig)["version"].text() == "v1");
    CHECK(vercel.rig->observe("releases", slot)->list().size() == 1);
    CHECK(vercel.rig->observe("releases")->list().size() == 1);
    const Changed promoted = vercel.rig->change(
        "promote", with("release_id", preview.value()["release_id"], with("within", "30s")));
    REQUIRE_MESSAGE(promoted.ok(), promoted.outcome.error.message);
    CHECK(promoted.value()["release_id"] != preview.value()["release_id"]);
    CHECK(status_of(*vercel.rig)["version"].text() == "v2");
}

TEST_CASE("vercel_names_what_it_cannot_roll_back_to") {
    if (!has_doubles()) return;
    Vercel vercel;
    release_and_wait(*vercel.rig, "v1");
    release_and_wait(*vercel.rig, "v2");
    vercel.double_.set_state(with("hobby", true));
    const Changed refused = vercel.rig->change("rollback");
    CHECK(refused.code() == "cannot_roll_back");
    CHECK(refused.outcome.error.message.find("On Hobby") != std::string::npos);
    CHECK(vercel.rig->change("rollback", with("release_id", "dpl_none")).code() == "not_found");
}

TEST_CASE("vercel_sets_variables_for_new_releases_and_makes_one_at_once") {
    if (!has_doubles()) return;
    Vercel vercel;
    release_and_wait(*vercel.rig, "v1");
    const Changed set = vercel.rig->change("set_env", with("values", with("FLAG", "on")));
    REQUIRE_MESSAGE(set.ok(), set.outcome.error.message);
    CHECK(vercel.env("FLAG")["type"].text() == "plain");
    CHECK_FALSE(set.value().has("release_id"));
    // The same version with other variables is no release that serves already.
    CHECK_FALSE(vercel.rig->change("release", with("version", "v1")).before.already_so);
    REQUIRE(vercel.rig->observe("wait_healthy", with("within", "20s")).ok());

    Value values = with("KEY", make_secret("api_key"));
    const Value now = with("values", values, with("apply", "now"));
    const Changed applied = vercel.rig->change("set_env", now);
    REQUIRE_MESSAGE(applied.ok(), applied.outcome.error.message);
    CHECK(vercel.env("KEY")["type"].text() == "encrypted");
    CHECK(vercel.env("KEY")["value"].text() == "API_KEY");
    const auto served = vercel.rig->observe(
        "wait_serving", with("release_id", applied.value()["release_id"], with("within", "20s")));
    REQUIRE(served.ok());
    const auto count = vercel.double_.state()["deployments"].list().size();
    CHECK(vercel.rig->act_again("set_env", now, applied).kind == Outcome::Kind::done);
    CHECK(vercel.double_.state()["deployments"].list().size() == count);
}

TEST_CASE("vercel_looks_at_what_it_did_not_take_of_the_variables") {
    if (!has_doubles()) return;
    Vercel vercel;
    vercel.double_.set_state(with("failed_env", list_of({"BIG"})));
    const Changed set = vercel.rig->change("set_env", with("values", with("BIG", "x")));
    CHECK(set.outcome.kind == Outcome::Kind::failed);
    CHECK(set.outcome.error.message.find("BIG: The value is too long.") != std::string::npos);

    Value shared = with("key", "BOTH", with("id", "e1", with("type", "plain")));
    shared.set("value", "x").set("target", list_of({"production", "preview"}));
    vercel.double_.set_state(with("env", list_of({shared})));
    const int changes = vercel.double_.changes();
    const Changed both = vercel.rig->change("set_env", with("values", with("BOTH", "y")));
    CHECK(both.code() == "shared_variable");
    CHECK(vercel.double_.changes() == changes);
}

TEST_CASE("vercel_gives_no_sensitive_value_back") {
    if (!has_doubles()) return;
    Vercel vercel("sensitive");
    const Value first = with("values", with("KEY", make_secret("one")));
    REQUIRE(vercel.rig->change("set_env", first).ok());
    CHECK(vercel.env("KEY")["type"].text() == "sensitive");
    CHECK((*vercel.rig->observe("get_env"))["KEY"].map().empty());
    const Value second = with("values", with("KEY", make_secret("two")));
    const Changed changed = vercel.rig->change("set_env", second);
    REQUIRE(changed.ok());
    CHECK_FALSE(vercel.rig->undo("set_env", second, changed).has_value());
}

TEST_CASE("vercel_names_refused_credentials_and_shows_no_token") {
    if (!has_doubles()) return;
    Vercel vercel;
    DriverRig::kept()["token"] = "canary-of-the-token";
    const auto read = vercel.rig->observe("status");
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == "credentials_refused");
    const Changed refused = vercel.rig->change("set_env", with("values", with("A", "b")));
    CHECK(refused.code() == "credentials_refused");
    CHECK(refused.outcome.error.message.find("canary") == std::string::npos);
    CHECK(vercel.double_.changes() == 0);
}

}  // namespace perilune::test
