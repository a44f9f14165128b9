// What every driver of the deploy family must do, as far as it has the operations. The target under
// test is empty, its artifacts are "v1", "v2" and "v3" (healthy), and "bad-1" (never healthy).
#pragma once

#include "bindings/deploy/deploy.h"
#include "tests/bindings/process/driver_rig.h"

namespace perilune::test {

inline Value with(const std::string& name, Value value, Value more = {}) {
    return more.set(name, std::move(value));
}

inline Value serving(const Changed& released, const std::string& within = "60s") {
    return with("release_id", released.value()["release_id"], with("within", within));
}

// Releases a version and waits until it serves.
inline Changed release_and_wait(DriverRig& rig, const std::string& version) {
    Changed made = rig.change("release", with("version", version));
    REQUIRE_MESSAGE(made.ok(), made.outcome.error.message);
    const auto served = rig.observe("wait_serving", serving(made));
    REQUIRE_MESSAGE(served.ok(), (served.ok() ? "" : served.error().message));
    CHECK((*served)["version"].text() == version);
    CHECK((*served)["state"].text() == "serving");
    return made;
}

inline Value status_of(DriverRig& rig) {
    const auto app = rig.observe("status");
    REQUIRE_MESSAGE(app.ok(), (app.ok() ? "" : app.error().message));
    return *app;
}

inline void check_deploy_of_nothing(DriverRig& rig) {
    CHECK(status_of(rig)["instances_healthy"].integer() == 0);
    CHECK(rig.observe("releases")->list().empty());
    CHECK(rig.observe("previous_release")->is_nil());
    CHECK(rig.observe("endpoint")->is_text());
    CHECK(rig.change("rollback").code() == "nothing_to_roll_back");
    CHECK(rig.change("release", with("version", "never-built")).code() == "not_found");
    if (rig.has("artifact")) {
        CHECK(rig.observe("artifact", with("version", "never-built"))->is_nil());
        const auto built = rig.observe("artifact", with("version", "v1"));
        REQUIRE(built.ok());
        CHECK((*built)["digest"].text().size() == 64);
        CHECK((*built)["size_bytes"].number() > 0);
        CHECK((*built)["built_at"].number() > 0);
    }
}

inline void check_deploy_releases(DriverRig& rig) {
    const Changed first = release_and_wait(rig, "v1");
    CHECK(first.value()["changed"].boolean());
    CHECK(status_of(rig)["version"].text() == "v1");
    CHECK(status_of(rig)["state"].text() == "serving");
    CHECK(rig.observe("previous_release")->is_nil());

    const Changed second = release_and_wait(rig, "v2");
    CHECK(second.value()["previous_release_id"] == first.value()["release_id"]);
    CHECK(status_of(rig)["version"].text() == "v2");
    const auto releases = rig.observe("releases");
    REQUIRE(releases->list().size() == 2);
    CHECK(releases->list()[0]["release_id"] == second.value()["release_id"]);
    CHECK(releases->list()[1]["state"].text() == "superseded");
    CHECK(releases->list()[1]["can_roll_back"].boolean());
    CHECK(rig.observe("releases", with("limit", 1))->list().size() == 1);
    CHECK((*rig.observe("previous_release"))["version"].text() == "v1");

    if (rig.knows_variables) {
        const Changed same = rig.change("release", with("version", "v2"));
        CHECK(same.before.already_so);
        CHECK_FALSE(same.value()["changed"].boolean());
    }

    // Taken back: the first release serves again, under its own id.
    const auto undone = rig.undo("release", with("version", "v2"), second);
    REQUIRE(undone.has_value());
    REQUIRE_MESSAGE(undone->ok(), undone->outcome.error.message);
    CHECK(undone->value()["version"].text() == "v1");
    if (rig.keeps_ids) CHECK(undone->value()["release_id"] == first.value()["release_id"]);
    // Nobody waited: what is undone serves.
    CHECK(undone->value()["state"].text() == "serving");
    CHECK(status_of(rig)["version"].text() == "v1");
    CHECK(status_of(rig)["state"].text() == "serving");
    const auto wrong = rig.observe("wait_serving", serving(second, "30s"));
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().code == "wrong_version");
    CHECK(wrong.error().retry == Retry::never);
    const auto missing =
        rig.observe("wait_serving", with("release_id", "no-such", with("within", "5s")));
    CHECK(missing.error().code == "not_found");
}

// A lost answer: look finds what this intent made, and nothing of another.
inline void check_deploy_looks(DriverRig& rig) {
    const Value call = with("version", "v3");
    const Changed made = rig.change("release", call);
    REQUIRE(made.ok());
    const Sighting seen = rig.look("release", call, made.key, made.before.state);
    CHECK(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["release_id"] == made.value()["release_id"]);
    CHECK(seen.after == made.outcome.after);
    const auto other = to_hex(random_bytes(16));
    if (rig.keeps_keys)
        CHECK(rig.look("release", call, other, made.before.state).kind == Sighting::Kind::did_not);
    const auto count = rig.observe("releases")->list().size();
    CHECK(rig.act_again("release", call, made).kind == Outcome::Kind::done);
    CHECK(rig.observe("releases")->list().size() == count);
    REQUIRE(rig.observe("wait_serving", serving(made)).ok());

    const Changed back = rig.change("rollback");
    REQUIRE_MESSAGE(back.ok(), back.outcome.error.message);
    CHECK(back.value()["version"].text() == "v1");
    CHECK(rig.look("rollback", {}, back.key, back.before.state).kind == Sighting::Kind::happened);
    if (rig.keeps_keys)
        CHECK(rig.look("rollback", {}, other, back.before.state).kind == Sighting::Kind::did_not);
    const Outcome again = rig.act_again("rollback", {}, back);
    CHECK(again.kind == Outcome::Kind::done);
    CHECK(again.value["release_id"] == back.value()["release_id"]);
    REQUIRE(rig.observe("wait_serving", serving(back)).ok());
}

// A release that never becomes healthy leaves what served before.
inline void check_deploy_fails(DriverRig& rig) {
    const std::string before = status_of(rig)["version"].text();
    const Changed bad = rig.change("release", with("version", "bad-1"));
    REQUIRE(bad.ok());
    const auto waited = rig.observe("wait_serving", serving(bad));
    REQUIRE_FALSE(waited.ok());
    CHECK(waited.error().code == "wrong_version");
    CHECK(waited.error().detail["state"].text() == "failed");
    REQUIRE(rig.observe("wait_healthy", with("healthy_for", 0, with("within", "60s"))).ok());
    CHECK(status_of(rig)["version"].text() == before);
}

inline void check_deploy_scales(DriverRig& rig) {
    if (!rig.has("scale")) return;
    const auto before = status_of(rig)["instances"].integer();
    const Value call = with("instances", before + 1);
    const Changed more = rig.change("scale", call);
    REQUIRE_MESSAGE(more.ok(), more.outcome.error.message);
    CHECK(more.value()["instances_before"].integer() == before);
    CHECK(more.value()["instances"].integer() == before + 1);
    const auto healthy =
        rig.observe("wait_healthy", with("healthy_for", "200ms", with("within", "60s")));
    REQUIRE_MESSAGE(healthy.ok(), (healthy.ok() ? "" : healthy.error().message));
    CHECK((*healthy)["instances_healthy"].integer() == before + 1);
    CHECK(rig.change("scale", call).before.already_so);
    const auto undone = rig.undo("scale", call, more);
    REQUIRE(undone.has_value());
    CHECK(undone->ok());
    CHECK(status_of(rig)["instances"].integer() == before);
    const auto late =
        rig.observe("wait_healthy", with("instances", before + 5, with("within", "300ms")));
    REQUIRE_FALSE(late.ok());
    CHECK(late.error().code == "timed_out");
    CHECK(late.error().retry == Retry::safe);
}

inline void check_deploy_variables(DriverRig& rig) {
    if (!rig.has("set_env") || !rig.has("get_env")) return;
    Value values;
    values.set("PLAIN", "one").set("NUMBER", 5).set("KEY", make_secret("api_key"));
    const Value call = with("values", values);
    const Changed made = rig.change("set_env", call);
    REQUIRE_MESSAGE(made.ok(), made.outcome.error.message);
    CHECK(made.value()["names"] == list_of({"KEY", "NUMBER", "PLAIN"}));
    const Value env = *rig.observe("get_env");
    CHECK(env["PLAIN"]["value"].text() == "one");
    CHECK(env["NUMBER"]["value"].text() == "5");
    CHECK_FALSE(env["KEY"].has("value"));
    CHECK(env["KEY"]["digest"].text() == to_hex(sha256("API_KEY")));
    CHECK(rig.observe("get_env", with("names", list_of({"PLAIN", "NONE"})))->map().size() == 1);
    CHECK(rig.change("set_env", call).before.already_so);

    const Changed other = rig.change("set_env", with("values", with("KEY", make_secret("other"))));
    REQUIRE(other.ok());
    const auto back = rig.undo("set_env", with("values", with("KEY", make_secret("other"))), other);
    REQUIRE(back.has_value());
    CHECK((*rig.observe("get_env"))["KEY"]["digest"] == env["KEY"]["digest"]);
    const Changed unset = rig.change("unset_env", with("names", list_of({"PLAIN", "NONE"})));
    REQUIRE(unset.ok());
    CHECK_FALSE(rig.observe("get_env")->has("PLAIN"));
    REQUIRE(rig.undo("unset_env", with("names", list_of({"PLAIN", "NONE"})), unset)->ok());
    CHECK((*rig.observe("get_env"))["PLAIN"]["value"].text() == "one");
    const auto undone = rig.undo("set_env", call, made);
    REQUIRE(undone.has_value());
    CHECK(rig.observe("get_env")->map().empty());
}

inline void check_deploy_maintenance(DriverRig& rig) {
    if (!rig.has("set_maintenance")) return;
    const Value call = with("state", "on", with("message", "back at noon"));
    const Changed on = rig.change("set_maintenance", call);
    REQUIRE_MESSAGE(on.ok(), on.outcome.error.message);
    CHECK(on.value()["before"].text() == "off");
    CHECK(on.value()["after"].text() == "on");
    CHECK(status_of(rig)["maintenance"].boolean());
    CHECK(rig.change("set_maintenance", call).before.already_so);
    REQUIRE(rig.undo("set_maintenance", call, on)->ok());
    CHECK_FALSE(status_of(rig)["maintenance"].boolean());
}

inline void check_deploy_stops_and_starts(DriverRig& rig) {
    if (!rig.has("stop") || !rig.has("start")) return;
    const Changed stopped = rig.change("stop");
    REQUIRE_MESSAGE(stopped.ok(), stopped.outcome.error.message);
    CHECK(status_of(rig)["state"].text() == "stopped");
    CHECK(status_of(rig)["instances_healthy"].integer() == 0);
    CHECK(rig.change("stop").before.already_so);
    const auto started = rig.undo("stop", {}, stopped);
    REQUIRE(started.has_value());
    REQUIRE(started->ok());
    CHECK(rig.observe("wait_healthy", with("healthy_for", 0, with("within", "60s"))).ok());
    CHECK(status_of(rig)["state"].text() == "serving");
}

inline void check_deploy_prunes(DriverRig& rig) {
    if (!rig.has("prune_releases")) return;
    const auto all = rig.observe("releases")->list().size();
    REQUIRE(all > 2);
    CHECK(
        rig.change("prune_releases", with("keep_at_least", 1, with("delete_at_most", 0))).code() ==
        "too_many");
    CHECK(rig.observe("releases")->list().size() == all);
    const Changed pruned =
        rig.change("prune_releases", with("keep_at_least", 1, with("delete_at_most", 50)));
    REQUIRE_MESSAGE(pruned.ok(), pruned.outcome.error.message);
    CHECK_FALSE(pruned.value()["removed"].list().empty());
    CHECK(rig.observe("releases")->list().size() == pruned.value()["kept"].list().size());
    CHECK(rig.change("prune_releases", with("keep_at_least", 1, with("delete_at_most", 50)))
              .before.already_so);
    CHECK(status_of(rig)["state"].text() == "serving");
}

inline List lines_of(DriverRig& rig, Value arguments) {
    const auto log = rig.observe("logs", std::move(arguments));
    REQUIRE_MESSAGE(log.ok(), (log.ok() ? "" : log.error().message));
    return (*log)["lines"].list();
}

// What instances have written by now is shown by time, text and number, and nothing else is.
inline void check_deploy_logs(DriverRig& rig) {
    if (!rig.has("logs")) return;
    const List all = lines_of(rig, with("since", 0));
    REQUIRE(all.size() > 1);
    for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK_FALSE(all[i]["text"].text().empty());
        CHECK_FALSE(all[i]["source"].text().empty());
        CHECK(all[i]["at"].number() >= (i == 0 ? 1 : all[i - 1]["at"].number()));
    }
    const Value newest = all.back();
    for (const auto& line : lines_of(rig, with("since", newest["at"])))
        CHECK(line["at"].number() >= newest["at"].number());
    CHECK(lines_of(rig, with("since", newest["at"], with("to", newest["at"]))).size() >= 1);
    const Value until = with("to", all.front()["at"]);
    for (const auto& line : lines_of(rig, with("since", 0, until)))
        CHECK(line["at"] == all.front()["at"]);
    CHECK(lines_of(rig, with("since", newest["at"].number() + 3600)).empty());

    const std::string text = newest["text"].text();
    const List same = lines_of(rig, with("since", 0, with("contains", text)));
    CHECK_FALSE(same.empty());
    for (const auto& line : same) CHECK(line["text"].text().find(text) != std::string::npos);
    // Byte for byte: no pattern, no other case, and no word for a shell.
    for (const char* other : {".*", "'; echo '", "$(id)", "\\E.*\\Q"})
        CHECK(lines_of(rig, with("since", 0, with("contains", other))).empty());

    const auto one = rig.observe("logs", with("since", 0, with("lines_max", 1)));
    REQUIRE((*one)["lines"].list().size() == 1);
    CHECK((*one)["truncated"].boolean());
    CHECK((*one)["lines"].list()[0]["at"].number() >= newest["at"].number());
    CHECK_FALSE((*rig.observe("logs", with("since", newest["at"])))["truncated"].boolean());
}

enum class Written { shown, nowhere };  // What instances write, where it needs a service.

inline void check_deploy_driver(DriverRig& rig, Written written = Written::shown) {
    check_deploy_of_nothing(rig);
    check_deploy_releases(rig);
    check_deploy_looks(rig);
    check_deploy_fails(rig);
    check_deploy_scales(rig);
    check_deploy_variables(rig);
    check_deploy_maintenance(rig);
    check_deploy_stops_and_starts(rig);
    check_deploy_prunes(rig);
    if (written == Written::shown) check_deploy_logs(rig);
}

}  // namespace perilune::test
