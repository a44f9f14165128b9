#include "interpreter/simulator/script_worker.h"

#include <deque>

namespace perilune {

namespace {

// Kept alive by what it has posted, so that a callback may destroy the worker.
class Script : public std::enable_shared_from_this<Script> {
public:
    Script(Loop& loop, std::unique_ptr<LuaProgram> program, Worker::OnMessage on_message,
           Worker::OnEnd on_end)
        : loop_(loop),
          program_(std::move(program)),
          on_message_(std::move(on_message)),
          on_end_(std::move(on_end)) {}

    void send(const Value& message) {
        if (ended_) return;
        queued_.push_back(message);
        if (posted_) return;
        posted_ = true;
        loop_.post([self = shared_from_this()] { self->work(); });
    }

    void end(WorkerEnd::Reason reason, std::string text) {
        if (ended_) return;
        ended_ = true;
        queued_.clear();
        loop_.post([self = shared_from_this(), reason, text = std::move(text)] {
            self->program_.reset();
            const auto on_end = std::exchange(self->on_end_, nullptr);
            if (on_end) on_end({.reason = reason, .status = 0, .text = text});
        });
    }

    // Nothing is called back any more.
    void leave() {
        ended_ = true;
        on_message_ = nullptr;
        on_end_ = nullptr;
        queued_.clear();
    }

private:
    void work() {
        const auto kept = shared_from_this();
        posted_ = false;
        while (!ended_ && !queued_.empty()) {
            const Value message = std::move(queued_.front());
            queued_.pop_front();
            const Status taken = program_->take(message);
            deliver();
            if (!taken && !ended_) return end(WorkerEnd::Reason::failed, taken.error().message);
        }
    }

    void deliver() {
        auto sent = program_->sent();
        if (!sent) return end(WorkerEnd::Reason::malformed, sent.error().message);
        for (auto& message : *sent)
            if (!ended_ && on_message_) on_message_(std::move(message));
    }

    Loop& loop_;
    std::unique_ptr<LuaProgram> program_;
    Worker::OnMessage on_message_;
    Worker::OnEnd on_end_;
    std::deque<Value> queued_;
    bool posted_ = false;
    bool ended_ = false;
};

class ScriptWorker final : public Worker {
public:
    explicit ScriptWorker(std::shared_ptr<Script> script) : script_(std::move(script)) {}
    ~ScriptWorker() override { script_->leave(); }
    void send(const Value& list) override { script_->send(list); }
    void rest() override {}
    void kill(std::string why) override { script_->end(WorkerEnd::Reason::killed, std::move(why)); }
    std::size_t unsent_bytes() const override { return 0; }

private:
    std::shared_ptr<Script> script_;
};

}  // namespace

Result<std::unique_ptr<Worker>> start_script_worker(Loop& loop, const WorkerLimits& limits,
                                                    ProbeHits* hits, Worker::OnMessage on_message,
                                                    Worker::OnEnd on_end) {
    auto program = LuaProgram::start("vocabulary.main", "runbook", limits.memory_bytes, hits);
    if (!program) return program.error();
    return std::unique_ptr<Worker>(std::make_unique<ScriptWorker>(std::make_shared<Script>(
        loop, std::move(*program), std::move(on_message), std::move(on_end))));
}

}  // namespace perilune
