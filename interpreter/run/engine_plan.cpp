// Runs that may do only what an approved plan shows (rule 10.4).
#include <algorithm>
#include <utility>

#include "interpreter/run/engine.h"
#include "interpreter/run/signed_text.h"

namespace perilune {

bool Engine::follows_plan(const Event& event) const {
    return !state_.plan.is_nil() && !event.id.strand.starts_with("/undo.") &&
           !event.id.strand.starts_with("/ended");
}

// The place among the planned changes of its step attempt of one that was let through; 0 for none.
std::int64_t Engine::plan_entry(const Event& event) const {
    const auto met = planned_.find(event.scope);
    return met == planned_.end() || !follows_plan(event) ? 0 : met->second;
}

// True where the plan shows this change here. Anything else waits for a plan that does: the script
// is told nothing, and nothing is sent.
bool Engine::within_plan(const Event& event) {
    if (!follows_plan(event)) return true;
    if (!guide_) guide_.emplace(state_.plan);
    std::int64_t& met = planned_[event.scope];
    const std::string beyond = guide_->refusal(state_.path(event.scope), met + 1, event);
    if (!beyond.empty()) {
        wait_for_plan(event, beyond);
        return false;
    }
    ++met;
    return true;
}

void Engine::wait_for_plan(const Event& event, const std::string& why) {
    beyond_[event.id] = event;
    if (state_.beyond.contains(event.id)) return;  // Met again by a replay.
    const bool child = event.kind == "child";
    Value record = record_of("beyond", event.id);
    record.set("scope", event.scope).set("text", why);
    record.set("what", describe_change(child ? "run_runbook" : event.name,
                                       child ? event.name : event.target, event.data));
    if (!event.at.empty()) record.set("at", event.at);
    append(std::move(record));
}

// What the plan showed as being so already, and is not, is a change that it does not show.
bool Engine::shown_as_done(const Event& event) const {
    const std::int64_t place = plan_entry(event);
    if (place == 0 || !guide_) return false;
    const Value* entry = guide_->entry(state_.path(event.scope), place);
    return entry && (*entry)["sign"].text() == "=";
}

void Engine::no_longer_as_planned(Active& active) {
    const Event event = active.event;
    release_resource(active, false);
    active_.erase(event.id);
    --planned_[event.scope];
    wait_for_plan(event, "The plan shows " + describe_change(event.name, event.target, event.data) +
                             " as being so already, but it no longer is.");
}

// A person has approved a plan of the rest: what waited for it is looked at anew.
std::string Engine::take_plan(const Command& command) {
    if (state_.beyond.empty()) return "The run does not wait for a plan.";
    if (command.body["bundle"] != state_.begin["bundle"])
        return "The plan was made of other code than the run has now. Make one anew: perilune plan "
               "--continue " +
               state_.begin["run"].text();
    Value record;
    record.set("kind", "plan").set("plan", command.body["plan"]);
    record.set("plan_changes", command.body["plan_changes"]);
    sign_record(record, command);
    record.set("inbox", command.id).set("reason", command.body["reason"]);
    const auto waiting = std::exchange(beyond_, {});
    append(std::move(record));
    guide_.reset();
    for (const auto& [id, event] : waiting) handle(event);
    return {};
}

}  // namespace perilune
