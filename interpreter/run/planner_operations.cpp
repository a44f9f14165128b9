// What operations and child runs would do: observes are real, changes are predicted.
#include <algorithm>
#include <array>
#include <functional>
#include <map>

#include "interpreter/run/calls.h"
#include "interpreter/run/child_params.h"
#include "interpreter/run/planner.h"
#include "interpreter/run/resource.h"
#include "interpreter/run/supposed.h"

namespace perilune {

namespace {

constexpr double call_within_s = 10;
constexpr int children_deep_max = 8;

// A target's other names (true), and what it cannot be without by any of them (false).
std::map<std::string, bool> connected(const Environment& environment, const std::string& target) {
    std::map<std::string, bool> found;
    const std::function<void(const std::string&, bool)> add = [&](const std::string& one,
                                                                  bool is_same) {
        if (!found.emplace(one, is_same).second) return;
        for (const auto& [name, settings] : environment.targets) {
            if (name == one && !settings.same_as.empty()) add(settings.same_as, is_same);
            if (settings.same_as == one) add(name, is_same);
        }
        const auto own = environment.targets.find(one);
        if (own == environment.targets.end()) return;
        for (const auto& used : own->second.uses) add(used, false);
    };
    add(target, true);
    return found;
}

// What is kept there under one name has nothing to do with what is kept under another.
bool keeps_by_name(std::string_view target) {
    return target.starts_with("storage/") || target.starts_with("secrets/") ||
           target.starts_with("cache/");
}

}  // namespace

// Rule 10.1: after a predicted change, the observes it may have touched are unknown.
bool Planner::touched(const Asked& asked) const {
    const Event& event = asked.event;
    const auto& observes = predicted_->observes;
    const auto is_apart = [&](const std::string& target) {
        if (!keeps_by_name(target) || asked.row->resource.empty()) return false;
        const std::string own = resource_key(target, *asked.row, Value(asked.arguments));
        const auto& changed = predicted_->resources;
        return !predicted_->unnamed.contains(target) &&
               std::none_of(changed.begin(), changed.end(),
                            [&](const auto& other) { return resources_overlap(own, other); });
    };
    for (const auto& [target, is_same] : connected(run_->prepared().environment, event.target)) {
        const auto first = observes.lower_bound(target + " ");
        const bool any = first != observes.end() && first->starts_with(target + " ");
        const bool listed = any && (!is_same || observes.contains(target + " *") ||
                                    observes.contains(target + " " + event.name));
        if (listed && !(is_same && is_apart(target))) return true;
    }
    return false;
}

void Planner::begin_operation(const AskedPtr& asked) {
    const Event& event = asked->event;
    const Family* family = host_.family_of(event.target);
    if (std::string problem = why_refused(*run_, event, family, asked->row); !problem.empty())
        return settled(asked, "error", fail("refused", std::move(problem)).to_value());
    auto checked = check_arguments(*family, *asked->row, event.data.map());
    if (!checked) return settled(asked, "error", checked.error().to_value());
    asked->arguments = std::move(*checked);
    if (asked->row->effect == Effect::observe) return observe(asked);
    change(asked);
}

void Planner::call(const AskedPtr& asked, Phase phase, std::function<void(CallAnswer)> then) {
    CallRequest request;
    request.id = asked->event.id;
    request.phase = phase;
    auto made = std::make_shared<Call>();
    made->operation = asked->event.name;
    made->target = asked->event.target;
    made->arguments = Value(asked->arguments);
    made->deadline_s = boot_now_s() + call_within_s;
    made->open_secret = [this](const Value& value) { return host_.open_secret(value); };
    perform_call(host_.loop(), host_.driver_of(asked->event.target), made, request, host_.masker(),
                 [this, then](CallAnswer answer) {
                     then(std::move(answer));
                     answer_in_order();
                     finish_when_quiet();
                 });
}

void Planner::observe(const AskedPtr& asked) {
    const Event& event = asked->event;
    const std::string source = event.name + " of " + event.target;
    const bool wait = asked->row->name.starts_with("wait_");
    if (wait || touched(*asked) || holds_unknown(Value(asked->arguments)))
        return settled(asked, "ok", Value(Unknown{source}));
    call(asked, Phase::observe, [this, asked, source](CallAnswer answer) {
        if (answer.observed->ok()) return settled(asked, "ok", **answer.observed);
        const Error& error = answer.observed->error();
        if (error.retry == Retry::never) return settled(asked, "error", error.to_value());
        // A target that does not answer while planning is unknown, never a failed plan.
        note(plan_.unanswered, asked->event, Value().set("what", source + ": " + error.message));
        settled(asked, "ok", Value(Unknown{source + ", which did not answer"}));
    });
}

// A channel that fails is told by its result alone. A plan assumes that it does not, and says so,
// or every plan would end where people are first told something.
Value Planner::predicted_result(const Asked& asked) {
    static constexpr std::array<std::string_view, 5> messages = {"send", "open", "update",
                                                                 "resolve", "acknowledge"};
    const Event& event = asked.event;
    const bool message = event.target.starts_with("notify/") &&
                         std::find(messages.begin(), messages.end(), event.name) != messages.end();
    if (!message) return unknown_result(event);
    if (assumed_channels_.insert(event.target).second)
        note(plan_.assumed, event,
             Value().set("what", event.target + " delivers what it is given"));
    Value result;
    result.set("changed", true).set("delivered", true);
    if (const auto key = asked.arguments.find("key"); key != asked.arguments.end())
        result.set("key", key->second);
    return result.set("id", Unknown{"result of " + event.name + " of " + event.target});
}

void Planner::change(const AskedPtr& asked) {
    const Value arguments(asked->arguments);
    const std::string resource = resource_key(asked->event.target, *asked->row, arguments);
    const auto& changed = predicted_->resources;
    const bool altered = std::any_of(changed.begin(), changed.end(), [&](const auto& other) {
        return resources_overlap(resource, other);
    });
    if (altered || holds_unknown(arguments)) {
        add_change(*asked, nullptr);
        return settled(asked, "ok", predicted_result(*asked));
    }
    call(asked, Phase::before, [this, asked](CallAnswer answer) {
        const bool read = answer.before->ok();
        add_change(*asked, read ? &**answer.before : nullptr);
        if (read && (*answer.before)->already_so)
            return settled(asked, "ok", (*answer.before)->result);
        settled(asked, "ok", predicted_result(*asked));
    });
}

// A telling beside other work is repeated as long as that takes.
bool Planner::tells_again(const Event& event) const {
    for (std::string at = event.scope; !at.empty(); at = state_.scope(at).parent) {
        const Scope& scope = state_.scope(at);
        if (scope.what == "branch" && state_.scope(scope.parent).what == "meanwhile")
            return scope.strand.ends_with(".tell");
    }
    return false;
}

PlanEntry Planner::entry_of(const Event& event) {
    PlanEntry entry;
    entry.place = place_of(event);
    entry.path = state_.path(event.scope);
    entry.ordinal = ++ordinals_[event.scope];
    const bool child = event.kind == "child";
    entry.target = child ? event.name : event.target;
    entry.operation = child ? "run_runbook" : event.name;
    entry.arguments = event.data;
    entry.repeats = tells_again(event);
    return entry;
}

void Planner::add_change(const Asked& asked, const Before* found) {
    const Event& event = asked.event;
    const Operation& row = *asked.row;
    PlanEntry entry = entry_of(event);
    entry.arguments = Value(asked.arguments);
    if (found) {
        entry.sign = found->already_so ? '=' : found->sign;
        entry.detail = found->plan;
    }
    if (entry.sign != '=') {
        if (row.undo == "no") entry.sign = '!';
        predicted_->resources.insert(resource_key(event.target, row, entry.arguments));
        if (!is_resource_known(row, entry.arguments)) predicted_->unnamed.insert(event.target);
        if (row.affects.empty()) predicted_->observes.insert(event.target + " *");
        for (const auto& observe : host_.family_of(event.target)->operations)
            if (names_word(row.affects, observe.name))
                predicted_->observes.insert(event.target + " " + std::string(observe.name));
    }
    plan_.entries.push_back(std::move(entry));
}

// A child run is planned as part of its parent's plan.
void Planner::begin_child(const AskedPtr& asked) {
    const auto give_up = [this, asked](const Error& error) {
        settled(asked, "error", error.to_value());
        answer_in_order();
        finish_when_quiet();
    };
    if (subject_.depth >= children_deep_max)
        return settled(asked, "error",
                       fail("too_deep", "Child runs may be at most 8 deep.").to_value());
    host_.load_child_for_plan(
        *run_, asked->event.name, [this, asked, give_up](Result<std::shared_ptr<LiveRun>> loaded) {
            if (!loaded) return give_up(loaded.error());
            auto params = child_params((*loaded)->prepared(), asked->event.data);
            if (!params) return give_up(params.error());
            PlanSubject subject;
            subject.begin = subject_.begin;
            subject.begin.set("runbook", (*loaded)->prepared().runbook);
            subject.begin.set("run", Unknown{"run.id"});
            subject.begin.set("started_at", Unknown{"run.started_at"});
            subject.begin.set("params", Value(std::move(*params)));
            subject.depth = subject_.depth + 1;
            asked->child = std::make_unique<Planner>(
                host_, *loaded, std::move(subject),
                [this, asked](Plan inside) {
                    PlanEntry entry = entry_of(asked->event);
                    plan_.add_inside(entry, std::move(inside));
                    plan_.entries.push_back(std::move(entry));
                    settled(asked, "ok",
                            Value(Unknown{"result of the runbook " + asked->event.name}));
                    answer_in_order();
                    finish_when_quiet();
                },
                predicted_);
            asked->child->start();
        });
}

}  // namespace perilune
