// A loop with one worker for tests: sends, collects what comes back, and never waits for ever.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>

#include "interpreter/lua/worker_process.h"
#include "tests/support/program_path.h"

namespace perilune::test {

class WorkerRig {
public:
    struct ScriptEnd {
        List printed;
        std::string error;
    };

    explicit WorkerRig(WorkerLimits limits = {}, const std::string& mode = "test",
                       const std::string& program = "perilune-worker-test") {
        auto started = WorkerProcess::start(
            *loop_, program_path(program), mode, limits,
            [this](List message) {
                messages_.push_back(std::move(message));
                if (rests_after_message) worker_->rest();
                loop_->stop();
            },
            [this](WorkerEnd end) {
                ended_ = std::move(end);
                loop_->stop();
            });
        if (!started.ok()) throw std::runtime_error(started.error().message);
        worker_ = std::move(*started);
    }

    Loop& loop() { return *loop_; }
    WorkerProcess& worker() { return *worker_; }
    std::unique_ptr<WorkerProcess> take_worker() { return std::move(worker_); }
    const std::vector<List>& messages() const { return messages_; }
    const std::optional<WorkerEnd>& ended() const { return ended_; }

    // Runs the loop until there are `count` messages; throws where the worker ended before, or
    // after a minute.
    void await_messages(std::size_t count) {
        await([&] { return messages_.size() >= count || ended_.has_value(); });
        if (messages_.size() < count) throw std::runtime_error("ended: " + ended_->text);
    }

    const WorkerEnd& await_end() {
        await([&] { return ended_.has_value(); });
        return *ended_;
    }

    // Sends one list and returns the next that comes back, after "ready".
    List ask(List message) {
        await_messages(1);
        const std::size_t before = messages_.size();
        worker_->send(Value(std::move(message)));
        await_messages(before + 1);
        return messages_.back();
    }

    // Executes a script in a fresh sandbox.
    ScriptEnd script(const std::string& source) {
        const List end = ask({"script", source});
        return {end.at(1).list(), end.size() > 2 ? end[2].text() : ""};
    }

    // Executes trusted Lua, which is given `wire`; throws what it raised.
    List trusted(const std::string& source, List more = {}) {
        List message{"trusted", source};
        message.insert(message.end(), more.begin(), more.end());
        List answer = ask(std::move(message));
        if (answer[0].text() != "returned") throw std::runtime_error(answer.at(1).text());
        answer.erase(answer.begin());
        return answer;
    }

    template <class Condition>
    void await(Condition condition) {
        const double until_s = boot_now_s() + 60;
        while (!condition()) {
            if (boot_now_s() > until_s) throw std::runtime_error("nothing came within a minute");
            const Loop::Id guard = loop_->start_timer(until_s, [this] { loop_->stop(); });
            loop_->run();
            loop_->cancel(guard);
        }
    }

    bool rests_after_message = true;

private:
    std::unique_ptr<Loop> loop_ = Loop::make();
    std::vector<List> messages_;
    std::optional<WorkerEnd> ended_;
    std::unique_ptr<WorkerProcess> worker_;
};

}  // namespace perilune::test
