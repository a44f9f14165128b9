// The process drivers for GitHub workflows and GitLab pipelines against their doubles.
#include <doctest/doctest.h>

#include "bindings/process/process.h"
#include "interpreter/base/json.h"
#include "tests/interpreter/driver/lua_rig.h"
#include "tests/services/double.h"

namespace perilune::test {

namespace {

const std::string key_of_the_test(40, 'a');

struct Place {
    explicit Place(const std::string& with)
        : name(with),
          double_(with),
          rig(process_family, builtin_kind("process", with), "process/ci") {
        rig.secrets["KEY"] = Double::token;
        const Value restore = fields("workflow", "restore.yml", "variables", List{"database"});
        const Value look = fields("workflow", "restore.yml", "effect", "observe", "environment",
                                  fields("database", "shop"));
        const Value gone = fields("workflow", "gone.yml", "ref", "gone");
        const auto made =
            rig.make(fields(with == "github" ? "repository" : "project", "shop/web", "url",
                            double_.url(), "token", make_secret("KEY"), "seen_within", "2s",
                            "programs", fields("restore", restore, "look", look, "gone", gone)));
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
    }
    std::string starts() const { return name == "github" ? "/dispatches$" : "/pipeline$"; }
    List runs() const { return double_.state()[name == "github" ? "runs" : "pipelines"].list(); }
    // How the next runs end.
    void end_as(const std::string& end) const {
        double_.set_state(fields(name == "github" ? "conclusion" : "status", end));
    }
    // A run's variable, by the provider's own account.
    std::string variable(std::size_t run, const std::string& variable) const {
        const Value told = runs().at(run);
        if (name == "github") return told["inputs"][variable].text();
        for (const auto& one : told["variables"].list())
            if (one["key"].text() == variable) return one["value"].text();
        return "";
    }
    Changed run(const std::string& key = key_of_the_test) { return rig.change("run", asked, key); }
    Sighting look(const std::string& key = key_of_the_test) { return rig.look("run", asked, key); }

    std::string name;
    Double double_;
    DriverRig rig;
    Value asked = fields("program", "restore", "environment", fields("database", "shop"));
};

const auto both = {"github", "gitlab"};

}  // namespace

TEST_CASE("a_run_of_a_ci_service_is_waited_for_and_told_as_an_exit") {
    if (!has_doubles()) return;
    for (const std::string name : both) {
        CAPTURE(name);
        Place place(name);
        const Changed made = place.run();
        REQUIRE_MESSAGE(made.done(), made.error().message);
        CHECK(made.outcome.value["exit_code"].integer() == 0);
        CHECK(made.outcome.value["changed"].boolean());
        CHECK(made.outcome.value["output"].text().starts_with("https://git"));
        CHECK(made.outcome.value["took_s"].is_number());
        REQUIRE(place.runs().size() == 1);
        CHECK(place.variable(0, "database") == "shop");
        CHECK(place.variable(0, name == "github" ? "perilune" : "PERILUNE_KEY") == key_of_the_test);
        place.end_as(name == "github" ? "failure" : "failed");
        const Changed failed = place.run(std::string(40, 'b'));
        CHECK(failed.kind() == "failed");
        CHECK(failed.error().code == "exit_status");
        CHECK(failed.error().retry == Retry::never);
        CHECK(failed.error().detail["exit_code"].integer() == 1);
        CHECK(failed.error().message.find("fail") != std::string::npos);
        place.asked.set("expect_exit", 1);
        place.rig.parts.clear();
        CHECK(place.run(std::string(40, 'c')).done());
    }
}

TEST_CASE("a_run_whose_start_was_not_answered_is_found_by_its_key_and_started_once") {
    if (!has_doubles()) return;
    for (const std::string name : both) {
        CAPTURE(name);
        Place place(name);
        place.double_.fault({.method = "POST", .path = place.starts()});
        CHECK(place.run().kind() == "unknown");
        Sighting seen = place.look();
        CHECK_MESSAGE(seen.kind == Sighting::Kind::happened, seen.evidence);
        CHECK(seen.value["exit_code"].integer() == 0);
        CHECK(seen.value["changed"].boolean());
        const std::string other(40, 'd');
        place.double_.fault({.kind = Fault::Kind::drop, .method = "POST", .path = place.starts()});
        CHECK(place.run(other).kind() == "unknown");
        seen = place.look(other);
        CHECK_MESSAGE(seen.kind == Sighting::Kind::did_not, seen.evidence);
        REQUIRE(place.run(other).done());
        CHECK(place.runs().size() == 2);
    }
}

TEST_CASE("a_lost_run_that_failed_is_told_and_not_started_again") {
    if (!has_doubles()) return;
    for (const std::string name : both) {
        CAPTURE(name);
        Place place(name);
        place.end_as(name == "github" ? "cancelled" : "canceled");
        place.double_.fault({.method = "POST", .path = place.starts()});
        CHECK(place.run().kind() == "unknown");
        const Sighting seen = place.look();
        CHECK(seen.kind == Sighting::Kind::did_not);
        CHECK(seen.evidence.find("will not be started again") != std::string::npos);
        const Changed again = place.run();
        CHECK(again.kind() == "failed");
        CHECK(again.error().code == "exit_status");
        CHECK(place.runs().size() == 1);
    }
}

TEST_CASE("a_run_that_goes_on_past_the_deadline_is_not_known_and_looked_for_later") {
    if (!has_doubles()) return;
    for (const std::string name : both) {
        CAPTURE(name);
        Place place(name);
        place.double_.set_state(fields("ends_after", 1000));
        place.rig.timeout_s = 3;
        const Changed late = place.run();
        CHECK(late.kind() == "unknown");
        CHECK(late.error().code == "timed_out");
        const Sighting going = place.look();
        CHECK(going.kind == Sighting::Kind::cannot_tell);
        CHECK(going.evidence.find("has not ended yet") != std::string::npos);
        place.double_.set_state(fields("ends_after", 1));
        CHECK(place.look().kind == Sighting::Kind::happened);
        CHECK(place.runs().size() == 1);
    }
}

TEST_CASE("what_a_ci_service_refuses_or_throttles_is_told_as_such") {
    if (!has_doubles()) return;
    for (const std::string name : both) {
        CAPTURE(name);
        Place place(name);
        place.double_.fault(throttled("POST", place.starts()));
        CHECK(place.run().kind() == "not_sent");
        place.asked = fields("program", "gone");
        const Changed refused = place.run();
        CHECK(refused.kind() == "failed");
        CHECK_MESSAGE((refused.error().message.find("Not Found") != std::string::npos ||
                       refused.error().message.find("Reference not found") != std::string::npos),
                      refused.error().message);
        place.rig.secrets["KEY"] = "canary-of-the-secret";
        const Changed denied = place.run();
        CHECK(denied.error().code == "credentials_refused");
        CHECK(to_json(denied.error().to_value()).find("canary") == std::string::npos);
        CHECK(place.runs().empty());
    }
}

TEST_CASE("a_ci_service_runs_declared_programs_with_declared_variables_only") {
    if (!has_doubles()) return;
    for (const std::string name : both) {
        CAPTURE(name);
        Place place(name);
        const auto code = [&](Value asked) {
            return place.rig.change("run", std::move(asked)).error().code;
        };
        CHECK(code(fields("program", "rm")) == "not_declared");
        CHECK(code(fields("program", "restore", "arguments", List{"x"})) == "not_permitted");
        CHECK(code(fields("program", "restore", "input", "x")) == "not_permitted");
        CHECK(code(fields("program", "restore", "environment", fields("other", "x"))) ==
              "not_permitted");
        CHECK(code(fields("program", "restore", "environment",
                          fields("database", make_secret("KEY")))) == "bad_argument");
        const auto changes = place.rig.observe("inspect", fields("program", "restore"));
        REQUIRE_FALSE(changes.ok());
        CHECK(changes.error().code == "not_permitted");
        CHECK(place.double_.requests().empty());
        const auto looked = place.rig.observe("inspect", fields("program", "look"));
        REQUIRE_MESSAGE(looked.ok(), (looked.ok() ? "" : looked.error().message));
        CHECK((*looked)["exit_code"].integer() == 0);
        CHECK(place.variable(0, "database") == "shop");
    }
}

TEST_CASE("a_run_that_github_shows_late_is_found_all_the_same") {
    if (!has_doubles()) return;
    Place place("github");
    place.double_.set_state(fields("shows_after", 0.8));
    place.double_.fault({.method = "POST", .path = place.starts()});
    CHECK(place.run().kind() == "unknown");
    CHECK(place.look().kind == Sighting::Kind::happened);
    CHECK(place.runs().size() == 1);
}

TEST_CASE("an_older_github_that_names_no_run_is_asked_for_it") {
    if (!has_doubles()) return;
    Place place("github");
    place.double_.set_state(fields("answers_runs", false));
    REQUIRE(place.run().done());
    // A run whose name holds no key could be the one that was meant.
    Value runs = place.double_.state()["runs"];
    runs.as_list()[0].set("display_title", "restore");
    place.double_.set_state(fields("runs", runs));
    const Sighting seen = place.look();
    CHECK(seen.kind == Sighting::Kind::cannot_tell);
    CHECK(seen.evidence.find("run-name") != std::string::npos);
}

}  // namespace perilune::test
