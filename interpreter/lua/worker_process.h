// A worker in a process of its own: messages both ways, a budget of time, and how it ended.
#pragma once

#include "interpreter/base/loop.h"
#include "interpreter/lua/worker_port.h"

namespace perilune {

// All on the loop's own thread; the loop outlives the WorkerProcess. The thread that calls `start`
// must outlive the worker: the kernel kills the worker when that thread ends.
class WorkerProcess final : public Worker {
public:
    // Starts `program` in `mode`. `on_message` is called for each list the worker sends, in order,
    // never from within `send`; `on_end` once, after the last message. Either may destroy the
    // WorkerProcess.
    static Result<std::unique_ptr<WorkerProcess>> start(Loop& loop, const std::string& program,
                                                        const std::string& mode,
                                                        WorkerLimits limits, OnMessage on_message,
                                                        OnEnd on_end);
    // Kills a worker that still lives and waits for its end; nothing is called back any more.
    ~WorkerProcess() override;
    WorkerProcess(const WorkerProcess&) = delete;
    WorkerProcess& operator=(const WorkerProcess&) = delete;

    // Queues one list. All that one turn of the loop sends is written together at its end, or by
    // `flush`. The worker is busy from here on, and its processor time counts, until `rest`.
    void send(const Value& list) override;
    void flush();
    // The worker said that it is quiet: its time does not count until the next `send`.
    void rest() override;
    bool busy() const;
    // Ends it at once; no further message is delivered. `why` is a sentence for `on_end`.
    void kill(std::string why) override;

    int pid() const;
    double cpu_s() const;                       // Processor time it has used so far.
    std::size_t unsent_bytes() const override;  // Queued because the worker does not read.

private:
    class Core;
    explicit WorkerProcess(std::shared_ptr<Core> core);
    std::shared_ptr<Core> core_;
};

}  // namespace perilune
