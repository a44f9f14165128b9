// Undo: what the run's changes derive, played back newest first, each with an intent of its own.
#include "interpreter/run/engine.h"

#include <utility>

#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/base/standing.h"

namespace perilune {

// `within` is the step's scope; of a whole run, the step or mark that `--to` names, or empty.
void Engine::start_undo(const std::string& why, const std::string& within, const EventId& failure,
                        Value note) {
    undo_why_ = why;
    undo_for_ = failure;
    undo_problem_.clear();
    undo_by_hand_.clear();
    if (why == "step") {
        fill_undo_plan(within, "");
    } else {
        // A step's undo function was dropped with the run: it is begun anew.
        const auto entries = state_.undo_entries;
        for (const auto& entry : entries) {
            if (entry.settled || !entry.function) continue;
            Value record;
            append(
                record.set("kind", "undone").set("index", entry.index).set("outcome", "stopped"));
        }
        fill_undo_plan("", within);
    }
    if (why != "step") {
        // Said before anything is taken back.
        const Value outlook = undo_outlook(undo_plan_, why == "failure", within);
        for (const auto& [name, value] : outlook.map()) note.set(name, value);
        append(note.set("kind", "undo").set("index", 0).set("settled", true));
    }
    next_undo();
}

// Rule 8.7. One after the other: the steps of two branches may fail at once.
void Engine::start_step_undo(const EventId& failure) {
    if (undo_why_ == "step") return step_undos_.push_back(failure);
    start_undo("step", state_.failures[failure]["scope"].text(), failure);
}

// Begins the next entry, in a loop where one is over at once: thousands of them need no stack.
void Engine::next_undo() {
    if (std::exchange(choosing_undo_, true)) {
        choose_again_ = true;
        return;
    }
    do {
        choose_again_ = false;
        choose_undo();
    } while (choose_again_);
    choosing_undo_ = false;
}

void Engine::choose_undo() {
    if (resting_) return;
    if (undo_why_ == "step" && !state_.stop.is_nil()) {
        // The whole run is stopped: what becomes of the rest is decided there.
        undo_why_.clear();
        undo_plan_.clear();
        step_undos_.clear();
        return check_settling();
    }
    for (const auto& entry : state_.undo_entries)
        if (!entry.settled) return finish_function(entry);
    if (!undo_problem_.empty() || undo_plan_.empty()) return finish_undo();
    Value record = undo_plan_.front();
    undo_plan_.pop_front();
    record.set("kind", "undo").set("index", state_.next_undo_index());
    if (undo_why_ == "step") record.set("within", true);
    const Value stamped = append(std::move(record));
    if (function_lost(stamped)) return leave_by_hand(stamped);
    if (!stamped["function"].boolean()) derive_undo(stamped);
}

// A step's undo function has come to its end.
void Engine::finish_function(const UndoEntry& entry) {
    if (!entry.function) return;
    const std::string scope_id = undo_event(entry.index).key();
    const Scope& scope = state_.scope(scope_id);
    if (scope.open) return;
    note_undone(entry.index, scope.outcome == "done" ? "done" : "failed",
                scope.outcome == "done" ? ""
                                        : "The undo function of \"" + entry.record["name"].text() +
                                              "\" failed: " + last_failure());
}

void Engine::note_undone(std::int64_t index, std::string_view outcome, const std::string& problem) {
    Value record;
    record.set("kind", "undone").set("index", index).set("outcome", outcome);
    if (!problem.empty()) record.set("problem", problem);
    append(std::move(record));
    if (!problem.empty()) undo_problem_ = problem;
    next_undo();
}

// What was known beforehand not to be undone ends nothing: what else there is, is undone.
void Engine::note_left(std::int64_t index, std::string_view outcome, const std::string& problem) {
    undo_by_hand_ += (undo_by_hand_.empty() ? "" : "\n") + problem;
    Value record;
    record.set("kind", "undone").set("index", index).set("outcome", outcome);
    append(record.set("problem", problem));
    next_undo();
}

void Engine::derive_undo(const Value& record) {
    const std::int64_t index = record["index"].integer();
    const Change* change = state_.change(of(record));
    if (!change) return note_undone(index, "failed", "The change is not in the journal.");
    if (!change->child.empty()) return port_.undo_child(change->child);
    const auto restore = restore_of(*change);
    if (!restore) {
        if (!leaves_something(*change)) return note_undone(index, "nothing", "");
        return note_left(index, "impossible", record["name"].text() + " cannot be undone.");
    }
    // Rule 8.4: look first. The original operation's `before` shows today's state in the same form.
    Active made;
    made.event.id = undo_event(index);
    made.event.kind = "operation";
    made.event.name = change->operation;
    made.event.target = change->target;
    made.event.data = change->arguments();
    made.host = true;
    const Family* family = find_family_(change->target.substr(0, change->target.find('/')));
    made.row = family->operation(change->operation);
    made.deadline = port_.boot_now() + made.row->timeout_s;
    made.then_before = [this, index, wanted = *restore, held = *change](Result<Before> now) {
        undo_checked(index, held, wanted, std::move(now));
    };
    made.then = [this, index](const Value& result) {
        note_undone(index, "failed", result["error"]["message"].text());
    };
    Active& active = active_[made.event.id] = std::move(made);
    call(active, Phase::before);
}

void Engine::undo_checked(std::int64_t index, const Change& change, const Restore& restore,
                          Result<Before> now) {
    const EventId id = undo_event(index);
    if (!now) {
        active_.erase(id);
        return note_undone(index, "failed",
                           "Looking before undoing failed: " + now.error().message);
    }
    const ChangeDetail detail = change.detail();
    const Standing standing = standing_of(detail.before, detail.after, now->state);
    if (standing == Standing::before) {
        active_.erase(id);
        return note_undone(index, "done", "");
    }
    const Family* family = find_family_(change.target.substr(0, change.target.find('/')));
    const Operation* row = family->operation(restore.operation);
    auto checked = row ? check_arguments(*family, *row, restore.arguments.map())
                       : Result<Map>(fail("bug", "The driver names an unknown reversal."));
    if (!checked) {
        active_.erase(id);
        return note_undone(index, "failed", checked.error().message);
    }
    Active& active = active_[id];
    active.row = row;
    active.event.name = restore.operation;
    active.event.data = Value(*checked);
    active.deadline = deadline_of(active.event, *row);
    finish_with_undone(active, index);
    // A call that meant "all" reads more than it changed, or only what is left to change: then the
    // reversal, which names what was changed, is asked whether that is as it was left.
    if (standing == Standing::other && !undo_force_)
        active.then_before = [this, index, change, looked = now->state](Result<Before> seen) {
            const auto found = active_.find(undo_event(index));
            if (seen && seen->state == change.detail().after)
                return took_before(found->second, std::move(seen));
            active_.erase(found);
            undo_conflict(index, change, looked);
        };
    call(active, Phase::before);
}

void Engine::undo_conflict(std::int64_t index, const Change& change, const Value& now) {
    note_undone(index, "conflict",
                change.target + " is no longer as " + change.operation + " left it. " +
                    "Left: " + to_json(change.detail().after) + ". Now: " + to_json(now) +
                    ". Undo it by hand, or with perilune undo RUN --force.");
}

void Engine::finish_with_undone(Active& active, std::int64_t index) {
    active.then = [this, index](const Value& result) {
        const bool done = result["outcome"].text() == "done";
        note_undone(index, done ? "done" : "failed", done ? "" : result["error"]["message"].text());
    };
}

// Rule 8.7: what cannot be undone is an unguarded failure of the step, which stays open.
void Engine::step_undo_failed() {
    Value line;
    line.set("kind", "log").set("key", "undo of " + undo_for_.key()).set("level", "warning");
    append(line.set("text", undo_problem_));
    const std::string& wanted = state_.begin["facts"]["on_failure"].text();
    if (wanted == "undo") return stop_run("undo", nullptr);
    if (wanted == "stop") stop_run("failure", nullptr);
}

void Engine::finish_undo() {
    if (undo_problem_.empty()) undo_problem_ = undo_by_hand_;
    if (undo_why_ == "step") {
        undo_why_.clear();
        if (undo_problem_.empty()) {
            Value decision;
            decide(undo_for_, decision.set("raise", true), nullptr);
        } else {
            step_undo_failed();
        }
        if (step_undos_.empty() || !undo_why_.empty()) return;
        const EventId next = step_undos_.front();
        step_undos_.pop_front();
        return start_step_undo(next);
    }
    if (!state_.end.is_nil()) return;
    end_run(undo_problem_.empty() ? "undone" : "partly undone",
            undo_problem_.empty() ? last_failure() : undo_problem_);
}

}  // namespace perilune
