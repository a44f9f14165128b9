// Timers by two clocks: the boot clock within one boot, else the wall clock, whatever it jumps to.
#include <doctest/doctest.h>

#include "tests/interpreter/run/engine_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

constexpr double hour_s = 3600;
constexpr double year_s = 365 * 24 * hour_s;

// Starts a timer of an hour, lets the clocks move, resumes in another process, and gives the
// seconds until the timer is due there.
double left_after(double boot_passed_s, double wall_passed_s, bool rebooted) {
    FakePort port;
    {
        EngineRig first(port);
        first.begin();
        first.event("/", 1, "timer", "sleep", timer_data(hour_s));
        CHECK(port.armed["T:/#1"] == port.boot + hour_s);
    }
    port.armed.clear();
    port.boot += boot_passed_s;
    port.wall += wall_passed_s;
    if (rebooted) {
        port.boot_name = "boot two";
        port.boot = 10;
    }
    EngineRig second(port);
    second.load();
    second.event("/", 1, "timer", "sleep", timer_data(hour_s));
    second.quiet();
    REQUIRE(port.armed.contains("T:/#1"));
    return port.armed["T:/#1"] - port.boot;
}

}  // namespace

TEST_CASE("within_one_boot_a_timer_keeps_its_deadline_on_the_boot_clock") {
    CHECK(left_after(600, 600, false) == doctest::Approx(3000));
    CHECK(left_after(2 * hour_s, 2 * hour_s, false) == doctest::Approx(-hour_s));
}

TEST_CASE("within_one_boot_a_wall_clock_that_jumps_changes_nothing") {
    CHECK(left_after(600, year_s, false) == doctest::Approx(3000));
    CHECK(left_after(600, -year_s, false) == doctest::Approx(3000));
}

TEST_CASE("after_a_boot_the_wall_clock_says_what_is_left_from_nothing_to_all") {
    CHECK(left_after(0, 600, true) == doctest::Approx(3000));
    CHECK(left_after(0, year_s, true) == doctest::Approx(0));
    CHECK(left_after(0, -year_s, true) == doctest::Approx(hour_s));
}

TEST_CASE("a_wait_whose_time_was_over_while_no_host_lived_looks_once_more") {
    FakePort port;
    const auto ask = [](EngineRig& rig) {
        rig.event("/", 1, "operation", "await", Value().set("within", 30), "", "rig/x");
        rig.quiet();
    };
    {
        EngineRig first(port);
        first.begin();
        ask(first);
        CHECK(port.calls.back().call.deadline_s == port.boot + 30);
    }
    for (const double passed_s : {10.0, 60.0}) {
        port.boot += passed_s;
        port.wall += passed_s;
        EngineRig next(port);
        next.load();
        ask(next);
        CHECK(port.calls.back().call.deadline_s == port.boot + (passed_s == 10 ? 20 : 2));
    }
}

TEST_CASE("a_timer_that_is_due_while_replaying_fires_afterwards_once") {
    FakePort port;
    EngineRig rig(port);
    rig.begin();
    rig.event("/", 1, "timer", "sleep", timer_data(10));
    rig.quiet();
    rig.engine().on_worker_death("It died.");
    CHECK(port.restarts == 1);
    rig.fire("T:/#1");
    CHECK(port.count("fired") == 0);
    rig.replay(port.records);
    rig.event("/", 1, "timer", "sleep", timer_data(10));
    rig.quiet();
    CHECK(port.count("fired") == 1);
    CHECK(port.deliveries("/", 1) == 1);
}

TEST_CASE("a_timer_of_no_more_use_does_not_find_a_replayed_run_without_anything_to_do") {
    FakePort port;
    EngineRig rig(port);
    rig.begin();
    rig.event("/", 1, "timer", "sleep", timer_data(10));
    rig.quiet();
    rig.fire("T:/idle#1");
    rig.fire("T:/#1");
    rig.engine().on_worker_death("It died.");
    rig.fire("T:/idle#1");
    rig.replay(port.records);
    rig.event("/", 1, "timer", "sleep", timer_data(10));
    rig.event("/", 2, "timer", "sleep", timer_data(10));  // Asked by the replay, and not begun.
    rig.quiet();
    CHECK(port.rests.empty());
    CHECK(port.armed.contains("T:/#2"));
}

TEST_CASE("the_last_look_of_a_hold_has_the_time_that_its_operation_has") {
    const auto seconds_of_a_look = [](const char* what) {
        FakePort port;
        EngineRig rig(port);
        rig.begin();
        rig.event("/", 1, "open", "It holds", Value().set("what", what).set("within", 10));
        port.wall += 9.9;
        port.boot += 9.9;
        rig.event("/", 2, "operation", "read", Value(), "/#1", "rig/x");
        REQUIRE(port.calls.size() == 1);
        return port.calls[0].call.deadline_s - port.boot;
    };
    CHECK(seconds_of_a_look("hold") == doctest::Approx(30));
    CHECK(seconds_of_a_look("wait") == doctest::Approx(1));
}
