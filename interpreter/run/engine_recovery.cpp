// Acting, lost answers and doubt: what becomes of a change between its intent and its result.
#include "interpreter/run/engine.h"

#include <algorithm>

#include "interpreter/base/units.h"
#include "interpreter/run/resource.h"

namespace perilune {

namespace {

constexpr double key_extra_s = 60;
constexpr double not_done_pause_s_max = 30;

Recovery recovery_from(const std::string& text) {
    for (const auto recovery : {Recovery::repeat, Recovery::key, Recovery::look, Recovery::leave})
        if (text == to_text(recovery)) return recovery;
    return Recovery::ask;
}

}  // namespace

bool Engine::stopped(const Active& active) const {
    return !active.host && state_.stopped(active.event.scope);
}

// How late a try that was never answered may still land: not at all where it is made by this
// process or one like it that is dead.
double Engine::settles_within_s(const Active& active) const {
    return port_.acts_in_host(active.event.target) ? 0 : active.row->settles_within_s;
}

// Rule 3.3: the call leaves only after the flush that covers its intent.
void Engine::act(const EventId& id) {
    port_.act_after_commit([this, id] {
        const auto found = active_.find(id);
        if (found == active_.end() || resting_) return;
        Active& active = found->second;
        const OpenIntent& intent = state_.intents[id];
        if (stopped(active) && !intent.maybe_sent) {
            const Error error = fail("stopped", "The step was stopped before this was sent.");
            return settle(active, "failed", {}, &error, "not sent", {}, false);
        }
        if (pausing_ || !port_.may_act()) {
            // Known not to have been sent: said so, lest a resume has to doubt it.
            not_done(active, fail("paused", "The run was paused before this was sent."), 0,
                     "not sent");
            return;
        }
        active.sent_boot_at = port_.boot_now();
        call(active, Phase::act);
    });
}

void Engine::took_act(Active& active, Outcome outcome) {
    switch (outcome.kind) {
        case Outcome::Kind::done:
            return settle(active, "done", std::move(outcome.value), nullptr, "driver",
                          std::move(outcome.after), false);
        case Outcome::Kind::failed:
            // That this try did not happen says nothing of an earlier one, never answered.
            if (const OpenIntent& intent = state_.intents[active.event.id];
                intent.maybe_sent &&
                recovery_from(intent.record["recovery"].text()) == Recovery::repeat)
                return settle(active, "unknown", {}, &outcome.error, "repeat", {}, false);
            return settle(active, "failed", {}, &outcome.error, "driver", std::move(outcome.after),
                          outcome.left_some);
        case Outcome::Kind::unknown: return recover(active, outcome.error);
        case Outcome::Kind::not_sent:
            return not_done(active, outcome.error, outcome.retry_after_s, "driver");
    }
}

void Engine::on_part(const EventId& id, const std::string& name, const Value& value) {
    Value record = record_of("part", id);
    append(record.set("name", name).set("value", value));
}

// Rule 4.5: what is done about an outcome that is not known. It is never a guess.
void Engine::recover(Active& active, const Error& error) {
    const double now = port_.boot_now();
    const std::string& kind = state_.intents[active.event.id].record["recovery"].text();
    switch (recovery_from(kind)) {
        case Recovery::repeat:
            if (now + active.pause_s < active.deadline && !stopped(active) && !pausing_)
                return wait_to_try(active);
            return settle(active, "unknown", {}, &error, "repeat", {}, false);
        case Recovery::key:
            if (now + active.pause_s < active.deadline + key_extra_s && !pausing_)
                return wait_to_try(active);
            return doubt(active, error.message);
        case Recovery::look: return call(active, Phase::look);
        case Recovery::leave: {
            Value value;
            value.set("delivered", false).set("error", error.message).set("changed", true);
            return settle(active, "unknown", value, nullptr, "left", {}, false);
        }
        default: return doubt(active, error.message);
    }
}

void Engine::wait_to_try(Active& active) {
    active.wants_try = true;
    port_.arm("R:" + active.event.id.key(), port_.boot_now() + active.pause_s);
    active.pause_s = std::min(active.pause_s * 2, not_done_pause_s_max);
}

// A timer of a call that waits to be made again.
void Engine::retry_call(const EventId& id) {
    const auto found = active_.find(id);
    if (found == active_.end() || found->second.called) return;
    Active& active = found->second;
    if (active.wants_try) {
        active.wants_try = false;
        try_again(id, "perilune");
    } else {
        call(active, active.phase);
    }
}

// Rule 4.5, look: "not there" counts only when what was sent can no longer land.
void Engine::took_look(Active& active, Sighting seen) {
    if (seen.kind == Sighting::Kind::happened)
        return settle(active, "done", std::move(seen.value), nullptr, "look", std::move(seen.after),
                      false);
    const OpenIntent& intent = state_.intents[active.event.id];
    if (seen.kind == Sighting::Kind::did_not) {
        const double settled_at = intent.last_sent_at + settles_within_s(active);
        const double wait_s = settled_at - port_.wall_now();
        if (wait_s > 0 && !active.last_look && !seen.settled) {
            active.last_look = wait_s <= active.pause_s;
            port_.arm("R:" + active.event.id.key(),
                      port_.boot_now() + std::min(wait_s + 0.01, active.pause_s));
            active.pause_s = std::min(active.pause_s * 2, 5.0);
            return;
        }
        const Error error =
            fail("did_not_happen",
                 seen.evidence.empty() ? "It was looked for and did not happen." : seen.evidence,
                 Retry::safe);
        return not_done(active, error, 0, "look");
    }
    if (pause_and_retry(active)) return;
    doubt(active, seen.evidence);
}

// Rule 4.6: proved not executed, so it may be tried again while the deadline leaves time.
void Engine::not_done(Active& active, const Error& error, double retry_after_s,
                      const char* evidence) {
    const double pause_s = std::max(retry_after_s, active.pause_s);
    const double now = port_.boot_now();
    Value record = record_of("not_done", active.event.id);
    record.set("error", error.to_value()).set("evidence", evidence);
    append(record.set("retry_at", port_.wall_now() + pause_s));
    if (pausing_) return;
    if (stopped(active) || now + pause_s >= active.deadline)
        return give_up(active, error, evidence);
    active.pause_s = pause_s;
    port_.after_commit([this, id = active.event.id] {
        if (const auto found = active_.find(id); found != active_.end()) wait_to_try(found->second);
    });
}

// The last try is known not to have happened. Where an earlier one may have, that says nothing.
void Engine::give_up(Active& active, const Error& error, const char* evidence) {
    const OpenIntent& intent = state_.intents[active.event.id];
    if (!intent.maybe_sent) return settle(active, "failed", {}, &error, evidence, {}, false);
    if (recovery_from(intent.record["recovery"].text()) == Recovery::repeat)
        return settle(active, "unknown", {}, &error, "repeat", {}, false);
    doubt(active, "an earlier try was never answered, and the last one failed: " + error.message);
}

// Every further sending has a durable record of its own first.
void Engine::try_again(const EventId& id, const std::string& by) {
    const auto found = active_.find(id);
    if (found == active_.end()) return;
    Value record = record_of("try", id);
    record.set("number", state_.intents[id].tries + 1).set("by", by);
    append(std::move(record));
    act(id);
}

void Engine::doubt(Active& active, const std::string& evidence) {
    if (state_.in_doubt(active.event.id)) return;
    Value record = record_of("doubt", active.event.id);
    record.set(
        "text",
        "Whether " +
            describe_event("operation", active.event.name, active.event.target, active.event.data) +
            " happened is not known: " + (evidence.empty() ? "the answer was lost." : evidence) +
            " Look at " + active.event.target + " and say: perilune settle " +
            state_.begin["run"].text() + " " + "--happened | --did-not | --again --reason TEXT");
    append(std::move(record));
}

void Engine::settle(Active& active, std::string_view outcome, Value value, const Error* error,
                    std::string_view by, Value after, bool left_some) {
    const Event event = active.event;
    const OpenIntent& intent = state_.intents[event.id];
    Value record = record_of("result", event.id);
    record.set("outcome", outcome).set("by", by).set("recovery", intent.record["recovery"]);
    if (active.host) record.set("host", true);
    if (!value.is_nil()) record.set("value", value);
    const bool unchanged =
        outcome == "failed" || (value.has("changed") && !value["changed"].boolean());
    if (!unchanged || left_some) record.set("changed", true);
    if (!after.is_nil()) record.set("after", std::move(after));
    if (left_some) record.set("left", "some");
    if (error) {
        Value told = error->to_value();
        record.set("error",
                   told.set("retry", outcome == "unknown"             ? "unknown"
                                     : by == "driver"                 ? to_text(error->retry)
                                     : error->retry == Retry::unknown ? "never"
                                                                      : to_text(error->retry)));
    }
    const bool maybe_late = outcome == "unknown";
    const auto then = active.then;
    release_resource(active, maybe_late);
    active_.erase(event.id);
    const Value stamped = append(std::move(record));
    if (then) then(stamped);
    check_settling();
}

// After a resume: what was open when the host died. It may or may not have been sent (3.6).
void Engine::recover_open() {
    for (const auto& [id, timer] : state_.timers)
        if (timer.why != "deadline") port_.arm("T:" + id.key(), boot_deadline(timer.record));
    // A copy: what is settled at once (`leave`) is no longer among them.
    const auto intents = state_.intents;
    for (const auto& [id, intent] : intents) {
        const Value& record = intent.record;
        if (active_.contains(id)) continue;
        const Family* family =
            find_family_(record["target"].text().substr(0, record["target"].text().find('/')));
        if (!family || !family->operation(record["name"].text())) continue;
        Active made;
        made.row = family->operation(record["name"].text());
        made.event.id = id;
        made.event.scope = record["scope"].text();
        made.event.kind = "operation";
        made.event.name = record["name"].text();
        made.event.target = record["target"].text();
        made.event.data = record["args"];
        made.event.data.as_map();
        made.before = record["before"];
        made.host = record["host"].boolean();
        // Its length again, and not used up by waiting for what was sent to be found or to be over.
        const bool sought = recovery_from(record["recovery"].text()) == Recovery::look;
        const double again_at = port_.boot_now() + (sought ? settles_within_s(made) : 0);
        made.deadline =
            std::max(boot_deadline(record), again_at + record["deadline"]["length"].number());
        Active& active = active_[id] = std::move(made);
        active.resource = resource_key(active.event.target, *active.row, active.event.data);
        resources_[active.resource].push_front(id);
        active.pause_s = 0.01;
        if (active.host) continue;  // Its undo goes on where it stood; see resume_undo.
        if (intent.not_done) {
            const double wait_s = std::clamp(intent.retry_at - port_.wall_now(), 0.0, 3600.0);
            active.pause_s = std::max(0.01, wait_s);
            wait_to_try(active);
        } else if (!intent.in_doubt) {
            recover(active, fail("host_died", "The host died before the answer was recorded.",
                                 Retry::unknown));
        }
    }
    std::vector<EventId> asking;
    asking.reserve(state_.questions.size());
    for (const auto& [id, question] : state_.questions) asking.push_back(id);
    for (const auto& id : asking) take_signal(id);
    // A child whose making or whose end was lost with its host; a live one is left as it is.
    const auto children = state_.children;
    for (const auto& [id, child] : children)
        port_.start_child(id, child["run"].text(), child["name"].text(), child["args"]);
    resume_undo();
}

}  // namespace perilune
