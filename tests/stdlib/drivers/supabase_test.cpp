// The driver for Supabase's management API against its double, whose requests are checked by
// Supabase's document.
#include <cmath>

#include <doctest/doctest.h>

#include "bindings/database/database.h"
#include "tests/interpreter/driver/lua_rig.h"
#include "tests/support/record_conformance.h"

namespace perilune::test {

namespace {

struct Place {
    Place() {
        rig.secrets["KEY"] = Double::token;
        REQUIRE(rig.make(fields("project", "abcdefghijklmnopqrst", "url", double_.url(), "token",
                                make_secret("KEY"), "begins_within", "2s"))
                    .ok());
    }
    List restores() const { return double_.state()["restores"].list(); }

    double then = std::floor(wall_now_s()) - 600;
    Double double_{"supabase"};
    DriverRig rig{database_family, builtin_kind("database", "supabase"), "database/main"};
};

}  // namespace

TEST_CASE("supabase_s_restore_points_are_made_once_though_answers_are_lost") {
    if (!has_doubles()) return;
    check_change_conformance([] {
        const auto place = std::make_shared<Place>();
        return ChangeSubject{.rig = {place, &place->rig},
                             .faults = &place->double_,
                             .operation = "snapshot",
                             .arguments = fields("name", "before the change"),
                             .method = "POST",
                             .path = "/restore-point$",
                             .refusal = fields("message", "Not like this"),
                             .made =
                                 [place] {
                                     // Asking once ends the making of a point.
                                     place->rig.observe("list_backups", fields());
                                     Value points = place->double_.state()["points"];
                                     for (auto& [name, point] : points.as_map()) {
                                         point.set("status", "AVAILABLE");
                                         point.set("completed_on", "2026-01-01T00:00:00.000Z");
                                     }
                                     place->double_.set_state(fields("points", points));
                                     return static_cast<int>(points.map().size());
                                 },
                             .place = place};
    });
}

TEST_CASE("a_project_goes_back_to_a_moment_and_undo_to_the_restore_point_before_it") {
    if (!has_doubles()) return;
    Place place;
    const Value asked = fields("at", place.then);
    const Changed made = place.rig.change("restore", asked, std::string(40, 'a'));
    REQUIRE_MESSAGE(made.done(), made.error().message);
    CHECK(made.outcome.value["data_until_at"].number() == place.then);
    REQUIRE(place.restores().size() == 1);
    CHECK(place.restores()[0]["recovery_time_target_unix"].number() == place.then);
    // It was waited for until the project was well again.
    CHECK(place.double_.state()["statuses"].list().empty());
    CHECK(made.outcome.value["previous"]["id"].text() == "point p" + std::string(19, 'a'));
    const Changed undone = place.rig.undo("restore", asked, made);
    REQUIRE_MESSAGE(undone.done(), undone.error().message);
    REQUIRE(place.restores().size() == 2);
    CHECK(place.restores()[1]["word"].text() == "undo");
    CHECK(place.restores()[1]["name"].text() == "p" + std::string(19, 'a'));
}

TEST_CASE("a_restore_of_supabase_whose_answer_was_lost_is_left_to_a_person") {
    if (!has_doubles()) return;
    Place place;
    const Value asked = fields("backup", "7");
    place.double_.fault({.method = "POST", .path = "/restore$"});
    CHECK(place.rig.change("restore", asked, "k").kind() == "unknown");
    CHECK(place.rig.look("restore", asked, "k").kind == Sighting::Kind::cannot_tell);
    CHECK(place.restores().size() == 1);
    place.double_.fault({.kind = Fault::Kind::drop, .method = "POST", .path = "/restore-point$"});
    place.rig.parts.clear();
    CHECK(place.rig.change("restore", asked, "m").kind() == "unknown");
    CHECK(place.rig.look("restore", asked, "m").kind == Sighting::Kind::did_not);
}

TEST_CASE("a_restore_that_fails_or_never_begins_is_not_told_as_done") {
    if (!has_doubles()) return;
    Place place;
    const Value asked = fields("backup", "7", "keep_previous", 0);
    place.double_.set_state(fields("goes", List{"RESTORING", "RESTORE_FAILED"}));
    const Changed failed = place.rig.change("restore", asked);
    CHECK(failed.kind() == "failed");
    CHECK(failed.error().message.find("RESTORE_FAILED") != std::string::npos);
    place.double_.set_state(fields("goes", List{}));
    const Changed unseen = place.rig.change("restore", asked);
    CHECK(unseen.kind() == "unknown");
    CHECK(unseen.error().message.find("does not show that it began") != std::string::npos);
    place.double_.set_state(fields("pitr", false));
    const Changed refused =
        place.rig.change("restore", fields("at", place.then, "keep_previous", 0));
    CHECK(refused.kind() == "failed");
    CHECK(refused.error().message.find("PITR is not enabled") != std::string::npos);
    CHECK(place.rig.observe("restore_window", fields())->is_nil());
    CHECK(place.rig.change("restore", fields("backup", "8")).error().code == "not_found");
}

TEST_CASE("supabase_tells_its_state_and_its_backups") {
    if (!has_doubles()) return;
    Place place;
    const auto ready = place.rig.observe("wait_ready", fields("within", "5s"));
    REQUIRE_MESSAGE(ready.ok(), (ready.ok() ? "" : ready.error().message));
    CHECK((*ready)["version"].text() == "17.4.1");
    const auto backups = place.rig.observe("list_backups", fields());
    REQUIRE(backups.ok());
    REQUIRE(backups->list().size() == 2);
    CHECK(backups->list()[0]["state"].text() == "failed");
    CHECK(backups->list()[1]["id"].text() == "7");
    CHECK((*place.rig.observe("restore_window", fields()))["from_at"].is_number());
    place.double_.set_state(fields("status", "RESTORING"));
    CHECK_FALSE((*place.rig.observe("status", fields()))["reachable"].boolean());
    const auto late = place.rig.observe("wait_ready", fields("within", "1s"));
    CHECK(late.error().code == "timed_out");
    CHECK(place.rig.change("snapshot", fields("name", std::string(21, 'a'))).error().code ==
          "not_supported");
}

TEST_CASE("supabase_s_log_is_read_of_a_day_at_most_and_cut_to_its_newest_lines") {
    if (!has_doubles()) return;
    Place place;
    const auto read = [&place](const Value& arguments) {
        const auto told = place.rig.observe("logs", arguments);
        REQUIRE_MESSAGE(told.ok(), (told.ok() ? "" : told.error().message));
        return *told;
    };
    const double now = wall_now_s();
    const Value all = read(fields("since", now - 300));
    REQUIRE(all["lines"].list().size() == 2);
    CHECK(all["lines"].list()[0]["text"].text() == "LOG:  checkpoint starting: time");
    CHECK(std::abs(all["lines"].list()[1]["at"].number() - (now - 30)) < 5);
    CHECK_FALSE(all["truncated"].boolean());
    CHECK(read(fields("since", now - 45))["lines"].list().size() == 1);
    const Value fatal = read(fields("since", now - 300, "contains", "FATAL"));
    REQUIRE(fatal["lines"].list().size() == 1);
    CHECK(fatal["lines"].list()[0]["text"].text().find("No space left") != std::string::npos);
    const Value newest = read(fields("since", now - 300, "lines_max", 1));
    CHECK(newest["lines"].list()[0]["text"].text().substr(0, 5) == "FATAL");
    CHECK(newest["truncated"].boolean());
    const auto code = [&place](double since) {
        return place.rig.observe("logs", fields("since", since)).error().code;
    };
    CHECK(code(now - 90000) == "not_supported");
    place.double_.set_state(fields("log_error", "Unrecognized name"));
    CHECK(code(now - 300) == "provider_failed");
    CHECK(place.double_.violations().empty());
}

}  // namespace perilune::test
