// A run and those below it as one tree: it goes on together, rests together, and is stopped and
// undone together (rules 6.3, 7.4, 9.4).
#include <utility>

#include "interpreter/run/live_run.h"

namespace perilune {

std::vector<LiveRun*> Host::tree() {
    std::vector<LiveRun*> found;
    for (const auto& [id, run] : runs_)
        if (id == root_ || id.starts_with(root_ + ".")) found.push_back(run.get());
    return found;
}

bool Host::replaying() {
    if (!held_) return false;
    for (const auto* run : tree())
        if (!run->ended && !run->at_rest() && !run->engine().replayed()) return true;
    return false;
}

LiveRun* Host::stuck_run() {
    if (!held_ || replaying()) return nullptr;
    for (auto* run : tree())
        if (run->at_rest()) return run;
    return nullptr;
}

// Rule 7.4: nothing goes on before every recorded event of the whole tree has been met.
void Host::tree_replayed() {
    if (!held_ || replaying()) return;
    if (const auto* stuck = stuck_run())
        return watcher_.on_rest(root_, stuck->rest, stuck->told_reason());
    if (replacing_) return take_code();
    go_live();
}

void Host::go_live() {
    held_ = false;
    const auto all = runs_;
    for (const auto& [id, run] : all)
        if (!run->ended) go_live(*run);
}

// A child whose parent has stopped it meanwhile begins nothing.
void Host::go_live(LiveRun& run) {
    const LiveRun* parent = live(run.parent);
    if (parent && parent->engine().stops_child(run.id())) return run.stop("stopped");
    run.engine().go_live();
}

std::optional<Standing> Host::standing() {
    const LiveRun* root = live(root_);
    if (!root || held_) return std::nullopt;
    if (root->ended) return Standing{.rest = root->rest, .reason = root->rest_reason};
    const LiveRun* stuck = root->at_rest() ? root : nullptr;
    Standing now;
    for (const auto* run : tree()) {
        if (run->ended) continue;
        if (run->busy()) return std::nullopt;
        if (run->at_rest() && !stuck) stuck = run;
        if (run->at_rest() || !run->engine().state().asks()) continue;
        now.asked = true;
        now.doubtful = now.doubtful || run->engine().state().doubts() > 0;
        if (run != root && now.reason.empty())
            now.reason = "The child run " + run->id() + " waits for a person.";
    }
    if (!stuck && !now.asked) return std::nullopt;
    if (stuck && (stuck == root || !now.asked)) {
        now.rest = stuck->rest;
        now.reason = stuck->told_reason();
    }
    return now;
}

void Host::run_rested(LiveRun& run, Rest how) {
    const auto parent = shared(run.parent);
    if (parent && how == Rest::ended) {
        child_ended(run, *parent);
    } else if (parent) {
        parent->engine().look_again();
    }
    if (held_) return tree_replayed();
    // What stands still takes no ends of its children: they are paused, and rest with it.
    if (how == run.rest && run.parked())
        for (auto* other : tree())
            if (other->id().starts_with(run.id() + ".") && !other->ended) other->engine().pause();
    if (const auto now = standing()) watcher_.on_rest(root_, now->rest, now->reason);
}

void Host::child_ended(LiveRun& child, LiveRun& parent) {
    if (std::exchange(child.end_told, true)) return;
    const RunState& state = child.engine().state();
    const std::string id = child.id();
    writer_->set_state(id, "ended", state.end["outcome"].text(), "");
    writer_->release(id, true);
    child.stop_worker();
    if (child.undoing_child) {
        const bool undone = state.end["outcome"].text() == "undone";
        return parent.engine().on_child_undone(
            id, undone ? "" : "The child run " + id + ": " + state.end["reason"].text());
    }
    Value outcome;
    outcome.set("outcome", state.end["outcome"]).set("value", state.end["value"]);
    outcome.set("changed", !state.changes_left().empty());
    if (state.end["outcome"].text() != "done") {
        const Error error =
            fail("child_failed", "The child run " + id + " (" + state.begin["runbook"].text() +
                                     ") ended " + state.end["outcome"].text() + ": " +
                                     state.end["reason"].text());
        outcome.set("error", error.to_value());
    }
    parent.engine().on_child_end(id, outcome);
}

// A command for one run of the tree. Pausing a run pauses those below it.
std::string Host::command(const std::string& run, const Command& given) {
    const auto found = shared(run);
    if (!found || found->ended) return "The run " + run + " is not being executed here.";
    std::string refused = found->command(given);
    // What stops the whole tree lets it go on though a part of it has diverged.
    if (run == root_ && refused.empty() && Engine::ends(given)) held_ = false;
    if (given.kind == "pause" && refused.empty())
        for (auto* other : tree())
            if (other->id().starts_with(run + ".") && !other->ended) other->engine().pause();
    return refused;
}

void Host::undo_child(LiveRun& parent, const std::string& run) {
    const auto answer = [this, parent_id = parent.id(), run](const std::string& problem) {
        loop_->post([this, parent_id, run, problem] {
            if (LiveRun* found = live(parent_id)) found->engine().on_child_undone(run, problem);
        });
    };
    const auto undo = [this, run, answer] {
        LiveRun* child = live(run);
        child->undoing_child = true;
        child->engine().go_live();
        if (child->engine().state().undoing) return;  // It goes on where its host died.
        Command command;
        command.id = run + " undo by parent";
        command.kind = "undo";
        command.who = parent_run;
        const std::string refused = child->command(command);
        if (!refused.empty()) answer("");
    };
    if (LiveRun* child = live(run); child && !child->ended) return undo();
    auto row = store_->run(run);
    if (!row || !*row) return answer("The child run " + run + " is not in the state store.");
    auto stored = read_stored(**row);
    if (!stored) return answer(stored.error().message);
    auto child = claim_one(std::move(*stored), std::string(parent_run));
    if (!child) return answer(child.error().message);
    (*child)->undoing_child = true;
    (*child)->engine().on_replayed = undo;
    replay(**child);
}

// Rule 11.3: another host goes on with these runs. Nothing more of them is written or started.
void Host::lose_tree() {
    for (auto* run : tree()) {
        run->ended = true;
        run->rest = Rest::lost;
        run->engine().lose();
        run->stop_worker();
        writer_->disown(run->id());
    }
    watcher_.on_rest(root_, Rest::lost, "Another host has taken the run over.");
}

void Host::pause() {
    for (auto* run : tree())
        if (!run->ended) run->engine().pause();
    loop_->start_timer(boot_now_s() + setup_.grace_s, [this] {
        for (auto* run : tree())
            if (!run->ended && !run->at_rest())
                run->rested(Rest::paused,
                            "What was in flight did not settle in time; it will be settled when "
                            "the run is resumed.");
    });
}

// Gives up the whole tree: each run in the state in which it rests.
void Host::park(const std::string& state, const std::string& reason, std::function<void()> done) {
    for (auto* run : tree()) {
        const bool root = run->id() == root_;
        if (!root && run->ended) continue;
        run->ended = true;
        run->stop_worker();
        if (!writer_->owns(run->id())) continue;
        std::string own = state;
        if (!root) own = run->engine().state().asks() ? "waits" : "paused";
        if (run->parked()) own = run->rest == Rest::diverged ? "diverged" : "parked";
        const bool over = state == "ended" && root;
        const Value& end = run->engine().state().end;
        writer_->set_state(run->id(), own, over ? end["outcome"].text() : "",
                           root ? reason : run->rest_reason);
        writer_->release(run->id(), over);
    }
    writer_->after_commit([this, done = std::move(done)] {
        for (auto* run : tree()) run->show_durable();
        done();
    });
}

}  // namespace perilune
