// What a run's worker has asked and not been answered: how much it is, so that a worker that asks
// without end cannot fill the host's memory (rule 14.1).
#pragma once

#include <map>
#include <string>

#include "interpreter/run/run_state.h"

namespace perilune {

class Unanswered {
public:
    static constexpr std::size_t events_max = 20000;
    static constexpr std::size_t bytes_max = std::size_t{64} << 20;

    // Empty where the event may be asked too; else why not. One that needs no answer always may.
    std::string add(const Event& event);
    // A record of the run: it may be of an event that is open, answer one, or stop a scope whose
    // events get no answer any more.
    void take(const Value& record, const RunState& state);

private:
    struct Asked {
        std::string scope;
        std::size_t bytes = 0;
    };

    void insert(const EventId& id, Asked asked);
    void forget(const EventId& id);

    std::map<EventId, Asked> asked_;
    std::size_t bytes_ = 0;
};

}  // namespace perilune
