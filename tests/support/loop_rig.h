// A loop with an HTTP client for tests: awaits one task at a time, and never for ever.
#pragma once

#include <optional>
#include <stdexcept>

#include "interpreter/base/http_client.h"

namespace perilune::test {

class LoopRig {
public:
    LoopRig() : loop_(Loop::make()), http_(HttpClient::make(*loop_)) {}

    Loop& loop() { return *loop_; }
    HttpClient& http() { return *http_; }

    // Runs the loop until the task ends; throws where it takes a minute.
    template <class T>
    T await(Awaitable<T> task) {
        std::optional<T> ended;
        const Loop::Id guard = loop_->start_timer(boot_now_s() + 60, [this] { loop_->stop(); });
        loop_->post([&] {
            start_task(std::move(task), [&](T value) {
                ended.emplace(std::move(value));
                loop_->stop();
            });
        });
        loop_->run();
        loop_->cancel(guard);
        if (!ended) throw std::runtime_error("the task did not end within a minute");
        return std::move(*ended);
    }

    Result<HttpAnswer> send(HttpRequest request, std::shared_ptr<Cancel> cancel = nullptr) {
        return await(http_->send(std::move(request), std::move(cancel)));
    }

private:
    std::unique_ptr<Loop> loop_;
    std::unique_ptr<HttpClient> http_;
};

}  // namespace perilune::test
