// What every driver of the secrets family that can write must do, whatever store stands behind it.
//
// `rig` drives an empty store. Execute it inside a TEST_CASE; each part is a SUBCASE.
#pragma once

#include <doctest/doctest.h>

#include "bindings/secrets/provider.h"
#include "interpreter/base/json.h"
#include "tests/support/call_rig.h"

namespace perilune::test {

inline void undone(CallRig& rig) {
    const auto result = rig.undo();
    REQUIRE_MESSAGE(result.ok(), result.error().message);
}

// Puts a value by a handle, as a runbook does.
inline Value put(CallRig& rig, const std::string& name, const std::string& value,
                 const std::string& stage = "current") {
    rig.secrets["HANDED"] = value;
    return done(rig, "put",
                named("name", name).set("value", make_secret("HANDED")).set("stage", stage));
}

// What the handle that `read` gives opens to; "none" where read gives nil, "closed" where it does
// not open.
inline std::string opened(CallRig& rig, const std::string& name, const std::string& version = "") {
    Value asked = named("name", name);
    if (!version.empty()) asked.set("version", version);
    const Value handle = done(rig, "read", asked);
    if (handle.is_nil()) return "none";
    REQUIRE(handle.is_secret());
    const SecretPiece& piece = handle.secret()->pieces.at(0);
    const auto value = provider_of(rig.driver())->fetch(piece.name, piece.version);
    return value ? *value : "closed";
}

inline void check_secret_versions(CallRig& rig) {
    SUBCASE("puts_reads_and_replaces_a_value") {
        CHECK(done(rig, "describe", named("name", "db/main")).is_nil());
        CHECK(opened(rig, "db/main") == "none");
        const Value first = put(rig, "db/main", "one");
        CHECK(first["changed"].boolean());
        CHECK(first["stage"].text() == "current");
        CHECK(opened(rig, "db/main") == "one");
        const Value second = put(rig, "db/main", "two");
        CHECK(opened(rig, "db/main") == "two");
        CHECK(opened(rig, "db/main", first["version"].text()) == "one");
        CHECK(done(rig, "describe", named("name", "db/main"))["version"] == second["version"]);
    }
    SUBCASE("no_result_holds_a_value") {
        const Value results[] = {put(rig, "a", "hunter2hunter2"),
                                 rig.last().before.state,
                                 rig.last().outcome.after,
                                 done(rig, "describe", named("name", "a")),
                                 done(rig, "list"),
                                 rig.last().call.arguments};
        for (const auto& result : results)
            CHECK(to_json(result).find("hunter2") == std::string::npos);
    }
    SUBCASE("says_so_where_the_value_is_there_already") {
        const Value first = put(rig, "a", "one");
        const Value again = put(rig, "a", "one");
        CHECK_FALSE(again["changed"].boolean());
        CHECK(again["version"] == first["version"]);
    }
    SUBCASE("a_repeated_put_adds_one_version_only") {
        const Value first = put(rig, "a", "one");
        const auto again = rig.act_again();
        REQUIRE(again.ok());
        CHECK(*again == first);
        if (rig.has("versions"))
            CHECK(done(rig, "versions", named("name", "a")).list().size() == 1);
    }
    SUBCASE("a_pending_version_changes_nothing_for_readers") {
        put(rig, "a", "one");
        rig.secrets["HANDED"] = "two";
        const auto asked = rig.call(
            "put", named("name", "a").set("value", make_secret("HANDED")).set("stage", "pending"));
        if (!asked.ok()) {
            CHECK(asked.error().code == "unsupported");  // A store without stages.
            return;
        }
        const Value& pending = *asked;
        CHECK(pending["stage"].text() == "pending");
        CHECK(opened(rig, "a") == "one");
        CHECK(opened(rig, "a", pending["version"].text()) == "two");
    }
    SUBCASE("lists_by_name_and_prefix") {
        put(rig, "b/two", "1");
        put(rig, "a", "1");
        put(rig, "b/one", "1");
        const Value all = done(rig, "list");
        REQUIRE(all.list().size() == 3);
        CHECK(all.list()[1]["name"].text() == "b/one");
        CHECK(done(rig, "list", named("prefix", "b/")).list().size() == 2);
        CHECK(all.list()[0]["age_s"].number() >= 0);
    }
}

inline void check_secret_undo(CallRig& rig) {
    SUBCASE("undo_of_a_first_put_leaves_no_secret_and_it_can_be_put_again") {
        put(rig, "a", "one");
        undone(rig);
        CHECK(opened(rig, "a") == "none");
        put(rig, "a", "two");
        CHECK(opened(rig, "a") == "two");
        undone(rig);
        CHECK(opened(rig, "a") == "none");
    }
    SUBCASE("undo_of_a_put_gives_readers_the_old_value") {
        put(rig, "a", "one");
        put(rig, "a", "two");
        undone(rig);
        CHECK(opened(rig, "a") == "one");
    }
    SUBCASE("two_puts_are_undone_one_after_the_other") {
        put(rig, "a", "one");
        put(rig, "a", "two");
        const auto second = rig.last();
        put(rig, "a", "three");
        undone(rig);
        rig.last() = second;
        undone(rig);
        CHECK(opened(rig, "a") == "one");
    }
    SUBCASE("a_rotation_is_undone_step_by_step") {
        if (!rig.has("generate") || !rig.has("set_current")) return;
        put(rig, "a", "one");
        const Value made = done(rig, "generate", named("name", "a"));
        const auto generated = rig.last();
        const Value moved =
            done(rig, "set_current", named("name", "a").set("version", made["version"]));
        CHECK(moved["after"] == made["version"]);
        CHECK(opened(rig, "a") != "one");
        undone(rig);
        CHECK(opened(rig, "a") == "one");
        rig.last() = generated;
        undone(rig);
        CHECK(opened(rig, "a", made["version"].text()) == "none");
        CHECK(opened(rig, "a") == "one");
    }
}

inline void check_secret_endings(CallRig& rig) {
    SUBCASE("undo_stops_where_somebody_put_another_value_since") {
        put(rig, "a", "one");
        put(rig, "a", "two");
        const auto mine = rig.last();
        put(rig, "a", "theirs");
        rig.last() = mine;
        const auto result = rig.undo();
        REQUIRE_FALSE(result.ok());
        CHECK(result.error().code == "conflict");
    }
    SUBCASE("a_deletion_is_undone_with_all_versions") {
        if (!rig.has("undelete")) return;
        const Value first = put(rig, "a", "one");
        put(rig, "a", "two");
        CHECK(done(rig, "delete", named("name", "a"))["changed"].boolean());
        CHECK(opened(rig, "a") == "none");
        CHECK(done(rig, "list").list().empty());
        undone(rig);
        CHECK(opened(rig, "a") == "two");
        CHECK(opened(rig, "a", first["version"].text()) == "one");
        CHECK_FALSE(done(rig, "delete", named("name", "none"))["changed"].boolean());
    }
    SUBCASE("retires_what_is_not_in_use_and_gives_it_back") {
        if (!rig.has("retire")) return;
        const Value first = put(rig, "a", "one");
        const Value second = put(rig, "a", "two");
        const Value old = named("name", "a").set("version", first["version"]);
        refused(rig, "retire", Value(old).set("version", second["version"]), "in_use");
        refused(rig, "retire", Value(old).set("version", "none"), "not_found");
        CHECK(done(rig, "retire", old)["stage"].text() == "retired");
        CHECK(opened(rig, "a", first["version"].text()) == "none");
        undone(rig);
        CHECK(opened(rig, "a", first["version"].text()) == "one");
        CHECK(opened(rig, "a") == "two");
    }
}

inline void check_secrets_conformance(CallRig& rig) {
    SUBCASE("versions") { check_secret_versions(rig); }
    SUBCASE("undo") { check_secret_undo(rig); }
    SUBCASE("endings") { check_secret_endings(rig); }
}

}  // namespace perilune::test
