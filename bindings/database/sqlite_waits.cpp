// Waiting for a SQLite database: wait_ready and wait_writable.
#include <algorithm>

#include "bindings/database/sqlite_target.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr double poll_s = 0.1;

enum class For { ready, writable };

Error too_late(const Call& call, For what, const std::string& last) {
    return fail("timed_out",
                "Waiting until " + call.target + " is " +
                    (what == For::ready ? "ready" : "writable") + " ended after " +
                    show_duration(call.arguments["within"].number()) + ". At last: " + last,
                Retry::safe);
}

// Looks again and again; between two looks no thread is kept busy.
Awaitable<Result<Value>> wait(std::shared_ptr<SqliteTarget> target, For what, Call& call) {
    Loop& loop = target->services->loop;
    double until_s = boot_now_s() + call.arguments["within"].number();
    if (call.deadline_s > 0) until_s = std::min(until_s, call.deadline_s);
    for (;;) {
        const ObserveWork look = describe_target;
        const auto found = co_await work_observe(target, look, call);
        const bool writable = found && (*found)["writable"].boolean();
        if (found && (what == For::ready || writable)) co_return found;
        if (call.cancel->asked())
            co_return fail("cancelled", "Waiting for " + call.target + " was told to stop.",
                           Retry::safe);
        const std::string last = found ? "it takes no writes." : found.error().message;
        if (boot_now_s() + poll_s > until_s) co_return too_late(call, what, last);
        co_await wait_until(loop, boot_now_s() + poll_s);
    }
}

}  // namespace

void add_sqlite_waits(Operations& operations, const std::shared_ptr<SqliteTarget>& target) {
    operations["wait_ready"].observe = [target](Call& call) {
        return wait(target, For::ready, call);
    };
    operations["wait_writable"].observe = [target](Call& call) {
        return wait(target, For::writable, call);
    };
}

}  // namespace perilune
