// The table of runs, one run in full, and how runs stand.
#include "interpreter/command/learning.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "interpreter/base/loop.h"
#include "interpreter/base/suggest.h"
#include "interpreter/command/output.h"
#include "interpreter/command/session.h"
#include "interpreter/command/stored_runs.h"
#include "interpreter/report/report_text.h"
#include "interpreter/report/runs.h"
#include "interpreter/report/status.h"

namespace perilune {

namespace {

constexpr std::size_t all_runs = 100000;
constexpr std::size_t runs_shown = 20;
constexpr std::size_t newest_looked_at = 64;  // Records of each run in the table.

constexpr std::array<std::string_view, 8> states = {"open",   "running",  "waits", "paused",
                                                    "parked", "diverged", "lost",  "ended"};

Result<std::size_t> read_limit(const Invocation& invocation) {
    if (!invocation.has("--limit")) return runs_shown;
    const std::string text = invocation.get("--limit");
    std::size_t limit = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || limit == 0 ||
        limit > all_runs)
        return fail("bad_argument",
                    "--limit must be a whole number from 1 to 100000, but it is "
                    "\"" +
                        text + "\".");
    return limit;
}

// A state of a run's row, "open" for all that have not ended, or the outcome of an ended one.
bool is_of_state(const RunRow& row, const std::string& wanted) {
    if (wanted.empty() || wanted == row.state) return true;
    return wanted == "open" ? row.state != "ended" : wanted == row.outcome;
}

Status check_state(const std::string& wanted, const std::vector<RunRow>& rows) {
    if (wanted.empty()) return Done{};
    std::vector<std::string> known(states.begin(), states.end());
    for (const auto* outcome : {"done", "failed", "cancelled", "stopped", "undone"})
        known.emplace_back(outcome);
    for (const auto& row : rows)
        if (!row.outcome.empty()) known.push_back(row.outcome);
    for (const auto& name : known)
        if (name == wanted) return Done{};
    return fail("bad_argument", "No run can be in the state \"" + wanted + "\"." +
                                    did_you_mean(wanted, known) +
                                    " States are open, running, waits, paused, parked, diverged, "
                                    "lost, ended, and the outcomes of ended runs, such as failed.");
}

Value children_value(const std::vector<RunRow>& children) {
    List listed;
    for (const auto& child : children) {
        Value item;
        item.set("run", child.id).set("runbook", child.runbook).set("state", child.state);
        listed.push_back(item.set("outcome", child.outcome));
    }
    return listed;
}

std::vector<RunRow> children_of(Store& store, const std::string& run) {
    auto rows = store.children(run);
    return rows ? std::move(*rows) : std::vector<RunRow>();
}

int put_records(const Invocation& invocation, StoredRun& run) {
    const auto rows = run.store->records(run.row.id);
    if (!rows) return report_error(invocation, rows.error());
    std::string text;
    for (const auto& row : *rows) text += row.body + "\n";
    put(text);
    return exit_done;
}

void add_under(std::vector<std::string>& lines, const std::string& heading,
               const std::vector<std::string>& inside) {
    if (inside.empty()) return;
    lines.emplace_back();
    lines.push_back(heading);
    for (const auto& line : inside) lines.push_back("  " + visible(line, false));
}

// Whether an ended run may be one in which policy was passed over. It is looked for in the text,
// since there may be thousands of runs.
bool broke_glass(Store& store, const std::string& run) {
    const auto rows = store.ends(run, newest_looked_at);
    return rows && std::any_of(rows->begin(), rows->end(), [](const RecordRow& row) {
               return row.body.find("\"broke_glass\":") != std::string::npos;
           });
}

Value status_data(const Invocation& invocation, Store& store, const RunRow& row,
                  const Records& records) {
    const auto timeline = timeline_of(row, records, report::Depth::brief);
    Value value =
        report::status_value(timeline, row, usual_of(store, state_folder(invocation), row.runbook));
    value.set("executed", is_executed(invocation, row));
    return value.set("locks", locks_value(locks_by_name(store), row.id, timeline.run.locks));
}

// How one run stands; its locks are told where it has some.
void put_status(const Invocation& invocation, Store& store, const RunRow& row,
                const Records& records) {
    const auto timeline = timeline_of(row, records, report::Depth::brief);
    auto lines = report::status_lines(timeline, row, data_style(),
                                      usual_of(store, state_folder(invocation), row.runbook));
    if (row.state == "running" && !is_executed(invocation, row))
        lines.insert(lines.begin() + 1,
                     "Host     The host that executed it is dead; nobody executes it now.");
    if (row.state != "ended")
        for (const auto& line : lock_lines(locks_by_name(store), row.id, timeline.run.locks))
            lines.push_back("Lock     " + visible(line, false));
    put_lines(lines);
}

}  // namespace

int execute_runs(const Invocation& invocation) {
    const auto limit = read_limit(invocation);
    if (!limit) return report_error(invocation, limit.error());
    const auto store = open_store(invocation);
    if (!store) return report_error(invocation, store.error());
    const auto rows = (*store)->runs(all_runs);
    if (!rows) return report_error(invocation, rows.error());
    const std::string wanted = invocation.get("--only");
    if (const auto checked = check_state(wanted, *rows); !checked)
        return report_error(invocation, checked.error());
    std::vector<report::RunLine> lines;
    for (const auto& row : *rows) {
        if (!row.parent.empty() && !invocation.has("--children")) continue;
        if (!is_of_state(row, wanted)) continue;
        if (invocation.has("--runbook") && row.runbook != invocation.get("--runbook")) continue;
        const auto records = read_ends(**store, row.id, newest_looked_at);
        lines.push_back(report::make_run_line(row, records ? *records : std::vector<Value>()));
        if (lines.size() == *limit) break;
    }
    if (invocation.json()) {
        put_json(report::runs_value(lines, wall_now_s()));
    } else if (lines.empty() && !rows->empty()) {
        say("No run is of that kind; there are " + std::to_string(rows->size()) +
            " runs. See: perilune runs");
    } else {
        put_lines(report::runs_lines(lines, wall_now_s(), data_style()));
    }
    return exit_done;
}

int execute_show(const Invocation& invocation) {
    auto run = read_run(invocation);
    if (!run) return report_error(invocation, run.error());
    if (invocation.has("--records")) return put_records(invocation, *run);
    const auto timeline = timeline_of(run->row, run->records);
    const auto locks = locks_by_name(*run->store);
    const auto children = children_of(*run->store, run->row.id);
    if (invocation.json()) {
        Value value = report::show_value(timeline, run->row);
        value.set("locks", locks_value(locks, run->row.id, timeline.run.locks));
        put_json(value.set("children", children_value(children)));
        return exit_done;
    }
    auto lines = report::show_lines(timeline, run->row, data_style());
    if (run->row.state != "ended")
        add_under(lines, "Locks now", lock_lines(locks, run->row.id, timeline.run.locks));
    std::vector<std::string> below;
    below.reserve(children.size());
    for (const auto& child : children)
        below.push_back(child.id + "  " + child.runbook + "  " +
                        (child.outcome.empty() ? child.state : child.outcome));
    add_under(lines, "Child runs", below);
    put_lines(lines);
    return exit_done;
}

int execute_status(const Invocation& invocation) {
    if (invocation.has("RUN")) {
        auto run = read_run(invocation);
        if (!run) return report_error(invocation, run.error());
        if (invocation.json())
            put_json(status_data(invocation, *run->store, run->row, run->records));
        else
            put_status(invocation, *run->store, run->row, run->records);
        return exit_done;
    }
    const auto store = open_store(invocation);
    if (!store) return report_error(invocation, store.error());
    const auto rows = (*store)->runs(all_runs);
    if (!rows) return report_error(invocation, rows.error());
    std::size_t shown = 0;
    List listed;
    for (const auto& row : *rows) {
        const bool ended = row.state == "ended";
        if (ended ? !broke_glass(**store, row.id) : !row.parent.empty()) continue;
        const auto records = Records::of(**store, row.id);
        if (!records) {
            say(records.error().message);
            continue;
        }
        if (ended && !state_of(*records).wants_review()) continue;
        if (invocation.json()) {
            listed.push_back(status_data(invocation, **store, row, *records));
            continue;
        }
        if (shown++ > 0) put("\n");
        put_status(invocation, **store, row, *records);
    }
    if (invocation.json())
        put_json(listed);
    else if (shown == 0)
        put("Nothing runs, nothing waits, and no review is due. All runs: perilune runs\n");
    return exit_done;
}

}  // namespace perilune
