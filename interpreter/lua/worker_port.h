// The port behind which a script is executed: messages both ways, and how it ended. A process of
// its own where effects are real, a Lua state of this process where the world is simulated.
#pragma once

#include <functional>
#include <memory>
#include <string>

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

class Worker {
public:
    // For each list the worker sends, in order, never from within `send`.
    using OnMessage = std::function<void(List message)>;
    // Once, after the last message. Either may destroy the worker.
    using OnEnd = std::function<void(WorkerEnd)>;

    virtual ~Worker() = default;
    // Queues one list; it is read in a later turn of the loop.
    virtual void send(const Value& list) = 0;
    // The worker said that it is quiet: its time does not count until the next `send`.
    virtual void rest() = 0;
    // Ends it at once; no further message is delivered. `why` is a sentence for OnEnd.
    virtual void kill(std::string why) = 0;
    // Queued because the worker does not read.
    virtual std::size_t unsent_bytes() const = 0;
};

}  // namespace perilune
