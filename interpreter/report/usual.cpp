#include "interpreter/report/usual.h"

#include <algorithm>

#include "interpreter/report/timeline.h"

namespace perilune::report {

namespace {

UsualDuration usual_of(std::vector<double> durations) {
    if (durations.empty()) return {};
    std::sort(durations.begin(), durations.end());
    const std::size_t middle = durations.size() / 2;
    UsualDuration usual;
    usual.median_s = durations.size() % 2 == 1 ? durations[middle]
                                               : (durations[middle - 1] + durations[middle]) / 2;
    usual.longest_s = durations.back();
    usual.runs = durations.size();
    return usual;
}

}  // namespace

UsualDuration Usual::step(std::string_view path) const {
    const auto found = steps.find(path);
    return found == steps.end() ? UsualDuration() : found->second;
}

Usual usual_durations(const std::vector<Records>& runs, const std::string& runbook) {
    std::vector<double> whole;
    std::map<std::string, std::vector<double>, std::less<>> steps;
    for (const auto& records : runs) {
        if (records.empty() || records.front()["runbook"].text() != runbook) continue;
        const Timeline timeline = build_timeline(records);
        const auto& ends = timeline.run.ends;
        // The first end: a later undo is no part of what the run usually takes.
        if (!ends.empty() && ends.front().outcome == "done")
            whole.push_back(ends.front().at - timeline.run.began);
        for (const auto& step : timeline.steps)
            if (step.outcome == "done" && !step.path.empty() && step.what != "undo")
                steps[step.path].push_back(step.ended - step.began);
    }
    Usual usual;
    usual.run = usual_of(std::move(whole));
    for (auto& [path, durations] : steps) usual.steps[path] = usual_of(std::move(durations));
    return usual;
}

}  // namespace perilune::report
