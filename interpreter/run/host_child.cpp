// Child runs: a run that another one starts, under the same host.
#include <algorithm>

#include "interpreter/run/child_params.h"
#include "interpreter/run/live_run.h"

namespace perilune {

namespace {

constexpr int children_deep_max = 8;

}  // namespace

// Rule 9.4: a child has its own run and journal, under the same host.
void Host::start_child(LiveRun& parent, const EventId& id, const std::string& run,
                       const std::string& runbook, const Value& params) {
    if (live(run)) return;
    const auto give_up = [this, parent_id = parent.id(), run](const Error& error) {
        const auto kept = shared(run);  // It may be its own callback that gives it up.
        runs_.erase(run);
        Value outcome;
        outcome.set("outcome", "failed").set("error", error.to_value()).set("changed", false);
        if (LiveRun* found = live(parent_id)) found->engine().on_child_end(run, outcome);
    };
    if (std::count(run.begin(), run.end(), '.') > children_deep_max)
        return give_up(fail("too_deep", "Child runs may be at most 8 deep."));
    auto path = find_child(parent.prepared().library, runbook);
    if (!path) return give_up(path.error());
    Prepared prepared = parent.prepared();
    prepared.path = *path;
    prepared.runbook = runbook_name(*path);
    auto child = std::make_shared<LiveRun>(*this, prepared);
    child->parent = parent.id();
    child->engine().on_replayed = [this, kept = child.get()] { go_live(*kept); };
    runs_[run] = child;
    Value begin_of_parent = parent.engine().state().begin;
    // Where the parent follows a plan, the child may do what that shows inside of it.
    const RunState& of_parent = parent.engine().state();
    begin_of_parent.set("plan", of_parent.plan["plan"]);
    if (const auto asked = of_parent.children.find(id); asked != of_parent.children.end())
        begin_of_parent.set("plan_changes", asked->second["plan_changes"]);
    child->load([this, child, run, params, begin_of_parent, give_up](Result<Value> facts) {
        if (!facts) return give_up(facts.error());
        child->prepared().facts = *facts;
        if (std::string problems =
                check_facts(child->prepared(), &begin_of_parent["facts"]["targets"]);
            !problems.empty())
            return give_up(fail("bad_runbook", problems));
        auto checked = child_params(child->prepared(), params);
        if (!checked) return give_up(checked.error());
        Value begin = begin_of_parent;
        // Its parent's start is signed, not its own.
        for (const auto* field : {"seq", "time", "epoch", "signed", "signed_at"})
            begin.set(field, {});
        begin.set("run", run).set("runbook", child->prepared().runbook).set("seed", run);
        begin.set("path", child->prepared().path).set("facts", *facts);
        begin.set("params", Value(std::move(*checked))).set("parent", begin_of_parent["run"]);
        begin.set("started_at", wall_now_s());
        // Those that a run above it holds are its own too; further ones are not waited for.
        std::set<std::string> held;
        for (const LiveRun* above = live(child->parent); above; above = live(above->parent))
            for (const auto& lock : above->engine().state().begin["facts"]["locks"].list())
                held.insert(lock.text());
        std::vector<std::string> locks;
        for (const auto& lock : (*facts)["locks"].list())
            if (!held.contains(lock.text())) locks.push_back(lock.text());
        create(child, begin, locks, boot_now_s(), [give_up](const Result<std::string>& made) {
            if (!made) give_up(made.error());
        });
    });
}

}  // namespace perilune
