// The driver for Neon's control plane against its double, whose requests are checked by Neon's
// document.
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
        REQUIRE(rig.make(fields("project", "shop", "branch", "br-main", "url", double_.url(),
                                "token", make_secret("KEY")))
                    .ok());
    }
    List restored() const { return double_.state()["restored"].list(); }
    List branches() const { return double_.state()["branches"].list(); }
    // A moment of the branch's history.
    double then = std::floor(wall_now_s()) - 600;

    Double double_{"neon"};
    DriverRig rig{database_family, builtin_kind("database", "neon"), "database/main"};
};

ChangeSubject subject(const std::string& operation, const std::string& path) {
    const auto place = std::make_shared<Place>();
    const Value at = fields("at", place->then);
    const bool restores = operation == "restore";
    return {.rig = {place, &place->rig},
            .faults = &place->double_,
            .operation = operation,
            .arguments = restores ? at : fields("name", "before the change", "keep", "7d"),
            .method = "POST",
            .path = path,
            .refusal = fields("code", "", "message", "Not like this"),
            .made =
                [place, restores] {
                    const auto made =
                        restores ? place->restored() : place->double_.state()["snapshots"].list();
                    return static_cast<int>(made.size());
                },
            .place = place};
}

}  // namespace

TEST_CASE("neon_s_snapshots_and_restores_are_made_once_though_answers_are_lost") {
    if (!has_doubles()) return;
    check_change_conformance([] { return subject("snapshot", "/snapshot$"); });
}

TEST_CASE("a_restore_of_neon_is_known_by_the_branch_that_keeps_what_was_there") {
    if (!has_doubles()) return;
    Place place;
    const Value asked = fields("at", place.then);
    place.double_.fault({.kind = Fault::Kind::drop, .method = "POST", .path = "/restore$"});
    const Changed dropped = place.rig.change("restore", asked, "k");
    CHECK(dropped.kind() == "unknown");
    CHECK(place.rig.look("restore", asked, "k", dropped.before.state).kind ==
          Sighting::Kind::did_not);
    place.double_.fault({.method = "POST", .path = "/restore$"});
    const Changed lost = place.rig.change("restore", asked, "k");
    CHECK(lost.kind() == "unknown");
    CHECK(place.rig.look("restore", asked, "k", lost.before.state).kind ==
          Sighting::Kind::cannot_tell);
    Value branches = place.double_.state()["branches"];
    branches.as_list()[0].set("current_state", "ready");
    place.double_.set_state(fields("branches", branches));
    const Sighting seen = place.rig.look("restore", asked, "k", lost.before.state);
    CHECK(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["data_until_at"].number() == place.then);
    CHECK(seen.value["previous"]["id"].text().starts_with("br-kept-"));
    REQUIRE(place.rig.change("restore", asked, "k").done());
    CHECK(place.restored().size() == 1);
}

TEST_CASE("a_branch_goes_back_to_a_moment_and_undo_brings_back_what_was_there") {
    if (!has_doubles()) return;
    Place place;
    const Value asked = fields("at", place.then);
    const Changed made = place.rig.change("restore", asked);
    REQUIRE_MESSAGE(made.done(), made.error().message);
    CHECK(made.outcome.value["data_until_at"].number() == place.then);
    CHECK_FALSE(made.outcome.value["moved_endpoint"].boolean());
    REQUIRE(place.restored().size() == 1);
    CHECK(place.restored()[0]["source_branch_id"].text() == "br-main");
    const Value kept = made.outcome.value["previous"];
    const auto backups = place.rig.observe("list_backups", fields());
    REQUIRE_MESSAGE(backups.ok(), (backups.ok() ? "" : backups.error().message));
    REQUIRE(backups->list().size() == 1);
    CHECK(backups->list()[0]["id"] == kept["id"]);
    const Changed undone = place.rig.undo("restore", asked, made);
    REQUIRE_MESSAGE(undone.done(), undone.error().message);
    REQUIRE(place.restored().size() == 2);
    CHECK(place.restored()[1]["source_branch_id"] == kept["id"]);
    const Changed forgotten =
        place.rig.change("restore", fields("at", place.then, "keep_previous", 0));
    REQUIRE_MESSAGE(forgotten.done(), forgotten.error().message);
    CHECK(forgotten.outcome.value["previous"].is_nil());
    CHECK(place.branches().size() == 3);
}

TEST_CASE("neon_is_waited_for_and_its_failed_operations_are_told") {
    if (!has_doubles()) return;
    Place place;
    const auto ready = place.rig.observe("wait_ready", fields("within", "5s"));
    REQUIRE_MESSAGE(ready.ok(), (ready.ok() ? "" : ready.error().message));
    CHECK((*ready)["version"].text() == "17");
    CHECK((*ready)["size_bytes"].number() == 4096);
    const auto window = place.rig.observe("restore_window", fields());
    REQUIRE(window.ok());
    CHECK((*window)["to_at"].number() - (*window)["from_at"].number() < 3700);
    place.double_.set_state(fields("end", "failed"));
    const Changed failed = place.rig.change("snapshot", fields("name", "a"));
    CHECK(failed.kind() == "failed");
    CHECK(failed.error().message.find("the pageserver is gone") != std::string::npos);
    Value branches = place.double_.state()["branches"];
    branches.as_list()[0].set("current_state", "resetting");
    place.double_.set_state(fields("branches", branches));
    const auto late = place.rig.observe("wait_ready", fields("within", "1s"));
    REQUIRE_FALSE(late.ok());
    CHECK(late.error().code == "timed_out");
    CHECK(late.error().retry == Retry::safe);
}

TEST_CASE("what_neon_cannot_restore_or_do_now_is_refused_before_anything_changes") {
    if (!has_doubles()) return;
    Place place;
    const Changed made = place.rig.change("snapshot", fields("name", "a", "keep", "1d"));
    REQUIRE_MESSAGE(made.done(), made.error().message);
    CHECK(made.outcome.value["keep_until_at"].number() > wall_now_s() + 86000);
    CHECK(place.rig.change("snapshot", fields("name", "a")).error().code == "already_exists");
    const Value id = fields("backup", made.outcome.value["id"]);
    CHECK(place.rig.change("restore", id).error().code == "not_supported");
    CHECK(place.rig.change("restore", fields("backup", "br-none")).error().code == "not_found");
    const Changed old = place.rig.change("restore", fields("at", 1000));
    CHECK(old.kind() == "failed");
    CHECK(old.error().message.find("older than the branch") != std::string::npos);
    place.double_.fault({.kind = Fault::Kind::answer,
                         .method = "POST",
                         .status = 423,
                         .body = fields("code", "", "message",
                                        "project already has running "
                                        "operations")});
    CHECK(place.rig.change("restore", fields("at", place.then)).kind() == "not_sent");
    CHECK(place.restored().empty());
    REQUIRE(place.rig.change("delete_backup", id).done());
    CHECK(place.rig.change("delete_backup", id).before.already_so);
}

}  // namespace perilune::test
