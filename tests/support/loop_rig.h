// A loop with an HTTP client for tests: awaits one task at a time, and never for ever.
#pragma once

#include <optional>
#include <stdexcept>

#include "interpreter/base/http_client.h"

namespace perilune::test {

class LoopRig {
public:
    LoopRig() : loop_(Loop::make()), http_(HttpClient::make(*loop_)) {}
    // Of a simulated world: without HTTP, and waiting takes no time.
    explicit LoopRig(std::unique_ptr<Loop> loop) : loop_(std::move(loop)), guard_s_(1e6) {}

    Loop& loop() { return *loop_; }
    HttpClient& http() { return *http_; }

    // Runs the loop until the task ends; throws where it does not.
    template <class T>
    T await(Awaitable<T> task) {
        std::optional<T> ended;
        const Loop::Id guard =
            loop_->start_timer(boot_now_s() + guard_s_, [this] { loop_->stop(); });
        loop_->post([&] {
            start_task(std::move(task), [&](T value) {
                ended.emplace(std::move(value));
                loop_->stop();
            });
        });
        loop_->run();
        loop_->cancel(guard);
        if (!ended) throw std::runtime_error("the task did not end in time");
        return std::move(*ended);
    }

    Result<HttpAnswer> send(HttpRequest request, std::shared_ptr<Cancel> cancel = nullptr) {
        return await(http_->send(std::move(request), std::move(cancel)));
    }

private:
    std::unique_ptr<Loop> loop_;
    std::unique_ptr<HttpClient> http_;
    double guard_s_ = 60;
};

}  // namespace perilune::test
