// The worker process of one target's Lua driver: its file, and the calls of its functions.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "interpreter/base/driver.h"
#include "interpreter/lua/worker_process.h"

namespace perilune {

// What a call under way says, in order; the last is `on_done`, `on_failed` or `on_death`.
class CallListener {
public:
    virtual ~CallListener() = default;
    // It waits for the answer to its `k`-th question.
    virtual void on_ask(std::int64_t k, const std::string& kind, const Value& data) = 0;
    virtual void on_done(List results) = 0;
    virtual void on_failed(Error raised) = 0;
    virtual void on_death(const std::string& why) = 0;
};

class DriverWorker {
public:
    DriverWorker(Loop& loop, std::string program, const DriverScript& script, Value settings);
    ~DriverWorker();

    // Starts the worker where none lives. `listener` is told from the loop, never from inside.
    // Returns the call's number.
    std::uint64_t begin(std::shared_ptr<CallListener> listener, std::string_view phase,
                        const std::string& operation, const Value& given);
    void answer(std::uint64_t call, std::int64_t k, const Result<Value>& answer);
    int pid() const;  // 0 where none lives.

private:
    Status start();
    void send(const Value& message);
    void on_message(const List& message);
    void lose_calls(const std::string& why);

    Loop& loop_;
    std::string program_;
    const DriverScript& script_;
    Value settings_;
    std::unique_ptr<WorkerProcess> worker_;
    std::map<std::uint64_t, std::shared_ptr<CallListener>> calls_;
    std::uint64_t last_call_ = 0;
    std::int64_t told_ = 0;  // Messages of this worker that it answers with `quiet`.
};

// Loads the file in a worker of its own and waits for what it declares; see stdlib/driver/main.lua.
// Blocks for the milliseconds that takes.
Result<Value> describe_driver(const std::string& program, const DriverScript& script);
// Asks the file's pure function that takes a change back; nil where there is nothing to take back.
Result<std::optional<Restore>> ask_restore(const std::string& program, const DriverScript& script,
                                           const Value& settings, const Call& call,
                                           const Value& before, const Value& result);

}  // namespace perilune
