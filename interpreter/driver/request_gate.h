// Keeps a driver's requests within what its provider allows: so many at once, so many a second.
#pragma once

#include <deque>
#include <functional>

#include "interpreter/base/loop.h"

namespace perilune {

class RequestGate {
public:
    // 0 means no limit.
    RequestGate(Loop& loop, int at_once, double a_second)
        : loop_(loop), at_once_(at_once), gap_s_(a_second > 0 ? 1 / a_second : 0) {}

    // Suspends until a request may leave; each `enter` is followed by one `leave`.
    Leaf<bool> enter();
    void leave();

private:
    void let_in();

    Loop& loop_;
    int at_once_;
    double gap_s_;
    int inside_ = 0;
    double next_at_s_ = 0;
    bool timing_ = false;
    std::deque<std::function<void()>> waiting_;
};

}  // namespace perilune
