// Operations from their asking to the intent: permission, arguments, reading, waiting for a turn.
#include "interpreter/run/engine.h"

#include <algorithm>

#include "interpreter/base/digest.h"
#include "interpreter/base/suggest.h"
#include "interpreter/run/resource.h"

namespace perilune {

namespace {

constexpr double last_look_s = 2;

}  // namespace

// Why the call may not be made, or empty. Fills `arguments` with the checked ones.
std::string Engine::refusal(const Event& event, const Operation* row, Map& arguments) {
    const auto slash = event.target.find('/');
    const std::string family_name = event.target.substr(0, slash);
    const Family* family = find_family_(family_name);
    if (!family || !row) return "There is no operation " + event.target + ":" + event.name + ".";
    const Value& declared = state_.begin["facts"]["targets"];
    if (!declared.has(event.target)) {
        std::vector<std::string> names;
        for (const auto& [name, changes] : declared.map()) names.push_back(name);
        return event.target + " is not among the runbook's targets; add [\"" + event.target +
               "\"] to targets." + did_you_mean(event.target, names);
    }
    if (row->effect == Effect::change) {
        const List& allowed = declared[event.target].list();
        const bool found = std::any_of(allowed.begin(), allowed.end(), [&](const Value& change) {
            return change.text() == event.name;
        });
        if (!found)
            return "The runbook's targets do not allow " + event.name + " on " + event.target +
                   "; write [\"" + event.target + "\"] = { \"" + event.name + "\" } to allow it.";
        const bool ending = event.id.strand == "/ended" || event.id.strand.starts_with("/ended/");
        if (ending && family_name != "notify")
            return "`ended` may observe and notify, but " + event.target + ":" + event.name +
                   " is a change.";
    }
    if (std::string missing = port_.lacks(event.target, event.name); !missing.empty())
        return missing;
    auto checked = check_arguments(*family, *row, arguments);
    if (!checked) return checked.error().message;
    arguments = std::move(*checked);
    for (const auto& parameter : row->used_parameters()) {
        if (parameter.type != Type::target || !arguments.contains(parameter.name)) continue;
        const std::string& other = arguments.find(parameter.name)->second.text();
        if (!declared.has(other))
            return "The parameter " + std::string(parameter.name) + " of " + event.target + ":" +
                   event.name + " names " + other + ", which is not among the runbook's targets.";
    }
    return {};
}

void Engine::refuse_operation(const Event& event, const Error& error) {
    Value record = event_record("read", event);
    if (const std::int64_t entry = plan_entry(event)) record.set("entry", entry);
    append(record.set("error", error.to_value()));
}

void Engine::ask_operation(Event event) {
    const Family* family = find_family_(event.target.substr(0, event.target.find('/')));
    const Operation* row = family ? family->operation(event.name) : nullptr;
    Map arguments = event.data.map();
    if (std::string problem = refusal(event, row, arguments); !problem.empty())
        return refuse_operation(event, fail("refused", std::move(problem)));
    event.data = Value(std::move(arguments));
    if (row->effect == Effect::change && !within_plan(event)) return;
    Active made;
    made.row = row;
    made.event = event;
    made.deadline = deadline_of(event, *row);
    Active& active = active_[event.id] = std::move(made);
    if (row->effect == Effect::observe) {
        begin_observe(active);
    } else {
        begin_change(active);
    }
}

// Rule 4.7: the least of the call's own deadline and those of the steps around it.
double Engine::deadline_of(const Event& event, const Operation& row) const {
    const double now = port_.boot_now();
    double least = now + row.timeout_s;
    if (event.data.has("within")) least = now + event.data["within"].number();
    if (event.data.has("timeout")) least = now + event.data["timeout"].number();
    std::string at = event.scope;
    while (!at.empty()) {
        const EventId id = EventId::from_key(at);
        if (const auto timer = state_.timers.find(id); timer != state_.timers.end())
            least = std::min(least, boot_deadline(timer->second.record));
        const Scope& scope = state_.scope(at);
        // That it holds is asked until its end: a slow answer to the last look is still one.
        if (scope.what != "hold" && scope.options.has("within")) {
            const double left =
                scope.opened_at + scope.options["within"].number() - port_.wall_now();
            least = std::min(least, now + std::max(1.0, left));
        }
        at = scope.parent;
    }
    return least;
}

void Engine::begin_observe(Active& active) {
    const double within = active.event.data["within"].number();
    if (const auto kept = state_.timers.find(active.event.id); kept != state_.timers.end()) {
        // What came to be while no host looked is worth a last look.
        active.deadline =
            std::max(boot_deadline(kept->second.record), port_.boot_now() + last_look_s);
    } else if (within >= 1) {
        Value record = record_of("timer", active.event.id);
        Value args;
        args.set("seconds", within).set("why", "deadline");
        record.set("scope", active.event.scope).set("args", args);
        append(with_deadline(record, active.deadline - port_.boot_now()));
    }
    call(active, Phase::observe);
}

void Engine::begin_change(Active& active) {
    active.resource = resource_key(active.event.target, *active.row, active.event.data);
    take_resource(active);
}

// Rule 4.3: changes of one thing run one at a time, so that what `before` read stays true.
void Engine::take_resource(Active& active) {
    auto& line = resources_[active.resource];
    line.push_back(active.event.id);
    active.queued = line.size() > 1 || late_resources_.contains(active.resource);
    if (!active.queued) call(active, Phase::before);
}

void Engine::release_resource(const Active& active, bool maybe_late) {
    const auto found = resources_.find(active.resource);
    if (active.resource.empty() || found == resources_.end()) return;
    std::erase(found->second, active.event.id);
    if (found->second.empty()) resources_.erase(found);
    if (maybe_late) {
        // A try that was never answered may still land: what comes next waits that long.
        late_resources_.insert(active.resource);
        port_.arm("G:" + active.resource, port_.boot_now() + settles_within_s(active));
    } else {
        start_queued(active.resource);
    }
}

void Engine::start_queued(const std::string& resource) {
    const auto found = resources_.find(resource);
    if (found == resources_.end() || late_resources_.contains(resource)) return;
    const auto next = active_.find(found->second.front());
    if (next == active_.end() || !next->second.queued) return;
    next->second.queued = false;
    call(next->second, Phase::before);
}

void Engine::write_intent(Active& active, const Before& found) {
    const Event& event = active.event;
    Value record = event_record("intent", event);
    const std::string identity =
        state_.begin["run"].text() + "|" + event.id.strand + "|" + std::to_string(event.id.n);
    record.set("key", to_hex(sha256(identity)).substr(0, 40));
    const bool keyed = !active.row->key_with.empty() && event.data.has(active.row->key_with);
    record.set("recovery", to_text(keyed ? Recovery::key : active.row->recovery));
    record.set("before", found.state);
    record.set("sign", std::string(1, found.sign));
    if (!found.plan.empty()) record.set("plan", found.plan);
    if (active.host) record.set("host", true);
    if (const std::int64_t entry = plan_entry(event)) record.set("entry", entry);
    active.before = found.state;
    with_deadline(record, active.deadline - port_.boot_now());
    append(std::move(record));
    if (found.already_so) {
        Value value = found.result;
        value.set("changed", false);
        return settle(active, "done", value, nullptr, "already so", found.state, false);
    }
    act(event.id);
}

}  // namespace perilune
