// Replay: streaming the journal to a fresh worker, comparing what it asks, and going live.
#include "interpreter/run/engine.h"

#include <utility>

#include "interpreter/base/json.h"

namespace perilune {

namespace {

constexpr int deaths_max = 3;

}  // namespace

// Rule 7.1: everything recorded is streamed ahead of the worker's asking; what it then asks is
// compared with what is recorded.
void Engine::replay(const Records& records) {
    replaying_ = true;
    replayed_ = false;
    restarting_ = false;
    live_ = false;
    for (auto& [id, held] : recorded_) held.met = stand_ins_.covers(id);
    stash_.clear();
    logs_.clear();
    asked_again_.clear();
    unread_.clear();
    ended_value_.reset();
    told_ = port_.tell_worker(stand_ins_.begin_message(state_.begin));
    const auto tell = [this](const Value& record) {
        if (stand_ins_.leaves_out(record)) return;
        if (Value message = delivery_of(record); !message.is_nil())
            told_ = port_.tell_worker(std::move(message));
    };
    records.each_delivered(tell);
    const std::int64_t streamed = records.empty() ? 0 : records.back()["seq"].integer();
    for (const auto& record : std::exchange(unstreamed_, {}))
        if (record["seq"].integer() > streamed) tell(record);
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
        logs_.push_back({.events = stash_.size(), .record = std::move(record)});
    } else {
        append(std::move(record));
    }
}

void Engine::finish_replay() {
    if (resting_) return;
    for (const auto& [id, held] : recorded_)
        if (!held.met)
            return diverge(describe_record(port_.record_at(held.seq)),
                           "a script that does not ask for it", "");
    for (const auto& event : stash_) {
        // What was in flight in a scope that was stopped left no record, and needs none.
        if (state_.stopped(event.scope)) continue;
        // A new event where its strand has later records was put in before them.
        const auto later = recorded_.upper_bound(event.id);
        if (later != recorded_.end() && later->first.strand == event.id.strand)
            return diverge(describe_record(port_.record_at(later->second.seq)),
                           describe_event(event.kind, event.name, event.target, event.data),
                           event.at);
    }
    replaying_ = false;
    replayed_ = true;
    if (on_replayed && !recovered_) return on_replayed();
    go_live();
}

// Goes on. `first` is taken before anything new of the script is: what ends a run must not find it
// beginning something.
std::string Engine::go_live(const Command* first) {
    if (live_ || resting_ || !replayed_) return {};
    live_ = true;
    tell_script_lost();
    const bool over = !state_.end.is_nil();
    if (!std::exchange(recovered_, true))
        recover_open();
    else
        leave_function_by_hand();
    std::string refused;
    if (first) refused = take(*first);
    for (const auto& timer : std::exchange(missed_timers_, {})) on_timer(timer);
    take_held();
    if (ended_value_) {
        const Value value = *ended_value_;
        ended_value_.reset();
        ended_by_script(value);
    }
    check_settling();
    if (over) go_on_after_end();
    check_rest();
    return refused;
}

// What the replay asked for beyond the journal, events and log lines in the order they came.
void Engine::take_held() {
    const auto events = std::exchange(stash_, {});
    auto logs = std::exchange(logs_, {});
    auto log = logs.begin();
    for (std::size_t i = 0; i <= events.size(); ++i) {
        for (; log != logs.end() && log->events == i; ++log) append(std::move(log->record));
        if (i < events.size()) handle(events[i]);
    }
}

void Engine::on_timer(const std::string& timer) {
    if (timer.size() < 2) return;
    if (!live_ || resting_) return missed_timers_.push_back(timer);
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
    if (resting_ || !script_lost_.empty()) return;
    const bool ending = !state_.ended.is_nil() && !state_.ended_over;
    // Nothing of the script is left to execute, but for what an undo would need of it.
    if (!state_.end.is_nil() && !ending && !replaying_) return;
    deaths_ = seq_at_death_ == state_.seq ? deaths_ + 1 : 1;
    Value fault;
    append(fault.set("kind", "fault").set("text", reason).set("attempt", deaths_));
    seq_at_death_ = state_.seq;
    if (deaths_ >= deaths_max)
        return crash("The runbook's worker died three times at the same place: " + reason);
    replace_worker();
}

void Engine::replace_worker() {
    replaying_ = true;
    replayed_ = false;
    restarting_ = true;
    live_ = false;
    port_.restart_worker();
}

}  // namespace perilune
