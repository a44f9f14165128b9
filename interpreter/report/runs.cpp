#include "interpreter/report/runs.h"

#include <algorithm>
#include <set>

#include "interpreter/base/units.h"
#include "interpreter/report/describe.h"

namespace perilune::report {

namespace {

std::string state_text(const RunLine& run) {
    if (run.in_doubt) return "in doubt";
    if (run.row.state == "ended") return run.row.outcome.empty() ? "ended" : run.row.outcome;
    return run.row.state.empty() ? "running" : run.row.state;
}

Tone tone_of(const RunLine& run) {
    const std::string text = state_text(run);
    if (text == "in doubt") return Tone::doubt;
    if (text == "done") return Tone::good;
    if (text == "running") return Tone::runs;
    if (text == "waits" || text == "paused" || text == "undone") return Tone::waits;
    return Tone::bad;
}

double took_s(const RunLine& run, double now) {
    return std::max(0.0, (run.ended > 0 ? run.ended : now) - run.started);
}

}  // namespace

RunLine make_run_line(const RunRow& row, const std::vector<Value>& records) {
    RunLine line;
    line.row = row;
    line.started = row.created;
    std::set<std::string> doubts;
    for (const auto& record : records) {
        const std::string& kind = record["kind"].text();
        if (kind == "begin") {
            line.who = record["who"].text();
            line.started = record[record.has("started_at") ? "started_at" : "time"].number();
            line.by_key = record.has("signed");
            line.broke_glass += record.has("break_glass");
        } else if (kind == "answer") {
            line.broke_glass += record.has("break_glass");
            line.reviewed = line.reviewed && !record.has("break_glass");
        } else if (kind == "review") {
            line.reviewed = true;
        } else if (kind == "end") {
            line.broke_glass = std::max(line.broke_glass, record["broke_glass"].integer());
            line.ended = record["time"].number();
        } else if (kind == "undo" && !record["within"].boolean()) {
            line.ended = 0;  // An ended run is open again until its undo has ended.
        } else if (kind == "doubt") {
            doubts.insert(record["of"].text());
        } else if (kind == "result" || kind == "try") {
            doubts.erase(record["of"].text());
        }
    }
    // The end may lie before the newest ones, where much was told after it.
    if (line.ended == 0 && row.state == "ended" && !records.empty())
        line.ended = records.back()["time"].number();
    line.in_doubt = !doubts.empty();
    return line;
}

std::vector<std::string> runs_lines(const std::vector<RunLine>& runs, double now,
                                    const Style& style) {
    Page page(style);
    if (runs.empty()) {
        page.add("There are no runs yet.");
        return page.lines();
    }
    Table table;
    const bool narrow = style.columns < 100;
    table.head = {"run", "runbook", "environment", "state", "started (UTC)", "took", "by"};
    table.whole = {0, 3, 4, 5};
    if (narrow) table.head[4] = "started", table.head.pop_back();
    for (const auto& run : runs) {
        const bool known = run.ended > 0 || run.row.state != "ended";
        // Where there is little room, the year and the person give way to the rest.
        const std::string started = day_text(run.started).substr(narrow ? 5 : 0) + " " +
                                    clock_text(run.started).substr(0, 5);
        table.rows.push_back(
            {{run.row.id, Tone::strong},
             {run.row.runbook, Tone::plain},
             {run.row.environment, Tone::plain},
             {state_text(run) + (run.broke_glass > 0 ? " !" : ""),
              run.broke_glass > 0 ? Tone::bad : tone_of(run)},
             {started, Tone::muted},
             {known ? show_duration(took_s(run, now)) : "", Tone::plain},
             {(run.by_key || run.who.empty() ? "" : "~") + run.who.substr(0, run.who.find('@')),
              Tone::muted}});
        if (narrow) table.rows.back().pop_back();
    }
    page.add(table);
    const auto broken = std::count_if(runs.begin(), runs.end(),
                                      [](const RunLine& run) { return run.broke_glass > 0; });
    const auto open = std::count_if(runs.begin(), runs.end(), [](const RunLine& run) {
        return run.broke_glass > 0 && !run.reviewed;
    });
    if (broken > 0)
        page.add("! break glass: policy was passed over in " + std::to_string(broken) + " of " +
                     std::to_string(runs.size()) +
                     (open > 0 ? ", and not reviewed in " + std::to_string(open) +
                                     ". See: perilune status"
                               : ""),
                 Tone::bad);
    const bool weak = std::any_of(runs.begin(), runs.end(), [](const RunLine& run) {
        return !run.by_key && !run.who.empty();
    });
    if (weak && !narrow)
        page.add("~ by the operating system's word alone, which is weaker than a key", Tone::muted);
    return page.lines();
}

Value runs_value(const std::vector<RunLine>& runs, double now) {
    List list;
    for (const auto& run : runs) {
        Value item;
        item.set("id", run.row.id).set("runbook", run.row.runbook);
        item.set("environment", run.row.environment).set("state", run.row.state);
        if (!run.row.outcome.empty()) item.set("outcome", run.row.outcome);
        if (!run.row.reason.empty()) item.set("reason", run.row.reason);
        if (!run.row.parent.empty()) item.set("parent", run.row.parent);
        if (!run.who.empty()) item.set("who", run.who);
        item.set("started", run.started);
        if (run.ended > 0) item.set("ended", run.ended);
        if (run.ended > 0 || run.row.state != "ended") item.set("took_s", took_s(run, now));
        if (run.in_doubt) item.set("in_doubt", true);
        item.set("by_key", run.by_key);
        if (run.broke_glass > 0) item.set("break_glass", true).set("broke_glass", run.broke_glass);
        if (run.broke_glass > 0) item.set("reviewed", run.reviewed);
        list.push_back(item);
    }
    return list;
}

}  // namespace perilune::report
