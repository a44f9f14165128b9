// The one file that adapts Asio: one thread for callbacks, a small pool for what blocks.
#include "interpreter/base/loop.h"

#include <cmath>
#include <ctime>
#include <map>
#include <set>
#include <stdexcept>
#include <unordered_map>

#include <fcntl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

namespace perilune {

namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

constexpr std::size_t pool_threads = 16;

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

class AsioLoop final : public Loop {
public:
    AsioLoop() : timer_(context_, timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)) {
        if (!timer_.is_open()) throw std::runtime_error("timerfd_create failed");
    }

    ~AsioLoop() override {
        if (pool_) pool_->join();
        for (auto& [id, watch] : watches_) watch->descriptor.close();
    }

    void run() override {
        const auto guard = asio::make_work_guard(context_);
        context_.run();
        context_.restart();
        // What is still done off the loop uses things that their owner is about to take down.
        if (pool_) pool_->join();
        pool_.reset();
    }

    void stop() override { context_.stop(); }

    void post(Work work) override { asio::post(context_, std::move(work)); }

    Id start_timer(double at_s, Work work) override {
        const Id id = ++last_id_;
        timers_.emplace(id, Timer{at_s, std::move(work)});
        due_.emplace(at_s, id);
        arm();
        return id;
    }

    Id watch(int fd, Ready ready, Work work) override {
        const Id id = ++last_id_;
        const auto made = std::make_shared<Watch>(context_, ::fcntl(fd, F_DUPFD_CLOEXEC, 0), ready,
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
        if (!pool_) pool_ = std::make_unique<asio::thread_pool>(pool_threads);
        asio::post(*pool_, [this, work = std::move(work), then = std::move(then)]() mutable {
            work();
            work = nullptr;
            asio::post(context_, std::move(then));
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
        if (due_.empty()) return;
        const double first_s = due_.begin()->first;
        if (armed_ && first_s >= armed_for_s_) return;
        armed_for_s_ = first_s;
        const double at_s = std::max(first_s, 1e-9);
        itimerspec when{};
        when.it_value.tv_sec = static_cast<time_t>(std::min(at_s, 1e15));
        when.it_value.tv_nsec = static_cast<long>((at_s - std::floor(at_s)) * 1e9);
        if (when.it_value.tv_sec == 0 && when.it_value.tv_nsec == 0) when.it_value.tv_nsec = 1;
        timerfd_settime(timer_.native_handle(), TFD_TIMER_ABSTIME, &when, nullptr);
        if (armed_) return;
        armed_ = true;
        timer_.async_wait(Descriptor::wait_read, [this](const auto& error) {
            armed_ = false;
            if (!error) fire();
        });
    }

    void fire() {
        std::uint64_t expirations = 0;
        [[maybe_unused]] const auto got =
            ::read(timer_.native_handle(), &expirations, sizeof expirations);
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

    asio::io_context context_{1};
    Descriptor timer_;
    std::unordered_map<Id, Timer> timers_;
    std::set<std::pair<double, Id>> due_;
    std::unordered_map<Id, std::shared_ptr<Watch>> watches_;
    bool armed_ = false;
    double armed_for_s_ = 0;
    Id last_id_ = 0;
    std::unique_ptr<asio::thread_pool> pool_;
};

}  // namespace

double boot_now_s() { return clock_s(CLOCK_BOOTTIME); }

double wall_now_s() { return clock_s(CLOCK_REALTIME); }

std::unique_ptr<Loop> Loop::make() { return std::make_unique<AsioLoop>(); }

Leaf<bool> wait_until(Loop& loop, double at_s) {
    return Leaf<bool>([&loop, at_s](Leaf<bool>::Resume resume) {
        loop.start_timer(at_s, [resume] { resume(true); });
    });
}

}  // namespace perilune
