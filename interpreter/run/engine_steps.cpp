// Steps and their failures, timers, and the stopping of scopes.
#include "interpreter/run/engine.h"

#include <algorithm>
#include <cmath>

#include "interpreter/base/json.h"
#include "interpreter/run/signed_text.h"

namespace perilune {

namespace {

constexpr double backoff_first_s = 1;
constexpr double backoff_most_s = 60;

}  // namespace

// Rule 9.1: by the boot clock within one boot, else by the wall clock, never beyond its length.
double Engine::boot_deadline(const Value& record) const {
    const Value& deadline = record["deadline"];
    if (deadline["boot_id"].text() == port_.boot_id()) return deadline["boot"].number();
    const double left_s = deadline["wall"].number() - port_.wall_now();
    return port_.boot_now() + std::clamp(left_s, 0.0, deadline["length"].number());
}

Value Engine::with_deadline(Value& record, double length_s) {
    Value deadline;
    deadline.set("length", length_s).set("wall", port_.wall_now() + length_s);
    deadline.set("boot", port_.boot_now() + length_s).set("boot_id", port_.boot_id());
    return record.set("deadline", deadline);
}

void Engine::opened(const Event& event) {
    append(event_record("open", event));
    if (!event.data.has("timeout")) return;
    const double seconds = event.data["timeout"].number();
    Value record = record_of("timer", event.id);
    Value args;
    args.set("seconds", seconds).set("why", "timeout");
    record.set("scope", event.scope).set("name", event.name).set("args", args);
    append(with_deadline(record, seconds));
    port_.arm("T:" + event.id.key(), port_.boot_now() + seconds);
}

void Engine::closed(const Event& event) {
    port_.disarm("T:" + event.scope);
    append(event_record("close", event));
    const Scope& scope = state_.scope(event.scope);
    if (scope.what == "undo") return next_undo();
    if (scope.what == "ended") {
        port_.rested(Rest::ended, "");
    }
}

void Engine::start_timer(const Event& event) {
    const double seconds = std::max(0.0, event.data["seconds"].number());
    Value record = event_record("timer", event);
    append(with_deadline(record, seconds));
    port_.arm("T:" + event.id.key(), port_.boot_now() + seconds);
}

void Engine::fire(const EventId& id) {
    const auto found = state_.timers.find(id);
    if (found == state_.timers.end() || pausing_) return;
    const OpenTimer timer = found->second;
    if (timer.why == "deadline") return;
    Value record = record_of("fired", id);
    append(record.set("why", timer.why));
    if (timer.why == "question") question_timed_out(id);
}

// Rule 5.3: an attempt may be repeated by itself only where every change it made may be.
bool Engine::only_repeatable(const std::string& scope) const {
    for (const auto* change : state_.changes_within(scope))
        if (change->changed && change->recovery != "repeat" && change->recovery != "leave")
            return false;
    return true;
}

bool Engine::would_retry(const Scope& scope, const Value& error) const {
    const std::int64_t left =
        scope.options["retries"].integer() + 1 - static_cast<std::int64_t>(scope.attempt);
    return left > 0 && error["retry"].text() != "never" && only_repeatable(scope.id);
}

// Rule 5.4: guarded by a pcall or try, or by a step around it that will try again.
bool Engine::guarded(const Event& event) const {
    if (event.data["guarded"].boolean()) return true;
    std::string at =
        event.data["what"].text() == "step" ? state_.scope(event.scope).parent : event.scope;
    while (!at.empty()) {
        const Scope& scope = state_.scope(at);
        if (scope.what == "step" && would_retry(scope, event.data["error"])) return true;
        at = scope.parent;
    }
    return false;
}

void Engine::failed(const Event& event) {
    port_.disarm("T:" + event.scope);
    const Value& error = event.data["error"];
    const Scope& scope = state_.scope(event.scope);
    const bool step = event.data["what"].text() == "step";
    Value record = event_record("failure", event);
    Value decision;
    if (step && would_retry(scope, error)) {
        double pause_s = scope.options["backoff"].number();
        if (!scope.options.has("backoff")) pause_s = backoff_first_s;
        pause_s = std::min(pause_s * std::pow(2.0, scope.attempt - 1), backoff_most_s);
        append(record.set("decision", decision.set("again", true).set("pause", pause_s)));
        return;
    }
    if (step && scope.options["on_failure"].text() == "undo") {
        append(record.set("choices", List{"retry", "skip", "undo", "pause"}));
        return start_step_undo(event.id);
    }
    // What fails in `ended` is raised to its end: nobody is asked, and nothing is stopped (8.8).
    const bool ending = event.id.strand.starts_with("/ended");
    if (guarded(event) || (ending && event.data["what"].text() != "ended")) {
        append(record.set("decision", decision.set("raise", true)));
        return;
    }
    List choices;
    const std::string& what = event.data["what"].text();
    // An approval is never skipped, neither by itself nor by the step around it (rule 9.3).
    const bool rejected = error["code"].text() == "rejected";
    if (what != "body") choices = {"retry"};
    if (what != "body" && what != "question" && !rejected) choices.emplace_back("skip");
    choices.insert(choices.end(), {"undo", "pause"});
    if (what == "undo" || what == "ended") {
        // What fails in an undo function stops the undo; what fails in `ended` is only shown.
        append(record.set("decision", decision.set("skip", true)));
        return;
    }
    record.set("choices", choices);
    if (step && !only_repeatable(event.scope)) {
        List twice;
        for (const auto* change : state_.changes_within(event.scope))
            if (change->changed && change->recovery != "repeat")
                twice.push_back(describe_event("operation", change->operation, change->target,
                                               change->arguments()));
        record.set("twice", twice);
    }
    append(std::move(record));
    const std::string& own = scope.options["on_failure"].text();
    const std::string& wanted = !own.empty() ? own : state_.begin["facts"]["on_failure"].text();
    if (state_.undoing) return;
    if (wanted == "undo") return stop_run("undo", nullptr);
    if (wanted == "stop") stop_run("failure", nullptr);
}

void Engine::decide(const EventId& id, Value decision, const Command* command) {
    Value record = record_of("answer", id);
    for (const auto& [name, value] : decision.map()) record.set(name, value);
    if (command) {
        sign_record(record, *command);
        record.set("inbox", command->id).set("reason", command->body["reason"]);
    }
    append(std::move(record));
}

void Engine::settle_event(const Event& event) {
    append(event_record("stop", event));
    stop_scope(event.data["scope"].text());
    check_settling();
}

// Rule 6.2: nothing in the scope starts any more; what is in flight must settle.
void Engine::stop_scope(const std::string& scope) {
    std::vector<EventId> inside;
    for (const auto& [id, active] : active_)
        if (state_.within(active.event.scope, scope) && !active.host) inside.push_back(id);
    for (const auto& id : inside) {
        const auto found = active_.find(id);
        if (found == active_.end()) continue;
        Active& active = found->second;
        const bool intended = state_.intents.contains(id);
        if (!intended && active.called) {
            active.dropped = true;
            port_.cancel_call(id);
        } else if (!intended) {
            release_resource(active, false);
            active_.erase(found);
        } else if (active.called && active.phase == Phase::act) {
            port_.cancel_call(id);
        } else if (!active.called && (state_.intents[id].not_done || active.wants_try)) {
            stop_waiting_try(active);
        }
    }
    for (const auto& [id, child] : state_.children)
        if (state_.within(child["scope"].text(), scope))
            port_.stop_child(child["run"].text(), "stopped");
}

// A change that waits to be sent again. One that carries a key is sent until it is answered.
void Engine::stop_waiting_try(Active& active) {
    const Error error = fail("stopped", "The step was stopped before this was sent again.");
    const OpenIntent& intent = state_.intents[active.event.id];
    if (intent.not_done) return give_up(active, error, "not sent");
    if (intent.record["recovery"].text() == to_text(Recovery::repeat))
        settle(active, "unknown", {}, &error, "repeat", {}, false);
}

// Rule (c): no scope ends with an unsettled change in it.
void Engine::check_settling() {
    if (!live_) return;
    const auto unsettled = [&](const std::string& scope) {
        for (const auto& [id, active] : active_)
            if (!active.dropped && state_.within(active.event.scope, scope)) return true;
        for (const auto& [id, child] : state_.children)
            if (state_.within(child["scope"].text(), scope)) return true;
        return false;
    };
    std::vector<EventId> settled;
    for (const auto& [id, record] : state_.settling)
        if (!unsettled(record["args"]["scope"].text())) settled.push_back(id);
    for (const auto& id : settled) append(record_of("settled", id));
    const bool stopping = !state_.stop.is_nil() && state_.end.is_nil() && !state_.undoing;
    if (stopping && !stop_done_ && !unsettled("")) {
        stop_done_ = true;
        stopped_run();
    }
}

// Rule 9.4: a child run's id is made from its parent's event, so that asking again finds it.
void Engine::ask_child(const Event& event) {
    if (!within_plan(event)) return;
    Value record = event_record("child", event);
    if (const std::int64_t entry = plan_entry(event)) {
        record.set("entry", entry);
        record.set("plan_changes", (*guide_->entry(state_.path(event.scope), entry))["changes"]);
    }
    append(record.set("run", port_.child_id(event.id)));
    if (event.id.strand.starts_with("/ended")) {
        const Error error = fail("refused", "`ended` may observe and notify; it starts no runs.");
        Value result = record_of("result", event.id);
        append(result.set("outcome", "failed").set("error", error.to_value()));
        return;
    }
    port_.start_child(event.id, record["run"].text(), event.name, event.data);
}

bool Engine::stops_child(const std::string& run) const {
    for (const auto& [id, child] : state_.children)
        if (child["run"].text() == run) return state_.stopped(child["scope"].text());
    return false;
}

void Engine::on_child_end(const std::string& run, const Value& outcome) {
    for (const auto& [id, child] : state_.children) {
        if (child["run"].text() != run) continue;
        const EventId found = id;
        Value record = record_of("result", found);
        record.set("outcome", outcome["outcome"].text() == "done" ? "done" : "failed");
        const bool changed = outcome["changed"].boolean();
        record.set("changed", changed).set("by", "child");
        if (changed) record.set("left", "some");
        record.set("value", outcome["value"]).set("error", outcome["error"]);
        append(std::move(record));
        check_settling();
        check_rest();
        return;
    }
}

}  // namespace perilune
