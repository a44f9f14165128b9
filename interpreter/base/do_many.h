// Several requests at once, and requests for those who wait on a thread of their own.
#pragma once

#include <algorithm>
#include <functional>
#include <future>
#include <memory>

#include "interpreter/base/driver.h"

namespace perilune {

// Does work(0) … work(count - 1), at most `at_once` at a time. Where one gives false, no further
// one is begun. Each is given a Cancel of its own, which is asked when `cancel` is: a Cancel has
// room for one request only. Gives whether all gave true.
using NumberedWork =
    std::function<Awaitable<bool>(std::size_t number, std::shared_ptr<Cancel> cancel)>;
Awaitable<bool> do_many(Loop& loop, std::size_t count, std::size_t at_once,
                        std::shared_ptr<Cancel> cancel, NumberedWork work);

// Awaits on the loop what is asked for on another thread, which waits for it.
template <class T>
T wait_on_loop(Loop& loop, std::function<Awaitable<T>()> begin) {
    const auto promise = std::make_shared<std::promise<T>>();
    auto ended = promise->get_future();
    // The function outlives its coroutine, which may use what it holds.
    const auto kept = std::make_shared<std::function<Awaitable<T>()>>(std::move(begin));
    loop.post([promise, kept] {
        start_task((*kept)(), [promise, kept](T value) { promise->set_value(std::move(value)); });
    });
    return ended.get();
}

}  // namespace perilune
