#include "interpreter/base/virtual_loop.h"

#include <deque>
#include <limits>
#include <map>
#include <stdexcept>
#include <unordered_map>
#include <utility>

namespace perilune {

namespace {

class SimulatedLoop final : public VirtualLoop {
public:
    explicit SimulatedLoop(VirtualClock& clock) : clock_(clock) {}

    void run() override {
        stopped_ = false;
        while (!stopped_ && (run_due() || pass(std::numeric_limits<double>::infinity()))) {
        }
    }

    void stop() override { stopped_ = true; }

    void post(Work work) override { queue_.push_back(std::move(work)); }

    Id start_timer(double at_s, Work work) override {
        const Id id = ++last_id_;
        places_[id] = timers_.emplace(std::pair(at_s, id), std::move(work)).first->first;
        return id;
    }

    Id watch(int, Ready, Work) override {
        throw std::logic_error("A simulated world has no descriptors.");
    }

    void cancel(Id id) override {
        const auto place = places_.find(id);
        if (place == places_.end()) return;
        timers_.erase(place->second);
        places_.erase(place);
    }

    void off_loop(Work work, Work then) override {
        post([work = std::move(work), then = std::move(then)] {
            work();
            then();
        });
    }

    bool run_due() override {
        bool any = false;
        while (!stopped_) {
            if (!queue_.empty()) {
                const Work work = std::move(queue_.front());
                queue_.pop_front();
                work();
            } else if (!timers_.empty() && timers_.begin()->first.first <= clock_.boot_s) {
                fire();
            } else {
                break;
            }
            any = true;
        }
        return any;
    }

    void run_until(double at_s) override {
        stopped_ = false;
        while (!stopped_) {
            run_due();
            if (stopped_ || !pass(at_s)) break;
        }
        if (!stopped_) clock_.advance_to(at_s);
    }

    bool idle() const override { return queue_.empty() && timers_.empty(); }

    // What goes may itself queue something, or cancel what is set.
    void drop() override {
        while (!idle()) {
            const auto queued = std::exchange(queue_, {});
            const auto set = std::exchange(timers_, {});
            places_.clear();
        }
    }

    double next_s() const override {
        if (!queue_.empty()) return clock_.boot_s;
        return timers_.empty() ? std::numeric_limits<double>::infinity()
                               : timers_.begin()->first.first;
    }

private:
    // Goes to the next timer where that is no later than `at_s`.
    bool pass(double at_s) {
        if (timers_.empty() || timers_.begin()->first.first > at_s) return false;
        clock_.advance_to(timers_.begin()->first.first);
        return true;
    }

    void fire() {
        const auto first = timers_.begin();
        const Work work = std::move(first->second);
        places_.erase(first->first.second);
        timers_.erase(first);
        work();
    }

    VirtualClock& clock_;
    std::deque<Work> queue_;
    std::map<std::pair<double, Id>, Work> timers_;
    std::unordered_map<Id, std::pair<double, Id>> places_;
    Id last_id_ = 0;
    bool stopped_ = false;
};

class SharedLoop final : public Loop {
public:
    explicit SharedLoop(Loop& loop) : loop_(loop) {}
    void run() override { loop_.run(); }
    void stop() override { loop_.stop(); }
    void post(Work work) override { loop_.post(std::move(work)); }
    Id start_timer(double at_s, Work work) override {
        return loop_.start_timer(at_s, std::move(work));
    }
    Id watch(int fd, Ready ready, Work work) override {
        return loop_.watch(fd, ready, std::move(work));
    }
    void cancel(Id id) override { loop_.cancel(id); }
    void off_loop(Work work, Work then) override {
        loop_.off_loop(std::move(work), std::move(then));
    }

private:
    Loop& loop_;
};

}  // namespace

std::unique_ptr<Loop> share_loop(Loop& loop) { return std::make_unique<SharedLoop>(loop); }

std::unique_ptr<VirtualLoop> make_virtual_loop(VirtualClock& clock) {
    return std::make_unique<SimulatedLoop>(clock);
}

}  // namespace perilune
