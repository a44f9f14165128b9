// Attempts that failed before the code was replaced: their bodies are not executed again, their
// recorded errors stand in for them, so that the very step that failed can be mended.
#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "interpreter/run/records.h"
#include "interpreter/run/run_state.h"

namespace perilune {

// Whose code a run is replayed with: its own, or one that replaces it where it agrees.
enum class Code { recorded, replaced };

class StandIns {
public:
    // From a run's records and their state: the attempts recorded as failed before the newest
    // `code` record, or, where the code is being replaced now, before the end.
    void find(const Records& records, const RunState& state, bool replacing);

    // The message that begins the run in a worker, with what stands in: by the key of the event
    // that opens the attempt { n, outcome, error }, n being its last event before the failure.
    Value begin_message(const Value& begin) const;
    // True of an event that a worker with this message does not ask for again.
    bool covers(const EventId& id) const { return covered_.contains(id); }
    // True of a record that such a worker is not told: it answers an event that is covered.
    bool leaves_out(const Value& record) const;

private:
    struct Attempt {
        EventId failure;
        bool whole = false;  // A step or wait with a scope; else one operation, child or question.
        Value told;
    };

    void take_failure(const Value& record);
    bool lies_within(const Value& record, const RunState& state) const;

    std::unordered_map<std::string, Attempt> attempts_;  // By the key of their first event.
    std::set<EventId> covered_;
};

}  // namespace perilune
