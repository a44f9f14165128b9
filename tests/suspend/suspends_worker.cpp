// Wherever a worker waits it is dropped, and a fresh one replays the run. From its 100th wait on
// that gets rarer: each replay is of all that was before it.
#include "interpreter/base/sync_point.h"

namespace perilune {

namespace {

constexpr std::int64_t each_of = 100;

}  // namespace

void sync_point(const char*) {}

bool suspends_worker(std::int64_t waits) {
    return waits < each_of || waits % (waits / each_of) == 0;
}

}  // namespace perilune
