// The virtual clock and its loop: order, what lies between, and stopping.
#include "interpreter/base/virtual_loop.h"

#include <doctest/doctest.h>

#include "interpreter/base/simulation.h"

namespace perilune {

namespace {

// A virtual clock in place of the machine's, as long as this lives.
struct ClockRig {
    ClockRig() { use_clock(&clock); }
    ~ClockRig() { use_clock(nullptr); }
    VirtualClock clock{.boot_s = 100, .wall_s = 1e9};
    std::unique_ptr<VirtualLoop> loop = make_virtual_loop(clock);
};

}  // namespace

TEST_CASE("four_virtual_hours_pass_at_once_and_in_order") {
    ClockRig rig;
    std::string order;
    rig.loop->start_timer(100 + 4 * 3600, [&] { order += "late "; });
    rig.loop->start_timer(101, [&] {
        order += "first ";
        rig.loop->post([&] { order += "posted "; });
        rig.loop->start_timer(boot_now_s(), [&] { order += "due "; });
    });
    const auto cancelled = rig.loop->start_timer(102, [&] { order += "never "; });
    rig.loop->cancel(cancelled);
    rig.loop->run();
    CHECK(order == "first posted due late ");
    CHECK(boot_now_s() == 100 + 4 * 3600);
    CHECK(wall_now_s() == 1e9 + 4 * 3600);
}

TEST_CASE("time_passes_no_further_than_was_asked") {
    ClockRig rig;
    int fired = 0;
    rig.loop->start_timer(110, [&] { ++fired; });
    rig.loop->start_timer(200, [&] { ++fired; });
    rig.loop->run_until(150);
    CHECK(fired == 1);
    CHECK(boot_now_s() == 150);
    CHECK(rig.loop->next_s() == 200);
    rig.loop->start_timer(160, [&] { rig.loop->stop(); });
    rig.loop->run_until(300);
    CHECK(boot_now_s() == 160);
    CHECK_FALSE(rig.loop->idle());
}

TEST_CASE("work_off_the_loop_is_done_in_turn") {
    ClockRig rig;
    std::string order;
    rig.loop->off_loop([&] { order += "work "; }, [&] { order += "then "; });
    rig.loop->post([&] { order += "next "; });
    CHECK(rig.loop->run_due());
    CHECK(order == "work then next ");
    CHECK_FALSE(rig.loop->run_due());
}

}  // namespace perilune
