// What the runbook promises, measured by what its run took.
#include "interpreter/report/timeline_builder.h"

#include <algorithm>

#include "interpreter/report/describe.h"

namespace perilune::report {

namespace {

// When the service was back: the first end of the run that was `done`; 0 where there is none.
double served_at(const RunFacts& run) {
    for (const auto& end : run.ends)
        if (end.outcome == "done") return end.at;
    return 0;
}

void measure_recovery(const RunFacts& run, Objective& objective) {
    const double served = served_at(run);
    const bool open = run.open() && served <= 0;
    objective.taken_s = (served > 0 ? served : run.open() ? run.now : run.ended) -
                        run.clock_began();
    const bool within = objective.taken_s <= objective.limit_s;
    if (open) {
        objective.state = within ? Objective::State::going : Objective::State::over;
    } else {
        // What failed has recovered nothing, however quickly it failed.
        objective.state = served > 0 && within ? Objective::State::met : Objective::State::missed;
    }
}

void measure_undo(const Timeline& timeline, Objective& objective) {
    double began = 0;
    for (const auto& note : timeline.notes) {
        const bool begins =
            note.kind == "undo" || (note.kind == "stop" && note.text.starts_with("undo"));
        if (began <= 0 && begins) began = note.at;
    }
    for (const auto& undo : timeline.undos)
        if (!undo.within && (began <= 0 || undo.began < began)) began = undo.began;
    if (began <= 0) return;
    const RunFacts& run = timeline.run;
    objective.taken_s = (run.open() ? run.now : run.ended) - began;
    const bool within = objective.taken_s <= objective.limit_s;
    if (run.open()) {
        objective.state = within ? Objective::State::going : Objective::State::over;
        return;
    }
    const bool undone = !run.ends.empty() && run.ends.back().outcome == "undone";
    objective.state = undone && within ? Objective::State::met : Objective::State::missed;
}

}  // namespace

std::vector<Objective> measure_objectives(const Timeline& timeline, const Value& declared) {
    std::vector<Objective> measured;
    const auto add = [&](const std::string& kind, const std::string& name, const Value& limit) {
        Objective objective;
        objective.kind = kind;
        objective.name = name;
        objective.limit_s = seconds_of(limit);
        if (objective.limit_s <= 0) return;
        if (kind == "rto") measure_recovery(timeline.run, objective);
        if (kind == "undo") measure_undo(timeline, objective);
        measured.push_back(std::move(objective));
    };
    for (const auto* kind : {"rto", "rpo", "undo"}) {
        const Value& limits = declared[kind];
        if (!limits.is_map()) add(kind, "", limits);
        for (const auto& [name, limit] : limits.map()) add(kind, name, limit);
    }
    return measured;
}

}  // namespace perilune::report
