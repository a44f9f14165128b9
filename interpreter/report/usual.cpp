#include "interpreter/report/usual.h"

#include <algorithm>

#include "interpreter/base/units.h"
#include "interpreter/report/layout.h"
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
    // The nearest rank: of nine or fewer it is the longest.
    const std::size_t rank = (durations.size() * 9 + 9) / 10;
    usual.ninetieth_s = durations[rank - 1];
    usual.longest_s = durations.back();
    usual.runs = durations.size();
    return usual;
}

}  // namespace

UsualDuration Usual::step(std::string_view path) const {
    const auto found = steps.find(path);
    return found == steps.end() ? UsualDuration() : found->second;
}

PastRun past_run(const Records& records) {
    PastRun past;
    const Timeline timeline = build_timeline(records);
    const auto& ends = timeline.run.ends;
    // The first end: a later undo is no part of what the run usually takes.
    if (!ends.empty() && ends.front().outcome == "done")
        past.took_s = ends.front().at - timeline.run.began;
    for (const auto& step : timeline.steps)
        if (step.outcome == "done" && !step.path.empty() && step.what != "undo")
            past.steps.emplace_back(step.path, step.ended - step.began);
    return past;
}

Usual usual_durations(const std::vector<PastRun>& runs) {
    std::vector<double> whole;
    std::map<std::string, std::vector<double>, std::less<>> steps;
    Usual usual;
    for (const auto& run : runs) {
        if (run.took_s >= 0) whole.push_back(run.took_s);
        for (const auto& [path, seconds] : run.steps) {
            if (steps[path].empty()) usual.order.push_back(path);
            steps[path].push_back(seconds);
        }
    }
    usual.run = usual_of(std::move(whole));
    for (auto& [path, durations] : steps) usual.steps[path] = usual_of(std::move(durations));
    return usual;
}

std::string expected_text(const Usual& usual, double rto_s) {
    if (usual.order.empty() && usual.run.runs == 0) return {};
    constexpr int name_width = 46;
    constexpr int time_width = 12;
    const auto line = [](const std::string& name, const UsualDuration& known) {
        return "  " + pad(cut(name, name_width), name_width) + " " +
               pad(show_duration(known.median_s), time_width) +
               pad(show_duration(known.ninetieth_s), time_width) + std::to_string(known.runs);
    };
    std::string text = "\nHow long it took before, in runs and drills\n  " + pad("", name_width) +
                       " " + pad("median", time_width) + pad("9 of 10", time_width) + "times\n";
    for (const auto& path : usual.order)
        if (path.find(" › ") == std::string::npos) text += line(path, usual.step(path)) + "\n";
    if (usual.run.runs > 0) text += line("in all", usual.run) + "\n";
    if (rto_s <= 0 || usual.run.runs == 0) return text;
    const double spare = rto_s - usual.run.ninetieth_s;
    const bool many = usual.run.runs >= 10;
    if (spare < 0)
        return text + "  The RTO is " + show_duration(rto_s) + ", which it has missed" +
               (many ? " more often than once in ten" : "") + ".\n";
    return text + "  The RTO is " + show_duration(rto_s) + ": " + show_duration(spare) +
           " to spare" + (many ? ", nine times of ten" : " by the longest so far") + ".\n";
}

Value expected_value(const Usual& usual) {
    if (usual.order.empty() && usual.run.runs == 0) return {};
    const auto known = [](const UsualDuration& duration) {
        Value value;
        value.set("median_s", duration.median_s).set("ninetieth_s", duration.ninetieth_s);
        return value.set("runs", duration.runs);
    };
    List steps;
    for (const auto& path : usual.order) steps.push_back(known(usual.step(path)).set("path", path));
    Value value;
    if (usual.run.runs > 0) value.set("run", known(usual.run));
    return value.set("steps", std::move(steps));
}

}  // namespace perilune::report
