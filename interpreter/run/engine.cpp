#include "interpreter/run/engine.h"

#include <functional>

#include "interpreter/base/json.h"

namespace perilune {

namespace {

constexpr int deaths_max = 3;

std::size_t hash_of(const std::string& fingerprint) {
    return std::hash<std::string>{}(fingerprint);
}

}  // namespace

Engine::Engine(EnginePort& port, FindFamily find_family)
    : port_(port), find_family_(std::move(find_family)) {}

void Engine::start_recorded(const Value& begin) {
    state_.apply(begin);
    replay({begin});
}

void Engine::load(const std::vector<Value>& records) {
    for (const auto& record : records) {
        note_recorded(record);
        state_.apply(record);
    }
}

void Engine::note_recorded(const Value& record) {
    const std::string fingerprint = record_fingerprint(record);
    if (fingerprint.empty()) return;
    recorded_[EventId::from(record)] = {.fingerprint = hash_of(fingerprint),
                                        .seq = record["seq"].integer(),
                                        .met = !replaying_};
}

// Rule 7.1: everything recorded is streamed ahead of the worker's asking; what it then asks is
// compared with what is recorded.
void Engine::replay(const std::vector<Value>& records) {
    replaying_ = true;
    live_ = false;
    for (auto& [id, held] : recorded_) held.met = false;
    stash_.clear();
    const Value& begin = state_.begin;
    Value run;
    run.set("id", begin["run"]).set("runbook", begin["runbook"]);
    run.set("environment", begin["environment"]).set("started_by", begin["who"]);
    run.set("started_at", begin["started_at"]);
    Value params = begin["params"];
    params.as_map();
    told_ = port_.tell_worker(List{"begin", params, begin["time"], run});
    for (const auto& record : records)
        if (Value message = delivery_of(record); !message.is_nil())
            told_ = port_.tell_worker(std::move(message));
}

Value Engine::append(Value record) {
    const Value stamped = port_.append(std::move(record));
    note_recorded(stamped);
    state_.apply(stamped);
    if (Value message = delivery_of(stamped); !message.is_nil())
        told_ = port_.tell_worker(std::move(message));
    return stamped;
}

void Engine::on_message(const List& message) {
    const std::string kind = message.empty() ? "" : message[0].text();
    if (kind == "event") {
        if (auto event = read_event(message)) return on_event(std::move(*event));
        return crash("The worker sent a malformed event.");
    }
    if (kind == "quiet") {
        quiet_ = message[1].integer();
        if (replaying_ && quiet_ >= told_) finish_replay();
        if (live_) check_rest();
    } else if (kind == "log") {
        on_log(message);
    } else if (kind == "end") {
        ended_by_script(message.size() > 1 ? message[1] : Value());
    } else if (kind == "mismatch") {
        diverge("record " + to_json(message[1]), "a script that has not asked for it yet", "");
    }
}

// Rule 7.5: a line's key is (strand, n, k), so that a replay doubles none.
void Engine::on_log(const List& message) {
    if (message.size() < 6 || resting_) return;
    const std::string key =
        message[1].text() + "#" + to_json(message[2]) + "." + to_json(message[3]);
    if (state_.logged.contains(key)) return;
    Value record;
    record.set("kind", "log").set("key", key).set("level", message[4]).set("text", message[5]);
    if (message.size() > 6) record.set("data", message[6]);
    if (replaying_) {
        logs_.emplace_back(key, std::move(record));
    } else {
        append(std::move(record));
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
            diverge(describe_record(record) + (record.has("at") ? " at " + record["at"].text() : ""),
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
    return true;
}

void Engine::diverge(const std::string& recorded, const std::string& found,
                     const std::string& at) {
    if (resting_) return;
    resting_ = true;
    live_ = false;
    port_.rested(Rest::diverged,
                 "The script no longer does what the journal says it did. Recorded: " + recorded +
                     ". Found: " + found + (at.empty() ? "" : " at " + at) +
                     ". Nothing was executed.");
}

void Engine::finish_replay() {
    if (resting_) return;
    for (const auto& [id, held] : recorded_)
        if (!held.met)
            return diverge(describe_record(port_.record_at(held.seq)),
                           "a script that does not ask for it", "");
    for (const auto& event : stash_) {
        // A new event where its strand has later records was put in before them.
        const auto later = recorded_.upper_bound(event.id);
        if (later != recorded_.end() && later->first.strand == event.id.strand)
            return diverge(describe_record(port_.record_at(later->second.seq)),
                           describe_event(event.kind, event.name, event.target, event.data),
                           event.at);
    }
    replaying_ = false;
    if (on_replayed && deaths_ == 0) return on_replayed();
    go_live();
}

void Engine::go_live() {
    if (live_ || resting_) return;
    live_ = true;
    for (auto& [key, record] : logs_) append(std::move(record));
    logs_.clear();
    if (deaths_ == 0) recover_open();
    auto waiting = std::move(stash_);
    stash_.clear();
    for (auto& event : waiting) handle(std::move(event));
    if (ended_value_) {
        const Value value = *ended_value_;
        ended_value_.reset();
        ended_by_script(value);
    }
    check_settling();
    if (!state_.end.is_nil()) go_on_after_end();
    check_rest();
}

void Engine::handle(Event event) {
    const bool outside = event.id.strand.starts_with("/undo.") || event.id.strand == "/ended";
    if (!state_.stop.is_nil() && !outside) return;
    const bool closing =
        event.kind == "close" || event.kind == "settle" || event.kind == "failure";
    if (!closing && !(outside && event.scope.empty()) && state_.stopped(event.scope)) return;
    if (pausing_ && !closing && event.kind != "open" && event.kind != "keep") {
        held_.push_back(std::move(event));
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

void Engine::on_timer(const std::string& timer) {
    if (!live_ || timer.size() < 2) return;
    const EventId id = EventId::from_key(std::string_view(timer).substr(2));
    const char what = timer[0];
    if (what == 'T') {
        fire(id);
    } else if (what == 'R') {
        retry_call(id);
    } else if (what == 'G') {
        late_resources_.erase(timer.substr(2));
        start_queued(timer.substr(2));
    }
    check_rest();
}

void Engine::on_worker_death(const std::string& reason) {
    if (resting_ || !state_.end.is_nil()) return;
    deaths_ = seq_at_death_ == state_.seq ? deaths_ + 1 : 1;
    Value fault;
    append(fault.set("kind", "fault").set("text", reason).set("attempt", deaths_));
    seq_at_death_ = state_.seq;
    if (deaths_ >= deaths_max)
        return crash("The runbook's worker died three times at the same place: " + reason);
    replaying_ = true;
    live_ = false;
    port_.restart_worker();
}

void Engine::crash(const std::string& reason) {
    if (resting_) return;
    resting_ = true;
    live_ = false;
    port_.rested(Rest::crashed, reason);
}

void Engine::pause() {
    pausing_ = true;
    for (auto& [id, active] : active_)
        if (active.called && active.phase != Phase::observe) port_.cancel_call(id);
    check_rest();
}

bool Engine::busy() const {
    if (!pausing_ && (replaying_ || quiet_ < told_)) return true;
    for (const auto& [id, active] : active_)
        if (!active.dropped && !state_.in_doubt(id)) {
            if (!pausing_ || (active.called && active.phase != Phase::observe)) return true;
        }
    if (pausing_) return false;
    for (const auto& [id, timer] : state_.timers)
        if (timer.why != "timeout" && timer.why != "question" && timer.why != "deadline")
            return true;
    return !state_.children.empty() || !undo_plan_.empty();
}

// Says so, once, where nothing goes on by itself.
void Engine::check_rest() {
    if (resting_ || !live_ || busy()) return;
    if (!state_.end.is_nil() && (state_.ended.is_nil() || state_.ended_over)) return;
    if (pausing_) {
        resting_ = true;
        return port_.rested(Rest::paused, "");
    }
    const bool asked = !state_.questions.empty() || !state_.failures.empty() || state_.doubts() > 0;
    if (asked) return port_.rested(Rest::waits, "");
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
            add(id, timer.record["scope"].text(), timer.why + " \"" + timer.record["name"].text() +
                                                      "\"");
    for (const auto& [id, question] : state_.questions)
        add(id, question.record["scope"].text(),
            question.record["args"]["what"].text() + " \"" + question.record["name"].text() + "\"");
    for (const auto& [id, failure] : state_.failures)
        add(id, failure["scope"].text(), "a decision on the failure of \"" +
                                             failure["name"].text() + "\"");
    return listed;
}

}  // namespace perilune
