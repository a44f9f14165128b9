// What the loop does off its thread: as many at once as need be, and no thread more.
#include "interpreter/base/loop.h"

#include <atomic>
#include <filesystem>
#include <future>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include <unistd.h>

#include <doctest/doctest.h>

using namespace perilune;

namespace {

std::ptrdiff_t count_threads() {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
}

}  // namespace

TEST_CASE("work_that_waits_for_other_work_does_not_keep_it_from_being_done") {
    const auto loop = Loop::make();
    std::atomic<int> arrived = 0;
    int done = 0;
    constexpr int count = 8;
    loop->post([&] {
        for (int i = 0; i < count; ++i)
            loop->off_loop(
                [&] {
                    ++arrived;
                    while (arrived < count) std::this_thread::yield();
                },
                [&] {
                    if (++done == count) loop->stop();
                });
    });
    const auto guard = loop->start_timer(boot_now_s() + 20, [&] {
        arrived = count;
        loop->stop();
    });
    loop->run();
    loop->cancel(guard);
    CHECK(done == count);
}

TEST_CASE("work_that_comes_one_after_the_other_needs_one_thread") {
    const auto loop = Loop::make();
    const std::ptrdiff_t before = count_threads();
    std::ptrdiff_t after = 0;
    int left = 50;
    std::function<void()> next = [&] {
        if (--left > 0) return loop->off_loop([] {}, next);
        after = count_threads();
        loop->stop();
    };
    loop->post([&] { loop->off_loop([] {}, next); });
    loop->run();
    // A thread that has just told that it is done may not be waiting again yet.
    CHECK(after <= before + 2);
}

TEST_CASE("what_is_still_to_be_done_off_the_loop_is_done_before_it_ends") {
    const auto loop = Loop::make();
    std::atomic<int> done = 0;
    int told = 0;
    loop->post([&] {
        for (int i = 0; i < 40; ++i) loop->off_loop([&] { ++done; }, [&] { ++told; });
        loop->stop();
    });
    loop->run();
    CHECK(done == 40);
    CHECK(told == 40);  // Who waits for it would be held by nobody otherwise.
}

TEST_CASE("what_is_done_off_the_loop_may_wait_for_the_loop_though_that_ends") {
    const auto loop = Loop::make();
    std::atomic<bool> came = false;
    loop->post([&] {
        loop->off_loop(
            [&] {
                std::promise<void> answered;
                loop->post([&] { answered.set_value(); });
                // For ever, where the loop waits for this and does nothing.
                came = answered.get_future().wait_for(std::chrono::seconds(10)) ==
                       std::future_status::ready;
            },
            [] {});
        loop->stop();
    });
    loop->run();
    CHECK(came);
}

TEST_CASE("of_several_free_threads_the_one_that_worked_last_is_taken") {
    const auto loop = Loop::make();
    std::atomic<int> arrived = 0;
    int together = 0;
    int left = 20;
    std::thread::id worked;
    std::set<std::thread::id> workers;
    std::function<void()> next = [&] {
        workers.insert(worked);
        if (--left == 0) return loop->stop();
        loop->off_loop([&] { worked = std::this_thread::get_id(); }, next);
    };
    // Two threads first, each of which could do all that follows.
    const auto begin = [&] {
        if (++together == 2) loop->off_loop([&] { worked = std::this_thread::get_id(); }, next);
    };
    loop->post([&] {
        for (int i = 0; i < 2; ++i)
            loop->off_loop(
                [&] {
                    ++arrived;
                    while (arrived < 2) std::this_thread::yield();
                },
                begin);
    });
    loop->run();
    CHECK(workers.size() == 1);
}

// A run that ends with its loop cancels its timers and watches, whichever of them held it.
TEST_CASE("what_a_loop_drops_at_its_end_may_cancel_and_post") {
    struct Owner {
        Loop* loop;
        std::vector<Loop::Id> own;
        ~Owner() {
            for (const auto id : own) loop->cancel(id);
            loop->post([] {});
        }
    };
    auto loop = Loop::make();
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    std::weak_ptr<Owner> left;
    for (int kind = 0; kind < 3; ++kind) {
        const auto owner = std::make_shared<Owner>(Owner{loop.get(), {}});
        left = owner;
        const auto hold = [owner] {};
        const double later = boot_now_s() + 1000;
        for (int i = 0; i < 3; ++i) owner->own.push_back(loop->start_timer(later, [] {}));
        owner->own.push_back(loop->watch(ends[0], Ready::readable, [] {}));
        if (kind == 0) owner->own.push_back(loop->start_timer(later, hold));
        if (kind == 1) owner->own.push_back(loop->watch(ends[0], Ready::readable, hold));
        if (kind == 2) loop->post(hold);
    }
    loop.reset();
    CHECK(left.expired());
    for (const int end : ends) ::close(end);
}
