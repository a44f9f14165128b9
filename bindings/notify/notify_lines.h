// What a message of this family does to a channel that keeps its own lines: a file, or memory.
#pragma once

#include "bindings/notify/notify_log.h"
#include "interpreter/base/driver.h"

namespace perilune {

// What a call would add to the lines.
struct DecidedLine {
    Value line;  // Nil: there is nothing to add.
    bool changed = true;
    bool missing = false;  // It speaks of an incident that is not open.
    std::string id;        // Of the incident, or of the message.
};

DecidedLine decide_line(const Call& call, const NotifyState& state);
// What became of it, once the line stands.
Outcome outcome_of(const Call& call, const Value& before, const DecidedLine& decided);

// What is there before the message, and whether it has been said already; `state` is null where the
// lines cannot be read, which is no reason to fail here: the act will say that it is so.
Before before_line(const Call& call, const NotifyState* state);
// Whether the lines have that of a call whose answer was lost.
Sighting sighting_of(const Call& call, const Value& before, const NotifyState& state);
// Of set_component and schedule_maintenance: the call that takes it back.
std::optional<Restore> restore_line(const Call& call, const Value& before, const Value& result);

// The incident of the key `key`; nil where there never was one.
Value status_of(const NotifyState& state, const Call& call);
// Those that are not resolved, whose keys begin with the call's `prefix`.
Value open_incidents(const NotifyState& state, const Call& call);
// True where somebody has taken the incident.
bool is_acknowledged(const Value& incident);

}  // namespace perilune
