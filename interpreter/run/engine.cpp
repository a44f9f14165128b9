#include "interpreter/run/engine.h"

#include <algorithm>
#include <functional>

#include "interpreter/base/json.h"

namespace perilune {

namespace {

constexpr std::int64_t records_max = 1000000;
constexpr std::size_t unread_bytes_max = std::size_t{16} << 20;

std::size_t hash_of(const std::string& fingerprint) {
    return std::hash<std::string>{}(fingerprint);
}

}  // namespace

Engine::Engine(EnginePort& port, FindFamily find_family)
    : port_(port), find_family_(std::move(find_family)) {}

void Engine::start_recorded(const Value& begin) {
    state_.apply(begin);
    replay(Records({begin}));
    finish_replay();  // There is nothing to meet again.
}

void Engine::note_recorded(const Value& record) {
    const std::string fingerprint = record_fingerprint(record);
    if (fingerprint.empty()) return;
    if (record.has("entry")) {
        std::int64_t& met = planned_[record["scope"].text()];
        met = std::max(met, record["entry"].integer());
    }
    const EventId id = EventId::from(record);
    recorded_[id] = {.fingerprint = hash_of(fingerprint),
                     .seq = record["seq"].integer(),
                     .met = !replaying_ || asked_again_.contains(id)};
}

Value Engine::append(Value record) {
    const Value stamped = port_.append(std::move(record));
    note_recorded(stamped);
    unanswered_.take(stamped, state_);
    state_.apply(stamped);
    if (!script_lost_.empty()) return stamped;
    if (restarting_) {
        unstreamed_.push_back(stamped);
    } else if (Value message = delivery_of(stamped); !message.is_nil()) {
        told_ = port_.tell_worker(std::move(message));
    }
    return stamped;
}

void Engine::on_message(const List& message) {
    if (!script_lost_.empty()) return;
    const std::string kind = message.empty() ? "" : message[0].text();
    if (kind == "event") {
        if (auto event = read_event(message)) return on_event(std::move(*event));
        return crash("The worker sent a malformed event.");
    }
    if (kind == "quiet") {
        quiet_ = element_of(message, 1).integer();
        if (replaying_ && quiet_ >= told_) finish_replay();
        start_unread();
        if (live_) check_rest();
    } else if (kind == "log") {
        on_log(message);
    } else if (kind == "end") {
        ended_by_script(element_of(message, 1));
    } else if (kind == "mismatch") {
        diverge("record " + to_json(element_of(message, 1)),
                "a script that has not asked for it yet", "");
    }
}

void Engine::on_event(Event event) {
    if (resting_) return;
    if (event.kind == "operation") {
        // Arguments are compared as they are recorded: checked and complete.
        Map arguments = event.data.map();
        const auto family = event.target.substr(0, event.target.find('/'));
        if (const Family* found = find_family_(family))
            if (const Operation* row = found->operation(event.name))
                if (auto checked = check_arguments(*found, *row, arguments))
                    event.data = Value(*checked);
    }
    if (met_before(event, event_fingerprint(event))) return;
    const bool flooded = state_.seq + static_cast<std::int64_t>(stash_.size()) >= records_max;
    if (flooded && !event.id.strand.starts_with("/undo."))
        return crash(
            "A run may have 1,000,000 records, and this one has them: is there a loop "
            "without an end? Undo it, or mend the script.");
    if (const std::string problem = unanswered_.add(event); !problem.empty())
        return crash(problem + " Undo the run, or mend the script.");
    if (replaying_) {
        stash_.push_back(std::move(event));
    } else {
        handle(std::move(event));
    }
}

// True where the event is already recorded or under way; a difference parks the run (7.3).
bool Engine::met_before(const Event& event, const std::string& fingerprint) {
    if (const auto found = recorded_.find(event.id); found != recorded_.end()) {
        found->second.met = true;
        if (found->second.fingerprint != hash_of(fingerprint)) {
            const Value record = port_.record_at(found->second.seq);
            diverge(
                describe_record(record) + (record.has("at") ? " at " + record["at"].text() : ""),
                describe_event(event.kind, event.name, event.target, event.data), event.at);
        }
        return true;
    }
    const auto under_way = active_.find(event.id);
    if (under_way == active_.end()) return false;
    const Event& asked = under_way->second.event;
    if (event_fingerprint(asked) != fingerprint)
        diverge(describe_event("operation", asked.name, asked.target, asked.data),
                describe_event(event.kind, event.name, event.target, event.data), event.at);
    if (replaying_) asked_again_.insert(event.id);
    return true;
}

void Engine::diverge(const std::string& recorded, const std::string& found, const std::string& at) {
    park(Rest::diverged,
         "The script no longer does what the journal says it did. Recorded: " + recorded +
             ". Found: " + found + (at.empty() ? "" : " at " + at) + ". Nothing was executed.");
}

void Engine::handle(Event event) {
    const bool outside =
        event.id.strand.starts_with("/undo.") || event.id.strand.starts_with("/ended");
    if (!state_.stop.is_nil() && !outside) return;
    const bool closing = event.kind == "close" || event.kind == "settle" || event.kind == "failure";
    if (!closing && !(outside && event.scope.empty()) && state_.stopped(event.scope)) return;
    if (pausing_ && !closing && event.kind != "open" && event.kind != "keep") {
        held_.push_back(std::move(event));
        return;
    }
    if ((event.kind == "operation" || event.kind == "child") &&
        port_.unread_bytes() >= unread_bytes_max) {
        unread_.push_back(std::move(event));
        return;
    }
    if (event.kind == "operation") return ask_operation(std::move(event));
    if (event.kind == "open") return opened(event);
    if (event.kind == "close") return closed(event);
    if (event.kind == "failure") return failed(event);
    if (event.kind == "timer") return start_timer(event);
    if (event.kind == "settle") return settle_event(event);
    if (event.kind == "question") return ask_question(event);
    if (event.kind == "child") return ask_child(event);
    if (event.kind == "keep") {
        append(event_record("keep", event));
        return;
    }
    crash("The worker sent an event of the unknown kind \"" + event.kind + "\".");
}

// Rule 14.1: what the worker asked while it left its answers unread begins once it has read them.
void Engine::start_unread() {
    while (live_ && !unread_.empty() && port_.unread_bytes() < unread_bytes_max) {
        Event event = std::move(unread_.front());
        unread_.pop_front();
        handle(std::move(event));
    }
}

void Engine::crash(const std::string& reason) {
    // What fails after the end changes nothing of the outcome (8.8).
    if (live_ && !resting_ && !state_.end.is_nil()) {
        resting_ = true;
        live_ = false;
        return port_.rested(Rest::ended, reason);
    }
    park(Rest::crashed, reason);
}

void Engine::pause() {
    pausing_ = true;
    for (auto& [id, active] : active_)
        if (active.called && active.phase != Phase::observe) port_.cancel_call(id);
    check_rest();
}

void Engine::lose() {
    resting_ = true;
    live_ = false;
    for (auto& [id, active] : active_)
        if (active.called) port_.cancel_call(id);
}

bool Engine::busy() const {
    // What it asked, or its end, that a replay met and that is not taken yet counts too.
    const bool held = !stash_.empty() || ended_value_;
    const bool script_works = script_lost_.empty() && (replaying_ || quiet_ < told_ || held);
    if (!pausing_ && script_works) return true;
    for (const auto& [id, active] : active_)
        if (!active.dropped && !state_.in_doubt(id)) {
            if (!pausing_ || (active.called && active.phase != Phase::observe)) return true;
        }
    for (const auto& [id, child] : state_.children)
        if (port_.child_busy(child["run"].text())) return true;
    for (const auto& entry : state_.undo_entries)
        if (const Change* change = entry.settled ? nullptr : state_.change(of(entry.record));
            change && !change->child.empty() && port_.child_busy(change->child))
            return true;
    if (pausing_) return false;
    // Who waits for a person is at rest, however often people are told of it.
    for (const auto& [id, timer] : state_.timers)
        if (timer.why != "timeout" && timer.why != "question" && timer.why != "deadline" &&
            (timer.why != "meanwhile" || !state_.asks()))
            return true;
    return false;
}

bool Engine::waits_for_child() const {
    for (const auto& entry : state_.undo_entries)
        if (const Change* change = entry.settled ? nullptr : state_.change(of(entry.record));
            change && !change->child.empty())
            return true;
    return !state_.children.empty();
}

// Says so, once, where nothing goes on by itself.
void Engine::check_rest() {
    if (resting_ || !live_ || busy()) return;
    if (!state_.end.is_nil() && (state_.ended.is_nil() || state_.ended_over)) return;
    if (pausing_) {
        resting_ = true;
        return port_.rested(Rest::paused, "");
    }
    if (state_.asks() || waits_for_child()) return port_.rested(Rest::waits, "");
    if (state_.stop.is_nil() && state_.end.is_nil() && held_.empty())
        crash("The run waits for nothing and has not ended.");
}

Value Engine::waiting() const {
    List listed;
    const auto add = [&](const EventId& id, const std::string& scope, std::string what) {
        Value item;
        item.set("strand", id.strand).set("path", state_.path(scope)).set("what", std::move(what));
        listed.push_back(std::move(item));
    };
    for (const auto& [id, active] : active_)
        add(id, active.event.scope,
            describe_event("operation", active.event.name, active.event.target, active.event.data) +
                (active.queued ? " (waits for another change of the same thing)" : ""));
    for (const auto& [id, timer] : state_.timers)
        if (timer.why != "timeout" && timer.why != "deadline")
            add(id, timer.record["scope"].text(),
                timer.why + " \"" + timer.record["name"].text() + "\"");
    for (const auto& [id, question] : state_.questions)
        add(id, question.record["scope"].text(),
            question.record["args"]["what"].text() + " \"" + question.record["name"].text() + "\"");
    for (const auto& [id, failure] : state_.failures)
        add(id, failure["scope"].text(),
            "a decision on the failure of \"" + failure["name"].text() + "\"");
    for (const auto& [id, beyond] : state_.beyond)
        add(id, beyond["scope"].text(), "a plan that shows " + beyond["what"].text());
    return listed;
}

}  // namespace perilune
