// The one file that adapts Asio: one thread for callbacks, a small pool for what blocks.
#include "interpreter/base/loop.h"

#include <chrono>
#include <cmath>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>
#include <unordered_map>
#include <vector>

#include <fcntl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

namespace perilune {

namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

constexpr std::size_t threads_max = 16;
constexpr std::chrono::milliseconds look_for_end_every{20};

double clock_s(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Watch {
    Watch(asio::io_context& context, int fd, Ready what, Loop::Work callback)
        : descriptor(context, fd), ready(what), work(std::move(callback)) {}
    Descriptor descriptor;
    Ready ready;
    Loop::Work work;
};

// The threads for what blocks, each started when no other is free: a short run needs one. Of
// several free ones the last is taken, whose processor still holds what its work before used.
class Pool {
public:
    // Does what is still queued first.
    ~Pool() {
        {
            const std::lock_guard guard(mutex_);
            ending_ = true;
            for (auto& helper : helpers_) helper.changed.notify_one();
        }
        for (auto& helper : helpers_) helper.thread.join();
    }

    // Does `work` on a thread, then tells by `done` from there.
    void post(Loop::Work work, Loop::Work done) {
        Helper* called = nullptr;
        {
            const std::lock_guard guard(mutex_);
            queued_.push_back({std::move(work), std::move(done)});
            if (!free_.empty()) {
                called = free_.back();
                free_.pop_back();
                called->free = false;
            } else if (helpers_.size() < threads_max) {
                Helper& made = helpers_.emplace_back();
                made.thread = std::thread([this, &made] { serve(made); });
            }
        }
        if (called) called->changed.notify_one();
    }

private:
    struct Task {
        Loop::Work work;
        Loop::Work done;
    };
    struct Helper {
        std::thread thread = {};
        std::condition_variable changed = {};
        bool free = false;  // Among `free_`: it does nothing, or is about to.
    };

    void serve(Helper& self) {
        std::unique_lock guard(mutex_);
        for (;;) {
            self.changed.wait(guard, [&] { return ending_ || !self.free; });
            if (queued_.empty()) {
                if (ending_) return;
                set_free(self);  // Another was quicker.
                continue;
            }
            Task task = std::move(queued_.front());
            queued_.pop_front();
            guard.unlock();
            task.work();
            task.work = nullptr;
            guard.lock();
            // Free before it tells so: what comes next needs no other thread.
            if (queued_.empty()) set_free(self);
            guard.unlock();
            task.done();
            guard.lock();
        }
    }

    void set_free(Helper& helper) {
        helper.free = true;
        free_.push_back(&helper);
    }

    std::mutex mutex_;
    std::deque<Task> queued_;
    std::deque<Helper> helpers_;
    std::vector<Helper*> free_;
    bool ending_ = false;
};

class AsioLoop final : public Loop {
public:
    AsioLoop()
        : context_(std::make_unique<asio::io_context>(1)),
          timer_(std::in_place, *context_,
                 timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)) {
        if (!timer_->is_open()) throw std::runtime_error("timerfd_create failed");
    }

    // What is dropped here may own something that cancels timers and watches as it goes.
    ~AsioLoop() override {
        pool_.reset();
        while (!timers_.empty() || !watches_.empty()) {
            const auto timers = std::exchange(timers_, {});
            const auto watches = std::exchange(watches_, {});
            for (const auto& [id, watch] : watches) {
                watch->descriptor.close();
                watch->work = nullptr;
            }
        }
        timer_.reset();
        context_.reset();
    }

    void run() override {
        const auto guard = asio::make_work_guard(*context_);
        context_->run();
        // What is still done off the loop uses things that their owner is about to take down, and
        // may itself wait for something that is done here.
        while (off_loop_ > 0) {
            context_->restart();
            context_->run_one_for(look_for_end_every);
        }
        context_->restart();
        pool_.reset();
    }

    void stop() override { context_->stop(); }

    void post(Work work) override {
        if (context_) asio::post(*context_, std::move(work));
    }

    Id start_timer(double at_s, Work work) override {
        const Id id = ++last_id_;
        timers_.emplace(id, Timer{at_s, std::move(work)});
        due_.emplace(at_s, id);
        arm();
        return id;
    }

    Id watch(int fd, Ready ready, Work work) override {
        const Id id = ++last_id_;
        const auto made = std::make_shared<Watch>(*context_, ::fcntl(fd, F_DUPFD_CLOEXEC, 0), ready,
                                                  std::move(work));
        watches_.emplace(id, made);
        wait(id, made);
        return id;
    }

    void cancel(Id id) override {
        if (const auto timer = timers_.find(id); timer != timers_.end()) {
            due_.erase({timer->second.at_s, id});
            timers_.erase(timer);
        }
        if (const auto watch = watches_.find(id); watch != watches_.end()) {
            watch->second->descriptor.close();
            watches_.erase(watch);
        }
    }

    void off_loop(Work work, Work then) override {
        if (!pool_) pool_ = std::make_unique<Pool>();
        ++off_loop_;
        pool_->post(std::move(work), [this, then = std::move(then)]() mutable {
            asio::post(*context_, [this, then = std::move(then)] {
                --off_loop_;
                then();
            });
        });
    }

private:
    struct Timer {
        double at_s;
        Work work;
    };

    void wait(Id id, const std::shared_ptr<Watch>& watch) {
        const auto kind =
            watch->ready == Ready::readable ? Descriptor::wait_read : Descriptor::wait_write;
        watch->descriptor.async_wait(kind, [this, id, watch](const auto& error) {
            if (error || !watches_.contains(id)) return;
            watch->work();
            if (watches_.contains(id)) wait(id, watch);
        });
    }

    void arm() {
        if (due_.empty() || !timer_) return;
        const double first_s = due_.begin()->first;
        if (armed_ && first_s >= armed_for_s_) return;
        armed_for_s_ = first_s;
        const double at_s = std::max(first_s, 1e-9);
        itimerspec when{};
        when.it_value.tv_sec = static_cast<time_t>(std::min(at_s, 1e15));
        when.it_value.tv_nsec = static_cast<long>((at_s - std::floor(at_s)) * 1e9);
        if (when.it_value.tv_sec == 0 && when.it_value.tv_nsec == 0) when.it_value.tv_nsec = 1;
        timerfd_settime(timer_->native_handle(), TFD_TIMER_ABSTIME, &when, nullptr);
        if (armed_) return;
        armed_ = true;
        timer_->async_wait(Descriptor::wait_read, [this](const auto& error) {
            armed_ = false;
            if (!error) fire();
        });
    }

    void fire() {
        std::uint64_t expirations = 0;
        [[maybe_unused]] const auto got =
            ::read(timer_->native_handle(), &expirations, sizeof expirations);
        const double now_s = boot_now_s();
        while (!due_.empty() && due_.begin()->first <= now_s) {
            const Id id = due_.begin()->second;
            due_.erase(due_.begin());
            const auto timer = timers_.find(id);
            Work work = std::move(timer->second.work);
            timers_.erase(timer);
            work();
        }
        arm();
    }

    std::unique_ptr<asio::io_context> context_;
    std::optional<Descriptor> timer_;
    std::unordered_map<Id, Timer> timers_;
    std::set<std::pair<double, Id>> due_;
    std::unordered_map<Id, std::shared_ptr<Watch>> watches_;
    bool armed_ = false;
    double armed_for_s_ = 0;
    Id last_id_ = 0;
    std::unique_ptr<Pool> pool_;
    std::size_t off_loop_ = 0;  // Begun, and not yet told on the loop.
};

VirtualClock* virtual_clock = nullptr;

}  // namespace

void VirtualClock::advance_to(double at_boot_s) {
    if (at_boot_s <= boot_s) return;
    wall_s += at_boot_s - boot_s;
    boot_s = at_boot_s;
}

void use_clock(VirtualClock* clock) { virtual_clock = clock; }

double boot_now_s() { return virtual_clock ? virtual_clock->boot_s : clock_s(CLOCK_BOOTTIME); }

double wall_now_s() { return virtual_clock ? virtual_clock->wall_s : clock_s(CLOCK_REALTIME); }

std::unique_ptr<Loop> Loop::make() { return std::make_unique<AsioLoop>(); }

Leaf<bool> wait_until(Loop& loop, double at_s) {
    return Leaf<bool>([&loop, at_s](Leaf<bool>::Resume resume) {
        loop.start_timer(at_s, [resume] { resume(true); });
    });
}

}  // namespace perilune
