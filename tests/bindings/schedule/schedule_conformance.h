// What every driver of the schedule family must do, whatever scheduler stands behind it.
//
// `rig` drives a scheduler with exactly two active jobs, "first" and "second". `destination` is one
// the scheduler accepts. Execute it inside a TEST_CASE; each part is a SUBCASE.
#pragma once

#include <doctest/doctest.h>

#include "tests/support/call_rig.h"

namespace perilune::test {

inline std::string state_of_job(CallRig& rig, const std::string& job) {
    return done(rig, "get", named("job", job))["state"].text();
}

inline void check_schedule_pauses(CallRig& rig) {
    SUBCASE("lists_jobs_with_their_next_time") {
        const Value jobs = done(rig, "list");
        REQUIRE(jobs.list().size() == 2);
        CHECK(jobs.list()[0]["job"].text() == "first");
        for (const auto& job : jobs.list()) {
            CHECK(job["state"].text() == "active");
            CHECK(job["next_at"].number() > wall_now_s());
        }
        CHECK(done(rig, "get", named("job", "none")).is_nil());
    }
    SUBCASE("pauses_what_is_named_and_nothing_else") {
        const Value paused = done(rig, "pause", named("jobs", List{"first"}));
        CHECK(paused["changed"].boolean());
        CHECK(paused["paused"] == Value(List{"first"}));
        CHECK(paused["paused_before"].list().empty());
        CHECK(state_of_job(rig, "first") == "paused");
        CHECK(state_of_job(rig, "second") == "active");
        CHECK_FALSE(done(rig, "get", named("job", "first")).has("next_at"));
    }
    SUBCASE("undo_of_a_pause_resumes_only_what_it_paused") {
        done(rig, "pause", named("jobs", List{"first"}));
        const Value all = done(rig, "pause", named("jobs", "all"));
        CHECK(all["paused"] == Value(List{"second"}));
        CHECK(all["paused_before"] == Value(List{"first"}));
        const auto undone = rig.undo();
        REQUIRE_MESSAGE(undone.ok(), undone.error().message);
        CHECK(state_of_job(rig, "first") == "paused");
        CHECK(state_of_job(rig, "second") == "active");
    }
    SUBCASE("undo_of_a_resume_pauses_again") {
        done(rig, "pause", named("jobs", List{"second"}));
        CHECK(done(rig, "resume", named("jobs", "all"))["resumed"] == Value(List{"second"}));
        REQUIRE(rig.undo().ok());
        CHECK(state_of_job(rig, "second") == "paused");
        CHECK(state_of_job(rig, "first") == "active");
    }
    SUBCASE("a_repeated_pause_gives_the_same_result") {
        const Value paused = done(rig, "pause", named("jobs", "all"));
        const auto again = rig.act_again();
        REQUIRE(again.ok());
        CHECK(*again == paused);
        CHECK_FALSE(done(rig, "pause", named("jobs", "all"))["changed"].boolean());
    }
    SUBCASE("a_job_that_is_not_there_stops_the_whole_call") {
        refused(rig, "pause", named("jobs", List{"first", "none"}), "not_found");
        refused(rig, "resume", named("jobs", List{"none"}), "not_found");
        CHECK(state_of_job(rig, "first") == "active");
    }
}

inline void check_schedule_jobs(CallRig& rig, const std::string& destination) {
    if (!rig.has("upsert") || !rig.has("delete")) return;
    Value wanted;
    wanted.set("job", "third").set("cron", "30 4 * * *").set("destination", destination);
    SUBCASE("creates_changes_and_deletes_a_job") {
        const Value made = done(rig, "upsert", wanted);
        CHECK(made["changed"].boolean());
        CHECK(made["cron"].text() == "30 4 * * *");
        CHECK(made["time_zone"].text() == "UTC");
        CHECK(done(rig, "list").list().size() == 3);
        CHECK_FALSE(done(rig, "upsert", wanted)["changed"].boolean());
        done(rig, "upsert", Value(wanted).set("cron", "@hourly"));
        CHECK(done(rig, "get", named("job", "third"))["cron"].text() == "@hourly");
        CHECK(done(rig, "delete", named("job", "third"))["changed"].boolean());
        CHECK_FALSE(done(rig, "delete", named("job", "third"))["changed"].boolean());
        CHECK(done(rig, "list").list().size() == 2);
    }
    SUBCASE("undo_of_a_creation_deletes_and_of_a_change_gives_back") {
        done(rig, "upsert", wanted);
        REQUIRE(rig.undo().ok());
        CHECK(done(rig, "get", named("job", "third")).is_nil());
        const Value old = done(rig, "get", named("job", "first"));
        done(rig, "upsert", Value(wanted).set("job", "first"));
        REQUIRE(rig.undo().ok());
        CHECK(done(rig, "get", named("job", "first"))["cron"] == old["cron"]);
    }
    SUBCASE("undo_of_a_deletion_gives_the_job_back_as_it_was") {
        done(rig, "pause", named("jobs", List{"second"}));
        const Value old = done(rig, "get", named("job", "second"));
        done(rig, "delete", named("job", "second"));
        REQUIRE(rig.undo().ok());
        CHECK(done(rig, "get", named("job", "second")) == old);
    }
    SUBCASE("refuses_schedules_that_say_nothing") {
        refused(rig, "upsert", Value(wanted).set("cron", "61 * * * *"), "bad_cron");
        refused(rig, "upsert", Value(wanted).set("time_zone", "Mars/Olympus"), "bad_time_zone");
        CHECK(done(rig, "list").list().size() == 2);
    }
}

inline void check_schedule_conformance(CallRig& rig, const std::string& destination) {
    SUBCASE("pauses") { check_schedule_pauses(rig); }
    SUBCASE("jobs") { check_schedule_jobs(rig, destination); }
}

}  // namespace perilune::test
