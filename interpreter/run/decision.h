// What a person's command is about: the question, the failure, the change in doubt or the step that
// it names, or the only one there is. Who signs it and who takes it find it in the same way.
#pragma once

#include "interpreter/run/run_state.h"
#include "interpreter/run/steering.h"

namespace perilune {

// Null where there is none of that name, or no name and several of them; else `id` is its event.
const OpenQuestion* find_question(const RunState& state, const Command& command, EventId& id);
const Value* find_failure(const RunState& state, const Command& command, EventId& id);
const OpenIntent* find_doubt(const RunState& state, const Command& command, EventId& id);
// The open steps of its name or path, and the one there is; null where there is none or several.
std::vector<const Scope*> open_steps(const RunState& state, const Command& command);
const Scope* find_open_step(const RunState& state, const Command& command);

// The record of what the command is about; nil where it is about the run as a whole, or where it
// fits nothing.
Value subject_of(const RunState& state, const Command& command);
// The same of the event that the journal says it was about.
Value subject_at(const RunState& state, const EventId& id);

}  // namespace perilune
