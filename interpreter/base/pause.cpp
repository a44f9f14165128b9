// Waits in slices, because a Cancel has room for one callback only and that may be another's.
#include "interpreter/base/pause.h"

#include <algorithm>

namespace perilune {

namespace {
constexpr double slice_s = 0.1;
}

Awaitable<bool> pause_until(Loop& loop, double at_s, std::shared_ptr<Cancel> cancel) {
    while (!cancel->asked()) {
        const double now_s = boot_now_s();
        if (now_s >= at_s) co_return true;
        co_await wait_until(loop, std::min(at_s, now_s + slice_s));
    }
    co_return false;
}

}  // namespace perilune
