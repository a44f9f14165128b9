// What people tell a run to do: retry, skip, settle, signal, undo, cancel, pause.
#include <algorithm>
#include <utility>

#include "interpreter/run/decision.h"
#include "interpreter/run/engine.h"
#include "interpreter/run/signed_text.h"

namespace perilune {

namespace {

std::string no_doubt(const RunState& state) {
    std::string known;
    for (const auto& [id, intent] : state.intents)
        if (intent.in_doubt)
            known += (known.empty() ? "" : ", ") + intent.record["target"].text() + ":" +
                     intent.record["name"].text() + " (" + id.key() + ")";
    if (!known.empty()) return "In doubt are: " + known + "; say which one.";
    return "Nothing in this run is in doubt. See: perilune status " + state.begin["run"].text();
}

}  // namespace

std::string Engine::take_settle(const Command& command) {
    EventId id;
    if (!find_doubt(state_, command, id)) return no_doubt(state_);
    const auto found = active_.find(id);
    if (found == active_.end())
        return "This run is not being executed now; resume it first: perilune resume " +
               state_.begin["run"].text();
    Active& active = found->second;
    const std::string& how = command.body["how"].text();
    const std::string by = "person: " + command.name();
    Value note = record_of("settled_by", id);
    sign_record(note, command);
    note.set("how", how).set("inbox", command.id).set("reason", command.body["reason"]);
    append(note.set("value", command.body["result"]));
    if (how == "again") {
        active.deadline = port_.boot_now() + active.row->timeout_s;
        active.pause_s = 0.2;
        try_again(id, by);
    } else if (how == "happened") {
        Value value = command.body["result"];
        if (!value.has("changed")) value.set("changed", true);
        settle(active, "done", value, nullptr, by, {}, false);
    } else {
        const Error error = fail(
            "did_not_happen",
            "A person found that it did not happen: " + command.body["reason"].text(), Retry::safe);
        settle(active, "failed", {}, &error, by, {}, false);
    }
    return {};
}

std::string Engine::take_retry(const Command& command) {
    EventId id;
    if (!find_failure(state_, command, id)) return no_failure();
    if (undo_why_ == "step" && undo_for_ == id)
        return "What the step did is being undone; wait for that.";
    if (state_.failures[id]["args"]["what"].text() == "body")
        return "It failed outside any step, so there is nothing to retry; undo it, or mend the "
               "script and resume with --with-current-code.";
    decide(id, Value().set("again", true), &command);
    return {};
}

std::string Engine::take_skip(const Command& command) {
    if (command.body["reason"].text().empty()) return "Skipping needs a reason: --reason TEXT.";
    EventId id;
    if (find_failure(state_, command, id)) {
        if (state_.failures[id]["args"]["what"].text() == "body")
            return "It failed outside any step, so there is nothing to skip; undo it, or mend the "
                   "script and resume with --with-current-code.";
        const List& choices = state_.failures[id]["choices"].list();
        if (std::find(choices.begin(), choices.end(), Value("skip")) == choices.end())
            return "An approval is never skipped: retry asks it again, undo takes back what was "
                   "done.";
        Value decision;
        decision.set("skip", true).set("value", command.body["result"]);
        decide(id, decision, &command);
        return {};
    }
    if (const Scope* step = find_open_step(state_, command)) return skip_open_step(*step, command);
    std::string several;
    for (const Scope* step : open_steps(state_, command))
        several += (several.empty() ? "\"" : ", \"") + step->path + "\"";
    if (!several.empty())
        return "Several of that name run: " + several + "; say which by its path.";
    return no_failure();
}

std::string Engine::skip_open_step(const Scope& step, const Command& command) {
    for (const auto& [id, intent] : state_.intents)
        if (intent.in_doubt && state_.within(intent.record["scope"].text(), step.id))
            return "A change in \"" + step.path + "\" is in doubt; settle it first.";
    for (const auto& [id, question] : state_.questions)
        if (question.record["args"]["what"].text() == "approve" &&
            state_.within(question.record["scope"].text(), step.id))
            return "\"" + step.path + "\" encloses an unanswered approval; it is never skipped.";
    Value record = record_of("stop", EventId::from_key(step.id));
    sign_record(record.set("why", "skip").set("inbox", command.id), command);
    record.set("reason", command.body["reason"]).set("value", command.body["result"]);
    append(std::move(record));
    return {};
}

std::string Engine::no_failure() const {
    if (state_.failures.empty())
        return "No step of this run waits for a decision. See: perilune status " +
               state_.begin["run"].text();
    std::string all;
    for (const auto& [id, failure] : state_.failures)
        all += (all.empty() ? "\"" : ", \"") + failure["name"].text() + "\"";
    return "Failed and waiting are: " + all + "; say which one with --step NAME.";
}

std::string Engine::take_signal_command(const Command& command) {
    if (!state_.end.is_nil()) return "The run has ended; it takes no signals any more.";
    const std::string& key = command.identity();
    if (state_.signal_ids.contains(key)) return {};  // The same signal sent twice counts once.
    Value record;
    sign_record(record.set("kind", "signal").set("name", command.body["name"]), command);
    append(record.set("data", command.body["data"]).set("inbox", key));
    std::vector<EventId> waiting;
    for (const auto& [id, question] : state_.questions) waiting.push_back(id);
    for (const auto& id : waiting)
        if (take_signal(id)) break;
    return {};
}

std::string Engine::no_such_step(const std::string& name) const {
    return "The run has no step or keep mark \"" + name + "\". Its steps are in: perilune report " +
           state_.begin["run"].text();
}

std::string Engine::take_undo(const Command& command) {
    if (!state_.end.is_nil() || !state_.stop.is_nil() || state_.undoing) {
        if (state_.undoing && !undo_plan_.empty())
            return "The undo is already under way. Watch it: perilune watch " +
                   state_.begin["run"].text();
        return restart_undo(command);
    }
    Command resolved = command;
    if (const std::string& step = command.body["to"].text(); !step.empty()) {
        const std::string to = state_.find_step(step);
        if (to.empty()) return no_such_step(step);
        resolved.body.set("to", to).set("said", step);
    }
    stop_run("undo", &resolved);
    return {};
}

bool Engine::ends(const Command& command) {
    return command.kind == "undo" || command.kind == "cancel";
}

std::string Engine::on_command(const Command& command) {
    if (const std::string other = other_than_signed(state_, command); !other.empty())
        return refuse(command, other);
    if (!live_) return end_without_script(command);
    if (!ends(command) || !pausing_) return take(command);
    // A pause is over where the run is to end; where that is refused it stays.
    const bool rested = std::exchange(resting_, false);
    pausing_ = false;
    std::string refused = take(command);
    if (!refused.empty()) {
        pausing_ = true;
        resting_ = rested;
        return refused;
    }
    for (const auto& timer : std::exchange(missed_timers_, {})) on_timer(timer);
    return {};
}

std::string Engine::take(const Command& command) {
    std::string refused;
    if (command.kind == "approve" || command.kind == "reject" || command.kind == "answer") {
        refused = answer_question(command);
    } else if (command.kind == "signal") {
        refused = take_signal_command(command);
    } else if (command.kind == "settle") {
        refused = take_settle(command);
    } else if (command.kind == "plan") {
        refused = take_plan(command);
    } else if (command.kind == "undo") {
        refused = take_undo(command);
    } else if (command.kind == "retry" && state_.end.is_nil()) {
        refused = take_retry(command);
    } else if (command.kind == "skip" && state_.end.is_nil()) {
        refused = take_skip(command);
    } else if (command.kind == "cancel" && state_.end.is_nil() && state_.stop.is_nil()) {
        stop_run("cancel", &command);
    } else if (command.kind == "pause" && state_.end.is_nil()) {
        pause();
    } else {
        refused = "The run has ended; nothing of it can be changed but by undo.";
    }
    check_rest();
    return refused;
}

}  // namespace perilune
