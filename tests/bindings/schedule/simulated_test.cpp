// The simulated scheduler: the family's conformance, and jobs that begin by the virtual clock.
#include <doctest/doctest.h>

#include "bindings/schedule/schedule.h"
#include "interpreter/base/units.h"
#include "tests/bindings/schedule/schedule_conformance.h"
#include "tests/support/simulated_rig.h"

namespace perilune::test {

namespace {

struct SimulatedSchedulerRig {
    SimulatedSchedulerRig()
        : rig(stage, schedule_family, simulated_schedule, "schedule/jobs"),
          calls(rig, schedule_family, rig.make_driver(), "schedule/jobs") {
        rig.control("put", fields("job", "first", "cron", "0 2 * * *"));
        rig.control("put", fields("job", "second", "cron", "*/10 * * * *"));
    }

    // Lets time pass up to this moment.
    void go_to(const char* moment) { stage.pass(*parse_time(moment) - wall_now_s()); }
    List runs(const std::string& job, double since = 0) {
        return done(calls, "runs", fields("job", job, "since", since)).list();
    }

    SimulatedStage stage;
    SimulatedRig rig;
    CallRig calls;
};

// Virtual time begins at 2027-01-15T08:00:00Z.
constexpr double began_at = 1.8e9;

}  // namespace

TEST_CASE("the_simulated_scheduler_conforms_to_the_schedule_family") {
    SimulatedSchedulerRig scheduler;
    check_schedule_conformance(scheduler.calls, "/usr/local/bin/third");
}

TEST_CASE("the_simulated_scheduler_has_every_operation_of_the_family") {
    SimulatedSchedulerRig scheduler;
    for (const auto& row : schedule_family.operations)
        CHECK_MESSAGE(scheduler.calls.has(row.name), row.name);
}

TEST_CASE("jobs_begin_by_the_virtual_clock_and_end_after_their_time") {
    SimulatedSchedulerRig scheduler;
    scheduler.rig.control("takes", fields("job", "second", "seconds", "4m"));
    CHECK(scheduler.runs("second").empty());
    scheduler.go_to("2027-01-15T08:31:00Z");
    const List runs = scheduler.runs("second");
    REQUIRE(runs.size() == 3);
    CHECK(runs[0]["for_at"].number() == *parse_time("2027-01-15T08:30:00Z"));
    CHECK(runs[0]["state"].text() == "running");
    CHECK_FALSE(runs[0].has("ended_at"));
    CHECK(runs[2]["state"].text() == "succeeded");
    CHECK(runs[2]["ended_at"].number() == runs[2]["started_at"].number() + 240);
    CHECK(scheduler.rig.see()["running"] == Value(List{"second"}));
    CHECK(scheduler.runs("first").empty());
    scheduler.go_to("2027-01-16T02:00:00Z");
    CHECK(scheduler.runs("first").size() == 1);
    CHECK(done(scheduler.calls, "get", named("job", "first"))["last_at"].number() ==
          *parse_time("2027-01-16T02:00:00Z"));
    CHECK(done(scheduler.calls, "list").list().at(0)["last_at"].is_number());
}

TEST_CASE("looking_often_begins_no_job_twice") {
    SimulatedSchedulerRig scheduler;
    for (int i = 0; i < 100; ++i) {
        scheduler.stage.pass(36.5);
        scheduler.rig.see();
    }
    CHECK(scheduler.runs("second").size() == 6);
}

TEST_CASE("a_paused_job_misses_its_times_and_nothing_is_made_up") {
    SimulatedSchedulerRig scheduler;
    scheduler.go_to("2027-01-15T08:15:00Z");
    done(scheduler.calls, "pause", named("jobs", List{"second"}).set("reason", "region outage"));
    CHECK(scheduler.rig.see()["jobs"]["second"]["reason"].text() == "region outage");
    scheduler.go_to("2027-01-15T08:45:00Z");
    done(scheduler.calls, "resume", named("jobs", List{"second"}));
    CHECK_FALSE(scheduler.rig.see()["jobs"]["second"].has("reason"));
    scheduler.go_to("2027-01-15T08:55:00Z");
    CHECK(scheduler.runs("second").size() == 2);
    const Value missed =
        done(scheduler.calls, "missed", named("job", "second").set("since", began_at + 1));
    CHECK(missed ==
          Value(List{*parse_time("2027-01-15T08:20:00Z"), *parse_time("2027-01-15T08:30:00Z"),
                     *parse_time("2027-01-15T08:40:00Z")}));
    refused(scheduler.calls, "missed", named("job", "none").set("since", 0), "not_found");
}

TEST_CASE("a_scheduler_that_has_died_begins_nothing") {
    SimulatedSchedulerRig scheduler;
    scheduler.rig.control("stop");
    scheduler.go_to("2027-01-15T08:35:00Z");
    scheduler.rig.control("start");
    CHECK(scheduler.runs("second").empty());
    scheduler.go_to("2027-01-15T08:45:00Z");
    CHECK(scheduler.runs("second").size() == 1);
}

TEST_CASE("what_was_missed_is_executed_once_for_each_time") {
    SimulatedSchedulerRig scheduler;
    scheduler.rig.control("takes", fields("seconds", 5));
    const Value asked = named("job", "first").set("for_at", "2027-01-14T02:00:00Z");
    const double asked_s = boot_now_s();
    const Value run = done(scheduler.calls, "run_now", asked);
    CHECK(boot_now_s() - asked_s >= 5);
    CHECK(run["state"].text() == "succeeded");
    CHECK(run["changed"].boolean());
    CHECK(run["for_at"].number() == *parse_time("2027-01-14T02:00:00Z"));
    CHECK_FALSE(done(scheduler.calls, "run_now", asked)["changed"].boolean());
    CHECK(scheduler.runs("first").size() == 1);
    done(scheduler.calls, "run_now", Value(asked).set("for_at", "2027-01-13T02:00:00Z"));
    CHECK(scheduler.runs("first").size() == 2);
    // A time at which the scheduler itself has begun the job has its run, too.
    scheduler.go_to("2027-01-15T08:15:00Z");
    const Value own = done(scheduler.calls, "run_now",
                           named("job", "second").set("for_at", "2027-01-15T08:10:00Z"));
    CHECK_FALSE(own["changed"].boolean());
    CHECK(scheduler.runs("second").size() == 1);
}

TEST_CASE("a_run_goes_on_where_its_call_has_ended_and_its_key_finds_it_again") {
    SimulatedSchedulerRig scheduler;
    scheduler.rig.control("takes", fields("job", "first", "seconds", "10m"));
    const Value asked = named("job", "first").set("for_at", "2027-01-14T02:00:00Z");
    CHECK_FALSE(scheduler.calls.call("run_now", asked).ok());
    CHECK(scheduler.calls.last().outcome.kind == Outcome::Kind::unknown);
    const auto mine = scheduler.calls.last();
    refused(scheduler.calls, "run_now", asked, "still_running");
    scheduler.calls.last() = mine;
    Call call = mine.call;
    const auto look = [&] {
        call.deadline_s = boot_now_s() + 20;
        const Handler& handler = scheduler.calls.driver().operations.at("run_now");
        return scheduler.rig.await(handler.look(call, mine.before.state));
    };
    CHECK(look().kind == Sighting::Kind::cannot_tell);
    scheduler.stage.pass(600);
    CHECK(look().kind == Sighting::Kind::happened);
    const auto again = scheduler.calls.act_again();
    REQUIRE(again.ok());
    CHECK((*again)["state"].text() == "succeeded");
    CHECK((*again)["changed"].boolean());
    CHECK(scheduler.runs("first").size() == 1);
    call.key = "another";
    CHECK(look().kind == Sighting::Kind::did_not);
}

TEST_CASE("waiting_for_idle_jobs_ends_when_the_last_run_does") {
    SimulatedSchedulerRig scheduler;
    scheduler.calls.timeout_s = 3600;
    scheduler.rig.control("takes", fields("seconds", "5m"));
    scheduler.go_to("2027-01-15T08:10:30Z");
    CHECK(done(scheduler.calls, "wait_idle", named("jobs", List{"first"}).set("within", 1))
              .list()
              .size() == 1);
    const auto late = scheduler.calls.call("wait_idle", named("jobs", "all").set("within", "1m"));
    REQUIRE_FALSE(late.ok());
    CHECK(late.error().code == "timed_out");
    CHECK(late.error().retry == Retry::safe);
    CHECK(late.error().message.find("second since") != std::string::npos);
    CHECK(done(scheduler.calls, "wait_idle", named("jobs", "all").set("within", "10m"))
              .list()
              .size() == 2);
    const double ended_at = *parse_time("2027-01-15T08:15:00Z");
    CHECK(wall_now_s() >= ended_at);
    CHECK(wall_now_s() < ended_at + 2);
}

TEST_CASE("jobs_fail_as_often_as_they_are_told_to_and_the_same_for_the_same_seed") {
    const auto failures = [](double ratio) {
        SimulatedSchedulerRig scheduler;
        scheduler.rig.control("fails", fields("job", "second", "ratio", ratio));
        scheduler.stage.pass(100 * 600 + 5);  // The last has ended, too.
        std::string states;
        const List runs = scheduler.rig.see()["runs"].list();
        for (const auto& run : runs)
            if (run["job"].text() == "second") states += run["state"].text()[0];
        return states;
    };
    CHECK(failures(1) == std::string(100, 'f'));
    CHECK(failures(0) == std::string(100, 's'));
    const std::string half = failures(0.5);
    CHECK(half.find('s') != std::string::npos);
    CHECK(half.find('f') != std::string::npos);
    CHECK(failures(0.5) == half);
    SimulatedSchedulerRig scheduler;
    scheduler.rig.control("fails");
    CHECK(done(scheduler.calls, "run_now", named("job", "first"))["state"].text() == "failed");
}

TEST_CASE("a_scheduler_whose_api_fails_still_begins_its_jobs") {
    SimulatedSchedulerRig scheduler;
    scheduler.rig.control("fail");
    CHECK_FALSE(scheduler.calls.call("list").ok());
    const auto refusal = scheduler.calls.call("pause", named("jobs", "all"));
    REQUIRE_FALSE(refusal.ok());
    CHECK(refusal.error().retry == Retry::safe);
    scheduler.go_to("2027-01-15T08:25:00Z");
    scheduler.rig.control("recover");
    CHECK(scheduler.runs("second").size() == 2);
}

TEST_CASE("undo_asks_where_somebody_else_has_resumed_the_jobs") {
    SimulatedSchedulerRig scheduler;
    done(scheduler.calls, "pause", named("jobs", "all"));
    scheduler.rig.control("resume", fields("jobs", List{"first"}));
    const auto undone = scheduler.calls.undo();
    REQUIRE_FALSE(undone.ok());
    CHECK(undone.error().code == "conflict");
    scheduler.rig.control("delete", fields("job", "first"));
    CHECK_FALSE(scheduler.rig.see()["jobs"].has("first"));
    CHECK_FALSE(
        scheduler.rig.world.find("schedule/jobs")->control("pause", fields("jobs", "none")).ok());
}

TEST_CASE("a_lost_answer_of_a_pause_is_repeated_to_the_same_result") {
    SimulatedSchedulerRig scheduler;
    scheduler.rig.fault(SimulatedFault::Kind::after, "pause");
    CHECK_FALSE(scheduler.calls.call("pause", named("jobs", "all")).ok());
    CHECK(scheduler.rig.see()["jobs"]["first"]["state"].text() == "paused");
    // A job that came since is left alone.
    scheduler.rig.control("put", fields("job", "late", "cron", "@daily"));
    const auto again = scheduler.calls.act_again();
    REQUIRE(again.ok());
    CHECK((*again)["paused"] == Value(List{"first", "second"}));
    CHECK((*again)["paused_before"].list().empty());
    CHECK(state_of_job(scheduler.calls, "late") == "active");
    REQUIRE(scheduler.calls.undo().ok());
    CHECK(state_of_job(scheduler.calls, "first") == "active");
}

}  // namespace perilune::test
