// A run whose script cannot be executed any more: it diverged, or its worker always dies. It can
// still be cancelled, and undone but for the undo functions of steps (rule 8.1).
#include "interpreter/run/engine.h"

namespace perilune {

// A run that was stopped already needs its script for undo functions and `ended` alone, so it goes
// on without. Any other one rests.
void Engine::park(Rest how, const std::string& reason) {
    if (resting_ || !script_lost_.empty()) return;
    if (state_.stop.is_nil() && state_.end.is_nil() && !state_.undoing) {
        resting_ = true;
        live_ = false;
        parked_ = reason;
        return port_.rested(how, reason);
    }
    lose_script(reason);
    if (on_replayed && !recovered_) return on_replayed();
    go_live();
}

void Engine::on_script_lost(const std::string& why) { park(Rest::crashed, why); }

void Engine::lose_script(const std::string& reason) {
    script_lost_ = reason;
    stash_.clear();
    logs_.clear();
    held_.clear();
    unstreamed_.clear();
    ended_value_.reset();
    replaying_ = false;
    restarting_ = false;
    resting_ = false;
    pausing_ = false;
    live_ = false;
    replayed_ = true;
}

void Engine::tell_script_lost() {
    if (script_lost_.empty()) return;
    Value line;
    line.set("kind", "log").set("key", "script lost " + std::to_string(state_.seq));
    line.set("level", "warning");
    append(line.set("text",
                    "The script is not executed any more, neither undo functions of its "
                    "steps nor `ended`: " +
                        script_lost_));
}

// What ends a run is taken though it diverged or is parked, and though others of its tree are.
std::string Engine::end_without_script(const Command& command) {
    if (!ends(command) || !(replayed_ || resting_))
        return resting_
                   ? "The run stands still: undo it, cancel it, or resume it once it can go on."
                   : "The run is being replayed; try again in a moment.";
    const std::string& step = command.body["to"].text();
    if (!step.empty() && state_.find_step(step).empty()) return no_such_step(step);
    if (resting_) lose_script(parked_);
    return go_live(&command);
}

bool Engine::function_lost(const Value& undo) const {
    if (!undo["function"].boolean()) return false;
    return !script_lost_.empty() || stand_ins_.covers(of(undo));
}

// An undo function that was being executed when the script was lost.
void Engine::leave_function_by_hand() {
    if (script_lost_.empty()) return;
    for (const auto& entry : state_.undo_entries)
        if (!entry.settled && entry.function) return leave_by_hand(Value(entry.record));
}

// What a step's own function would have taken back is a person's to do: listed, and not an end of
// what else is undone.
void Engine::leave_by_hand(const Value& undo) {
    std::string changes;
    for (const auto& key : undo["covers"].list())
        if (const Change* change = state_.change(EventId::from_key(key.text())))
            changes +=
                (changes.empty() ? "" : "; ") +
                describe_event("operation", change->operation, change->target, change->arguments());
    const std::string problem =
        "The undo function of \"" + undo["name"].text() +
        "\" cannot be executed, because the script is not replayed there. Undo by hand: " +
        changes + ".";
    note_left(undo["index"].integer(), "by hand", problem);
}

}  // namespace perilune
