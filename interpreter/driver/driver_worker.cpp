// Messages to and from a driver worker, and its death told to every call that was under way.
#include "interpreter/driver/driver_worker.h"

#include <utility>

namespace perilune {

DriverWorker::DriverWorker(Loop& loop, std::string program, const DriverScript& script,
                           Value settings)
    : loop_(loop), program_(std::move(program)), script_(script), settings_(std::move(settings)) {}

DriverWorker::~DriverWorker() = default;

Status DriverWorker::start() {
    told_ = 0;
    auto started = WorkerProcess::start(
        loop_, program_, "driver", WorkerLimits(),
        [this](const List& message) { on_message(message); },
        [this](const WorkerEnd& end) {
            worker_.reset();
            lose_calls("The worker of " + script_.path + " ended: " + end.text);
        });
    if (!started) return started.error();
    worker_ = std::move(*started);
    send(List{"module", script_.path, script_.text});
    send(List{"load", script_.path, settings_});
    return Done{};
}

void DriverWorker::send(const Value& message) {
    if (message.list().front().text() != "module") ++told_;
    worker_->send(message);
}

std::uint64_t DriverWorker::begin(std::shared_ptr<CallListener> listener, std::string_view phase,
                                  const std::string& operation, const Value& given) {
    const std::uint64_t id = ++last_call_;
    calls_[id] = std::move(listener);
    if (!worker_) {
        if (const auto started = start(); !started) {
            loop_.post([this, why = started.error().message] { lose_calls(why); });
            return id;
        }
    }
    send(List{"call", id, phase, operation, given, wall_now_s()});
    return id;
}

void DriverWorker::answer(std::uint64_t call, std::int64_t k, const Result<Value>& answer) {
    if (!worker_ || !calls_.contains(call)) return;
    const Value told = answer ? *answer : answer.error().to_value();
    send(List{"answer", call, k, answer.ok(), told, wall_now_s()});
}

int DriverWorker::pid() const { return worker_ ? worker_->pid() : 0; }

void DriverWorker::lose_calls(const std::string& why) {
    for (const auto& [id, listener] : std::exchange(calls_, {})) listener->on_death(why);
}

void DriverWorker::on_message(const List& message) {
    const std::string kind = message.empty() ? "" : message[0].text();
    if (kind == "quiet" && message.size() == 2) {
        if (message[1].integer() >= told_) worker_->rest();
        return;
    }
    if (kind == "load_failed" && message.size() == 2)
        return worker_->kill(Error::from_value(message[1]).message);
    const bool of_call = kind == "ask" || kind == "done" || kind == "failed";
    if (!of_call || message.size() < 2) return;
    const auto found = calls_.find(static_cast<std::uint64_t>(message[1].number()));
    if (found == calls_.end()) return;
    const auto listener = found->second;
    if (kind == "ask" && message.size() == 5)
        return listener->on_ask(message[2].integer(), message[3].text(), message[4]);
    calls_.erase(found);
    if (kind == "done") return listener->on_done(List(message.begin() + 2, message.end()));
    listener->on_failed(Error::from_value(message.back()));
}

}  // namespace perilune
