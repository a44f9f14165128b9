// One worker as the host sees it: messages both ways, a budget of time, and how it ended.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "interpreter/base/loop.h"
#include "interpreter/base/result.h"

namespace perilune {

struct WorkerLimits {
    double cpu_s = 10;  // Of processor time between a message to it and `rest`.
    std::size_t memory_bytes = std::size_t{256} << 20;
};

struct WorkerEnd {
    enum class Reason {
        exited,        // By itself; `status` is its exit status.
        failed,        // Its own program raised an error; `text` has it.
        crashed,       // `status` is the signal, such as SIGSEGV or, for a refused call, SIGSYS.
        cpu_limit,     // Killed for using more than `cpu_s`.
        memory_limit,  // It ended itself when it needed more than `memory_bytes`.
        malformed,     // Killed for what it sent.
        killed,        // By `kill`; `text` is what was given there.
    };
    Reason reason = Reason::exited;
    int status = 0;
    std::string text;  // A full sentence.
};

std::string_view to_text(WorkerEnd::Reason reason);

// All on the loop's own thread; the loop outlives the WorkerProcess. The thread that calls `start`
// must outlive the worker: the kernel kills the worker when that thread ends.
class WorkerProcess {
public:
    using OnMessage = std::function<void(List message)>;
    using OnEnd = std::function<void(WorkerEnd)>;

    // Starts `program` in `mode`. `on_message` is called for each list the worker sends, in order,
    // never from within `send`; `on_end` once, after the last message. Either may destroy the
    // WorkerProcess.
    static Result<std::unique_ptr<WorkerProcess>> start(Loop& loop, const std::string& program,
                                                        std::string mode, WorkerLimits limits,
                                                        OnMessage on_message, OnEnd on_end);
    // Kills a worker that still lives and waits for its end; nothing is called back any more.
    ~WorkerProcess();
    WorkerProcess(const WorkerProcess&) = delete;
    WorkerProcess& operator=(const WorkerProcess&) = delete;

    // Queues one list. All that one turn of the loop sends is written together at its end, or by
    // `flush`. The worker is busy from here on, and its processor time counts, until `rest`.
    void send(const Value& list);
    void flush();
    // The worker said that it is quiet: its time does not count until the next `send`.
    void rest();
    bool busy() const;
    // Ends it at once; no further message is delivered. `why` is a sentence for `on_end`.
    void kill(std::string why);

    int pid() const;
    double cpu_s() const;              // Processor time it has used so far.
    std::size_t unsent_bytes() const;  // Queued because the worker does not read.

private:
    class Core;
    explicit WorkerProcess(std::shared_ptr<Core> core);
    std::shared_ptr<Core> core_;
};

}  // namespace perilune
