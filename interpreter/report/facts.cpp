#include "interpreter/report/facts.h"

#include <algorithm>

#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/base/units.h"
#include "interpreter/report/describe.h"

namespace perilune::report {

namespace {

std::string state_name(Objective::State state) {
    switch (state) {
        case Objective::State::met: return "met";
        case Objective::State::missed: return "missed";
        case Objective::State::going: return "going";
        case Objective::State::over: return "over";
        case Objective::State::unmeasured: break;
    }
    return "unmeasured";
}

std::string joined(const Value& list) {
    std::string text;
    for (const auto& item : list.list()) text += (text.empty() ? "" : ", ") + item.text();
    return text;
}

// A number in the unit it was declared in.
std::string parameter_text(const std::string& type, const Value& value) {
    if (value.is_number() && type == "time") return day_and_clock(value.number());
    if (value.is_number() && type == "duration") return show_duration(value.number());
    if (value.is_number() && type == "size") return show_size(value.number());
    return preview(value, 400);
}

// How it is known who started the run and who decided anything in it: by keys, or by what the
// operating system says, which nothing proves.
std::string known_by(const Timeline& timeline) {
    std::string text;
    std::string weak;
    for (const auto& [who, key] : timeline.people) {
        std::string& into = key.empty() ? weak : text;
        into += (into.empty() ? "" : ", ") + who + (key.empty() ? "" : " by the key " + key);
    }
    if (weak.empty()) return text;
    return text + (text.empty() ? "" : "; ") + weak +
           " by the operating system's word alone, which is weaker than a key";
}

}  // namespace

std::string passed_over_text(const RunFacts& run) {
    if (run.broke_glass < 2) return "policy was passed over";
    return "policy was passed over " + std::to_string(run.broke_glass) + " times";
}

std::string review_text(const Timeline& timeline) {
    const RunState& state = timeline.state;
    if (state.wants_review())
        return "Somebody else has to review that: perilune review " + state.begin["run"].text() +
               " --reason TEXT";
    const Value& review = state.review;
    return "Reviewed by " + review["who"].text() + " at " + day_and_clock(review["time"].number()) +
           ": " + review["reason"].text();
}

std::vector<Fact> facts_of(const Timeline& timeline, const Verdict& verdict) {
    const RunFacts& run = timeline.run;
    std::vector<Fact> facts;
    facts.push_back({"Run", run.id});
    facts.push_back({"Environment", run.environment});
    facts.push_back(
        {"Started", day_and_clock(run.began) + (run.who.empty() ? "" : " by " + run.who)});
    if (run.outage_began > 0) facts.push_back({"Outage began", day_and_clock(run.outage_began)});
    if (run.open()) {
        facts.push_back({"So far", show_duration(run.took_s()) + ", at " + day_and_clock(run.now)});
    } else {
        facts.push_back({"Ended", day_and_clock(run.ended)});
        facts.push_back({"Took", show_duration(run.took_s())});
    }
    if (timeline.waited_for_people_s > 0)
        facts.push_back({"Waited for people", show_duration(timeline.waited_for_people_s)});
    if (const std::string how = known_by(timeline); !how.empty()) facts.push_back({"Known", how});
    if (verdict.exit >= 0) facts.push_back({"Exit code", std::to_string(verdict.exit)});
    if (!run.parent.empty()) facts.push_back({"Part of run", run.parent});
    return facts;
}

std::vector<Fact> proof_of(const Timeline& timeline, const RunRow& row) {
    const RunFacts& run = timeline.run;
    std::vector<Fact> facts;
    if (!run.program.empty()) facts.push_back({"Program", run.program});
    if (!run.bundle.empty()) facts.push_back({"Code (bundle)", run.bundle});
    if (!run.plan.empty()) facts.push_back({"Plan", run.plan});
    if (!run.seed.empty()) facts.push_back({"Seed", run.seed});
    facts.push_back({"Records", std::to_string(timeline.state.seq)});
    if (!row.head.empty()) facts.push_back({"Head of the journal", to_hex(row.head)});
    if (row.epoch > 0) facts.push_back({"Epoch", std::to_string(row.epoch)});
    return facts;
}

std::vector<Fact> parameters_of(const Timeline& timeline) {
    std::vector<Fact> facts;
    const Value& declared = timeline.state.begin["facts"]["parameters"];
    for (const auto& [name, value] : timeline.run.params.map())
        facts.push_back({name, parameter_text(declared[name]["type"].text(), value)});
    return facts;
}

std::vector<Fact> targets_of(const Timeline& timeline) {
    std::vector<Fact> facts;
    for (const auto& [target, changes] : timeline.run.targets.map()) {
        const std::string allowed = joined(changes);
        facts.push_back({target, allowed.empty() ? "only observed" : allowed});
    }
    return facts;
}

std::string locks_text(const Timeline& timeline) { return joined(timeline.run.locks); }

std::string objective_text(const Objective& objective) {
    const std::string limit = show_duration(objective.limit_s);
    const std::string taken = show_duration(objective.taken_s);
    const double left_s = objective.limit_s - objective.taken_s;
    switch (objective.state) {
        case Objective::State::met:
            return "met: took " + taken + " of " + limit + ", " + show_duration(left_s) +
                   " to spare";
        case Objective::State::missed:
            if (left_s >= 0) return "missed: not reached, after " + taken + " of " + limit;
            return "missed: took " + taken + ", " + show_duration(-left_s) + " more than " + limit;
        case Objective::State::going:
            return taken + " of " + limit + " used, " + show_duration(left_s) + " left";
        case Objective::State::over:
            return "missed: " + taken + " used, " + show_duration(-left_s) + " more than " + limit;
        case Objective::State::unmeasured: break;
    }
    return "objective " + limit +
           (objective.kind == "rpo" ? "; a drill measures it" : "; nothing was undone");
}

Tone tone_of(const Objective& objective) {
    switch (objective.state) {
        case Objective::State::met: return Tone::good;
        case Objective::State::going: return Tone::runs;
        case Objective::State::unmeasured: return Tone::muted;
        default: return Tone::bad;
    }
}

std::string outcome_sentence(const Timeline& timeline, const Verdict& verdict) {
    std::string text = verdict.sentence;
    if (verdict.ended && text.ends_with('.')) {
        text.pop_back();
        const bool colon = text.find(": ") != std::string::npos;
        text += std::string(colon ? ", after " : " after ") + show_duration(timeline.run.took_s()) +
                ".";
    }
    return text;
}

Value facts_value(const Timeline& timeline) {
    const RunFacts& run = timeline.run;
    Value value;
    const auto set_text = [&](std::string_view name, const std::string& text) {
        if (!text.empty()) value.set(name, text);
    };
    set_text("id", run.id);
    set_text("runbook", run.runbook);
    set_text("environment", run.environment);
    set_text("summary", run.summary);
    set_text("who", run.who);
    set_text("parent", run.parent);
    set_text("key", run.key);
    set_text("break_glass", run.break_glass);
    if (run.broke_glass > 0) value.set("broke_glass", run.broke_glass);
    if (run.broke_glass > 0) value.set("review", review_text(timeline));
    set_text("plan", run.plan);
    set_text("bundle", run.bundle);
    set_text("seed", run.seed);
    value.set("params", run.params).set("targets", run.targets).set("locks", run.locks);
    value.set("began", run.began).set("took_s", run.took_s());
    if (run.outage_began > 0) value.set("outage_began", run.outage_began);
    if (!run.open()) value.set("ended", run.ended);
    value.set("waited_for_people_s", timeline.waited_for_people_s);
    List objectives;
    for (const auto& objective : timeline.objectives) {
        Value item;
        item.set("kind", objective.kind).set("limit_s", objective.limit_s);
        if (!objective.name.empty()) item.set("name", objective.name);
        if (objective.state != Objective::State::unmeasured) item.set("taken_s", objective.taken_s);
        objectives.push_back(item.set("state", state_name(objective.state)));
    }
    return value.set("objectives", objectives);
}

}  // namespace perilune::report
