// Calls of drivers and what becomes of their answers until the intent.
#include <algorithm>
#include <array>

#include "interpreter/run/engine.h"

namespace perilune {

namespace {

constexpr double observe_pause_s_max = 5;

// An observe is repeated within its deadline after errors of the way there, not after an answer
// that says no: a runbook's own wait_until or retries decide about those.
bool worth_repeating(const Error& error) {
    static constexpr std::array<std::string_view, 4> answers = {"check_failed", "timed_out",
                                                                "unexpected_status", "exit_status"};
    return error.retry == Retry::safe &&
           std::find(answers.begin(), answers.end(), error.code) == answers.end();
}

}  // namespace

void Engine::call(Active& active, Phase phase) {
    active.phase = phase;
    active.called = true;
    active.number = ++last_number_;
    CallRequest request;
    request.id = active.event.id;
    request.number = active.number;
    request.phase = phase;
    request.call.operation = active.event.name;
    request.call.target = active.event.target;
    request.call.arguments = active.event.data;
    request.call.deadline_s = active.deadline;
    request.before = active.before;
    if (const auto intent = state_.intents.find(active.event.id); intent != state_.intents.end()) {
        request.call.key = intent->second.record["key"].text();
        request.call.intent_at_s = intent->second.record["time"].number();
        request.call.sent_at_s = intent->second.last_sent_at;
        for (const auto& [name, value] : intent->second.parts)
            request.call.parts.insert_or_assign(name, value);
    }
    port_.start_call(std::move(request));
}

void Engine::on_answer(CallAnswer answer) {
    const auto found = active_.find(answer.id);
    if (found == active_.end() || found->second.number != answer.number) return;
    Active& active = found->second;
    active.called = false;
    if (active.dropped) {
        release_resource(active, false);
        active_.erase(answer.id);
        check_settling();
    } else if (answer.observed) {
        took_observe(active, std::move(*answer.observed));
    } else if (answer.before) {
        took_before(active, std::move(*answer.before));
    } else if (answer.outcome) {
        took_act(active, std::move(*answer.outcome));
    } else if (answer.sighting) {
        took_look(active, std::move(*answer.sighting));
    }
    check_rest();
}

// Waits a little and makes the same call again, where its deadline leaves time for that.
bool Engine::pause_and_retry(Active& active) {
    const double now = port_.boot_now();
    if (now + active.pause_s >= active.deadline) return false;
    port_.arm("R:" + active.event.id.key(), now + active.pause_s);
    active.pause_s = std::min(active.pause_s * 2, observe_pause_s_max);
    return true;
}

void Engine::took_observe(Active& active, Result<Value> answer) {
    if (!answer && worth_repeating(answer.error()) && pause_and_retry(active)) return;
    const Event event = active.event;
    active_.erase(event.id);
    Value record = event_record("read", event);
    if (answer) {
        record.set("value", *answer);
    } else {
        record.set("error", answer.error().to_value());
    }
    append(std::move(record));
}

void Engine::took_before(Active& active, Result<Before> answer) {
    if (active.then_before) {
        const auto then = std::move(active.then_before);
        active.then_before = nullptr;
        return then(std::move(answer));
    }
    if (!answer && worth_repeating(answer.error()) && pause_and_retry(active)) return;
    if (!answer) {
        // Nothing was changed yet: what could not even be read is a plain failure.
        const Event event = active.event;
        const bool host = active.host;
        release_resource(active, false);
        const auto then = active.then;
        active_.erase(event.id);
        if (host) return then(Value().set("error", answer.error().to_value()));
        return refuse_operation(event, answer.error());
    }
    if (!answer->already_so && shown_as_done(active.event)) return no_longer_as_planned(active);
    write_intent(active, *answer);
}

}  // namespace perilune
