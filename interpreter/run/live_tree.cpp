// One run as part of its tree: how it rests, how it is stopped, and its child runs.
#include "interpreter/base/digest.h"
#include "interpreter/run/diagnostics.h"
#include "interpreter/run/live_run.h"

namespace perilune {

bool LiveRun::busy() const {
    if (ended) return true;
    return !at_rest() && (engine_.state().begin.is_nil() || engine_.busy());
}

std::string LiveRun::told_reason() const {
    if (parent.empty()) return rest_reason;
    const std::string who = "The child run " + id_ + " (" + prepared_.runbook + ")";
    if (rest == Rest::paused) return who + " is paused.";
    return who + (rest == Rest::diverged ? " has diverged: " : " is parked: ") + rest_reason;
}

std::string LiveRun::command(const Command& given) {
    const Rest stood = rest;
    if (at_rest() && Engine::ends(given)) rest = Rest::waits;
    std::string refused = engine_.on_command(given);
    if (!refused.empty() && rest == Rest::waits) rest = stood;
    return refused;
}

void LiveRun::stop(const std::string& why) {
    Command given;
    given.id = parent + " stop " + id_;
    given.kind = "cancel";
    given.who = parent_run;
    given.body.set("reason", why);
    command(given);
}

void LiveRun::rested(Rest how, const std::string& reason) {
    rest = how;
    rest_reason = reason;
    if (how != Rest::waits)
        diagnose(LogLevel::info,
                 "The run " + id_ +
                     " rests: " + host_.masker().mask(reason.empty() ? "ended or paused" : reason));
    if (how == Rest::ended) {
        ended = true;
        for (auto& [name, timer] : timers_) host_.loop().cancel(timer);
        timers_.clear();
    }
    host_.loop().post([this, run = host_.shared(id_), how] {
        show_durable();
        host_.run_rested(*this, how);
    });
}

void LiveRun::start_child(const EventId& event, const std::string& run, const std::string& runbook,
                          const Value& params) {
    // Rule 3.2: the child begins only once the parent's record of it is durable.
    after_commit([this, event, run, runbook, params] {
        if (!ended) host_.start_child(*this, event, run, runbook, params);
    });
}

void LiveRun::stop_child(const std::string& run, const std::string& why) {
    if (LiveRun* child = host_.live(run); child && !child->ended) child->stop(why);
}

// What its parent has just written of the child is durable before it is claimed anew.
void LiveRun::undo_child(const std::string& run) {
    after_commit([this, run] {
        if (!ended) host_.undo_child(*this, run);
    });
}

bool LiveRun::child_busy(const std::string& run) {
    const LiveRun* child = host_.live(run);
    return !child || child->busy();
}

std::string LiveRun::child_id(const EventId& event) {
    return id_ + "." + to_hex(sha256(id_ + "|" + event.key())).substr(0, 6);
}

}  // namespace perilune
