// Undo that goes on: after a killed host, after a failure, after the end of a run.
#include "interpreter/base/json.h"
#include "interpreter/run/engine.h"
#include "interpreter/run/signed_text.h"

namespace perilune {

// After a resume: an undo goes on at the entry where the host died (D28), and is what it was.
void Engine::resume_undo() {
    for (const auto& [id, failure] : state_.failures) {
        const Scope& scope = state_.scope(failure["scope"].text());
        if (scope.options["on_failure"].text() != "undo" ||
            failure["args"]["what"].text() != "step")
            continue;
        step_undos_.push_back(id);
    }
    const bool whole = state_.undoing && state_.end.is_nil();
    if (!whole && step_undos_.empty()) return;
    const Value& request = state_.undo_request;
    undo_force_ = whole && request["force"].boolean();
    if (whole) {
        step_undos_.clear();
        undo_why_ = request.has("who") ? "person" : "failure";
        stop_done_ = true;
        fill_undo_plan("", request["to"].text());
    } else {
        undo_why_ = "step";
        undo_for_ = step_undos_.front();
        step_undos_.pop_front();
        fill_undo_plan(state_.failures[undo_for_]["scope"].text(), "");
    }
    for (const auto& entry : state_.undo_entries) {
        if (entry.settled) continue;
        std::erase_if(undo_plan_,
                      [&](const Value& planned) { return planned["of"] == entry.record["of"]; });
        if (function_lost(entry.record)) return leave_by_hand(entry.record);
        if (entry.function) return;  // Its strand goes on by itself.
        const auto under_way = active_.find(undo_event(entry.index));
        if (under_way == active_.end()) return derive_undo(entry.record);
        finish_with_undone(under_way->second, entry.index);
        const auto& intent = state_.intents[under_way->first];
        if (intent.not_done) return wait_to_try(under_way->second);
        return recover(under_way->second,
                       fail("host_died", "The host died in the undo.", Retry::unknown));
    }
    next_undo();
}

// `perilune undo` of a run that has ended, or whose undo stopped at a failure.
std::string Engine::restart_undo(const Command& command) {
    undo_force_ = command.body["force"].boolean();
    Value note;
    std::string to;
    if (const std::string& step = command.body["to"].text(); !step.empty()) {
        to = state_.find_step(step);
        if (to.empty()) return no_such_step(step);
        note.set("said", step);
    }
    if (plan_undo("", false).empty())
        return "There is nothing left of this run to undo. See: perilune report " +
               state_.begin["run"].text();
    sign_record(note, command);
    note.set("inbox", command.id).set("reason", command.body["reason"]);
    start_undo("person", to, {}, note.set("to", to).set("force", undo_force_));
    return {};
}

void Engine::on_child_undone(const std::string& run, const std::string& problem) {
    for (const auto& entry : state_.undo_entries) {
        if (entry.settled || entry.function) continue;
        const Change* change = state_.change(of(entry.record));
        if (change && change->child == run)
            return note_undone(entry.index, problem.empty() ? "done" : "failed", problem);
    }
}

}  // namespace perilune
