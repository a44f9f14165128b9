// Who watches a run: the screen, the heartbeat, tests.
#pragma once

#include <string>

#include "interpreter/run/engine_port.h"
#include "interpreter/run/run_state.h"

namespace perilune {

class Watcher {
public:
    virtual ~Watcher() = default;
    // A record is durable. `state` is the run's as of now, perhaps further on.
    virtual void on_record(const std::string& run, const RunState& state, const Value& record) = 0;
    // A driver tells of progress; nothing of it is kept.
    virtual void on_progress(const std::string& run, const EventId& id,
                             const std::string& text) = 0;
    // The run rests: it ended, waits for people, paused, diverged, crashed or was lost.
    virtual void on_rest(const std::string& run, Rest rest, const std::string& reason) = 0;
    // The state store cannot be written; empty once it can again.
    virtual void on_trouble(const std::string& problem) = 0;
};

}  // namespace perilune
