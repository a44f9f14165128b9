#include "interpreter/driver/request_gate.h"

#include <algorithm>

namespace perilune {

Leaf<bool> RequestGate::enter() {
    return Leaf<bool>([this](Leaf<bool>::Resume resume) {
        waiting_.emplace_back([resume] { resume(true); });
        let_in();
    });
}

void RequestGate::leave() {
    --inside_;
    let_in();
}

void RequestGate::let_in() {
    while (!waiting_.empty() && (at_once_ == 0 || inside_ < at_once_)) {
        const double now = boot_now_s();
        if (now < next_at_s_) {
            if (timing_) return;
            timing_ = true;
            loop_.start_timer(next_at_s_, [this] {
                timing_ = false;
                let_in();
            });
            return;
        }
        next_at_s_ = std::max(now, next_at_s_) + gap_s_;
        ++inside_;
        loop_.post(std::move(waiting_.front()));
        waiting_.pop_front();
    }
}

}  // namespace perilune
