// Waits of the PostgreSQL driver that time cuts short: for a socket, and for work off the loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "interpreter/base/loop.h"

namespace perilune {

enum class SocketWish { read, write, both };

// False where `until_s` (on the boot clock) came first. The descriptor is registered for this one
// wait: libpq may have another one after its next step.
Awaitable<bool> wait_for_socket(Loop& loop, int fd, SocketWish wish, double until_s);

// Does `work` on another thread. False where it had not ended by `until_s`; it then goes on and
// nobody waits for it, so it owns all that it uses.
Awaitable<bool> end_off_loop(Loop& loop, std::function<void()> work, double until_s);

// The value of work that may take too long; nothing where it did.
template <class T>
Awaitable<std::optional<T>> off_loop_within(Loop& loop, std::function<T()> work, double until_s) {
    const auto kept = std::make_shared<std::optional<T>>();
    std::function<void()> keep = [kept, work] { kept->emplace(work()); };
    const bool ended = co_await end_off_loop(loop, keep, until_s);
    if (!ended) co_return std::nullopt;
    co_return std::move(*kept);
}

}  // namespace perilune
