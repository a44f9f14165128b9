// Waiting for what another process brings about: looked at again and again, for a time.
#pragma once

#include <functional>

#include <unistd.h>

#include "interpreter/base/loop.h"

namespace perilune::test {

inline bool eventually(const std::function<bool()>& so, double within_s = 30) {
    for (const double until_s = boot_now_s() + within_s; boot_now_s() < until_s; ::usleep(5000))
        if (so()) return true;
    return false;
}

}  // namespace perilune::test
