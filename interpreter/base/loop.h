// The host's one event loop: timers, descriptors, signals of other threads, and work done off it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "interpreter/base/awaitable.h"

namespace perilune {

// Seconds on the boot clock (CLOCK_BOOTTIME): it counts suspend and never jumps.
double boot_now_s();
// Seconds since 1970 UTC, by the wall clock.
double wall_now_s();

// A clock that a simulated world's process reads in place of the machine's. It stands still while
// work is done and jumps to the next timer when there is none (see make_virtual_loop).
struct VirtualClock {
    double boot_s = 0;
    double wall_s = 0;
    void advance_to(double at_boot_s);
};
// From now on both functions above read `clock`, which the caller keeps; null: the machine's again.
// For a process of one thread.
void use_clock(VirtualClock* clock);

enum class Ready { readable, writable };

class Loop {
public:
    using Work = std::function<void()>;
    using Id = std::uint64_t;  // Never 0.

    static std::unique_ptr<Loop> make();
    virtual ~Loop() = default;

    // Runs callbacks until `stop`. Everything below is for the loop's own thread but `post`.
    virtual void run() = 0;
    virtual void stop() = 0;
    // Queues a callback; from any thread.
    virtual void post(Work work) = 0;
    // Calls back once when the boot clock reaches `at_s`.
    virtual Id start_timer(double at_s, Work work) = 0;
    // Calls back each time `fd` is ready, until stopped. The loop does not own `fd`: stop the watch
    // before closing it.
    virtual Id watch(int fd, Ready ready, Work work) = 0;
    // Stops a timer or a watch; an unknown id is ignored. Its callback is not called afterwards.
    virtual void cancel(Id id) = 0;
    // Does `work` on another thread, then `then` on the loop. For what blocks: SQLite, fsync.
    virtual void off_loop(Work work, Work then) = 0;
};

// Suspends until the boot clock reaches `at_s`.
Leaf<bool> wait_until(Loop& loop, double at_s);

// Awaits a blocking function that is executed on another thread.
template <class T>
Awaitable<T> off_loop(Loop& loop, std::function<T()> work) {
    auto kept = std::make_shared<std::optional<T>>();
    Leaf<bool> leaf([&loop, kept, work](Leaf<bool>::Resume resume) {
        loop.off_loop([kept, work] { kept->emplace(work()); }, [resume] { resume(true); });
    });
    co_await leaf;
    co_return std::move(**kept);
}

}  // namespace perilune
