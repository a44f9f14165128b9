// How a run is stopped and how it ends, with its exit code.
#include "interpreter/run/engine.h"

#include "interpreter/base/json.h"
#include "interpreter/run/signed_text.h"

namespace perilune {

void Engine::stop_run(const std::string& why, const Command* command) {
    Value record;
    record.set("kind", "stop").set("why", why);
    if (command) {
        sign_record(record, *command);
        record.set("inbox", command->id).set("reason", command->body["reason"]);
        record.set("to", command->body["to"]).set("said", command->body["said"]);
        record.set("force", command->body["force"]);
    }
    append(std::move(record));
    stop_scope("");
    check_settling();
}

// Everything of the stopped run has settled.
void Engine::stopped_run() {
    const std::string& why = state_.stop["why"].text();
    if (why == "undo") {
        undo_force_ = state_.stop["force"].boolean();
        return start_undo(state_.stop.has("who") ? "person" : "failure", state_.stop["to"].text(),
                          {});
    }
    end_run(why == "cancel" ? "cancelled" : "failed", last_failure());
}

std::string Engine::last_failure() const {
    return state_.last_failure["args"]["error"]["message"].text();
}

void Engine::ended_by_script(const Value& value) {
    if (replaying_) {
        ended_value_ = value;
        return;
    }
    // An undo of the ended run is met again by its replay, with the end it has taken back.
    if (!state_.stop.is_nil() || !state_.end.is_nil() || state_.undoing) return;
    result_value_ = value;
    end_run("done", "");
}

// Whether a change is something left in the world: a message sent is not.
bool Engine::leaves_something(const Change& change) const {
    if (!change.child.empty()) return true;
    const std::string family_name = change.target.substr(0, change.target.find('/'));
    const Family* family = find_family_(family_name);
    const Operation* row = family ? family->operation(change.operation) : nullptr;
    return row && row->undo != "none" && family_name != "notify";
}

List Engine::left_in_world() const {
    List left;
    for (const auto* change : state_.changes_left()) {
        if (!leaves_something(*change) || state_.kept(change->scope)) continue;
        Value item;
        item.set("what", describe_event("operation", change->operation, change->target,
                                        change->arguments()));
        item.set("step", state_.path(change->scope));
        left.push_back(std::move(item));
    }
    return left;
}

void Engine::end_run(std::string_view outcome, const std::string& reason) {
    const List left = left_in_world();
    Value record;
    record.set("kind", "end").set("outcome", outcome);
    int code = 0;
    if (outcome == "undone") {
        code = left.empty() ? 7 : 8;
    } else if (outcome == "partly undone") {
        code = 8;
    } else if (outcome != "done") {
        code = left.empty() ? 1 : 8;
    }
    record.set("exit", code);
    if (state_.broke_glass > 0) record.set("broke_glass", state_.broke_glass);
    if (!reason.empty()) record.set("reason", reason);
    if (outcome != "done" && !left.empty()) record.set("left", left);
    if (outcome == "undone" || outcome == "partly undone") {
        // What a keep mark covers is left: a person may still undo it.
        List kept = kept_changes(false, state_.undo_request["to"].text());
        if (!kept.empty()) record.set("kept", std::move(kept));
    }
    if (outcome == "done" && !result_value_.is_nil()) record.set("value", result_value_);
    append(std::move(record));
    const bool wants_ended = state_.begin["facts"]["has_ended"].boolean() && script_lost_.empty();
    if (wants_ended && state_.ended.is_nil()) {
        port_.after_commit([this] { begin_ended(); });
    } else {
        port_.after_commit([this] { port_.rested(Rest::ended, ""); });
    }
}

// After a resume: the host died between the end and what follows it. A person's undo of the ended
// run reopens it before this matters.
void Engine::go_on_after_end() {
    const bool wants_ended = state_.begin["facts"]["has_ended"].boolean() && script_lost_.empty();
    if (wants_ended && state_.ended.is_nil()) return begin_ended();
    if (wants_ended && !state_.ended_over) return;  // Its strand goes on by itself.
    port_.after_inbox([this] {
        if (!state_.end.is_nil()) port_.rested(Rest::ended, "");
    });
}

// Rule 8.8: `ended` begins after the outcome is durable and cannot change it.
void Engine::begin_ended() {
    Value result;
    result.set("outcome", state_.end["outcome"]).set("reason", state_.end["reason"]);
    result.set("left", state_.end["left"]);
    Value record;
    append(record.set("kind", "ended").set("value", result));
}

}  // namespace perilune
