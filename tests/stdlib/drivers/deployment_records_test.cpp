// The drivers that record deployments with GitHub, GitLab and Sentry, against their doubles.
#include <doctest/doctest.h>

#include "bindings/metrics/metrics.h"
#include "tests/interpreter/driver/lua_rig.h"
#include "tests/support/record_conformance.h"

namespace perilune::test {

namespace {

struct Place {
    Place(const std::string& name, Value settings)
        : double_(name), rig(metrics_family, builtin_kind("metrics", name), "metrics/releases") {
        rig.secrets["KEY"] = Double::token;
        settings.set("url", double_.url()).set("token", make_secret("KEY"));
        const auto made = rig.make(settings);
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
    }
    Changed record(const std::string& version, const std::string& state) {
        return rig.change("record_deployment", fields("version", version, "state", state, "url",
                                                      "https://ci.example/7"));
    }
    List deployments() const { return double_.state()["deployments"].list(); }

    Double double_;
    DriverRig rig;
};

std::shared_ptr<Place> github() {
    return std::make_shared<Place>("github", fields("repository", "shop/web"));
}

std::shared_ptr<Place> gitlab() {
    return std::make_shared<Place>("gitlab", fields("project", "shop/web"));
}

std::shared_ptr<Place> sentry() {
    return std::make_shared<Place>("sentry",
                                   fields("organization", "shop", "projects", List{"web"}));
}

// What the conformance suite needs; `count` counts the records in the double's state.
void check(const std::function<std::shared_ptr<Place>()>& make, const std::string& path,
           const std::string& state, const std::function<std::size_t(const Value&)>& count,
           const Value& refusal) {
    check_change_conformance([&] {
        const auto place = make();
        return ChangeSubject{
            .rig = {place, &place->rig},
            .faults = &place->double_,
            .operation = "record_deployment",
            .arguments = fields("version", "1.2", "state", state),
            .method = "POST",
            .path = path,
            .refusal = refusal,
            .made = [place, count] { return static_cast<int>(count(place->double_.state())); },
            .place = place};
    });
}

const Value refused_message = fields("message", "Not like this");

}  // namespace

TEST_CASE("github_s_deployments_conform_to_the_metrics_family_s_records") {
    if (!has_doubles()) return;
    const auto statuses = [](const Value& state) {
        std::size_t count = 0;
        for (const auto& one : state["deployments"].list()) count += one["statuses"].list().size();
        return count;
    };
    check(github, "/statuses$", "succeeded", statuses, refused_message);
    check(github, "/statuses$", "started", statuses, refused_message);
}

TEST_CASE("a_deployment_of_github_is_one_from_its_start_to_its_end") {
    if (!has_doubles()) return;
    const auto place = github();
    const Changed started = place->record("1.2", "started");
    REQUIRE_MESSAGE(started.done(), started.error().message);
    const Changed ended = place->record("1.2", "failed");
    REQUIRE_MESSAGE(ended.done(), ended.error().message);
    CHECK(ended.outcome.value["id"] == started.outcome.value["id"]);
    REQUIRE(place->record("1.2", "started").done());
    REQUIRE(place->record("1.2", "succeeded").done());
    const List deployments = place->deployments();
    REQUIRE(deployments.size() == 2);
    const auto state = [&](std::size_t deployment, std::size_t status) {
        return deployments[deployment]["statuses"].list().at(status)["state"].text();
    };
    CHECK(state(0, 0) == "in_progress");
    CHECK(state(0, 1) == "failure");
    CHECK(state(1, 0) == "in_progress");
    CHECK(state(1, 1) == "success");
    CHECK(deployments[1]["statuses"].list()[1]["log_url"].text() == "https://ci.example/7");
    const Changed unknown = place->record("9.9", "started");
    CHECK(unknown.kind() == "failed");
    CHECK(unknown.error().message.find("No ref found for: 9.9") != std::string::npos);
}

TEST_CASE("a_deployment_is_made_once_though_the_answer_of_its_first_part_is_lost") {
    if (!has_doubles()) return;
    const auto place = github();
    const Value asked = fields("version", "1.2", "state", "started");
    place->double_.fault({.method = "POST", .path = "/deployments$"});
    CHECK(place->rig.change("record_deployment", asked, "k").kind() == "unknown");
    CHECK(place->rig.look("record_deployment", asked, "k").kind == Sighting::Kind::did_not);
    REQUIRE(place->rig.change("record_deployment", asked, "k").done());
    CHECK(place->deployments().size() == 1);
}

TEST_CASE("github_s_limit_of_requests_is_told_as_not_executed") {
    if (!has_doubles()) return;
    const auto place = github();
    place->double_.fault({.kind = Fault::Kind::answer,
                          .method = "POST",
                          .status = 403,
                          .body = fields("message", "You have exceeded a secondary rate limit.")});
    const Changed throttled = place->record("1.2", "started");
    CHECK(throttled.kind() == "not_sent");
    CHECK(throttled.error().code == "throttled");
    place->double_.fault(
        {.kind = Fault::Kind::answer,
         .method = "POST",
         .status = 403,
         .body = fields("message", "Resource not accessible by personal access token")});
    const Changed denied = place->record("1.2", "started");
    CHECK(denied.kind() == "failed");
    CHECK(denied.error().message.find("not accessible") != std::string::npos);
}

TEST_CASE("gitlab_s_deployments_conform_to_the_metrics_family_s_records") {
    if (!has_doubles()) return;
    const auto deployments = [](const Value& state) { return state["deployments"].list().size(); };
    check(gitlab, "/deployments$", "started", deployments, refused_message);
    check(gitlab, "/deployments$", "succeeded", deployments, refused_message);
}

TEST_CASE("a_deployment_of_gitlab_ends_as_it_is_told_and_is_told_once") {
    if (!has_doubles()) return;
    const auto place = gitlab();
    const Changed started = place->record("1.1", "started");
    REQUIRE_MESSAGE(started.done(), started.error().message);
    CHECK(place->deployments()[0]["tag"].boolean());
    CHECK(place->deployments()[0]["ref"].text() == "1.1");
    const Value asked = fields("version", "1.1", "state", "rolled_back");
    place->double_.fault({.method = "PUT"});
    const Changed lost = place->rig.change("record_deployment", asked, "k");
    CHECK(lost.kind() == "unknown");
    CHECK(place->rig.look("record_deployment", asked, "k", lost.before.state).kind ==
          Sighting::Kind::happened);
    CHECK(place->deployments()[0]["status"].text() == "canceled");
    const Changed again = place->record("1.1", "rolled_back");
    CHECK(again.before.already_so);
    CHECK(again.before.result["id"] == started.outcome.value["id"]);
    REQUIRE(place->record("1.2", "succeeded").done());
    CHECK(place->deployments().size() == 2);
    CHECK_FALSE(place->deployments()[1]["tag"].boolean());
    CHECK(place->deployments()[1]["ref"].text() == "main");
    CHECK(place->record("9.9", "started").error().code == "not_found");
}

TEST_CASE("sentry_s_deploys_conform_to_the_metrics_family_s_records") {
    if (!has_doubles()) return;
    const Value refusal = fields("environment", List{"Not like this"});
    check(
        sentry, "/deploys/$", "succeeded",
        [](const Value& state) { return state["releases"]["1.2"].list().size(); }, refusal);
    check(
        sentry, "/releases/$", "started",
        [](const Value& state) { return state["releases"].map().size(); }, refusal);
}

TEST_CASE("a_release_of_sentry_is_made_once_and_has_no_failed_deploys") {
    if (!has_doubles()) return;
    const auto place = sentry();
    REQUIRE(place->record("web@1.2+3/4", "started").done());
    CHECK(place->record("web@1.2+3/4", "started").before.already_so);
    const Changed made = place->record("web@1.2+3/4", "succeeded");
    REQUIRE_MESSAGE(made.done(), made.error().message);
    CHECK(made.outcome.value["id"].text() == "31");
    const Value releases = place->double_.state()["releases"];
    CHECK(releases.map().size() == 1);
    CHECK(releases["web@1.2+3/4"].list().at(0)["environment"].text() == "production");
    CHECK(place->record("1.2", "failed").error().code == "not_supported");
}

}  // namespace perilune::test
