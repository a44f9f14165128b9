#include "interpreter/command/stored_runs.h"

#include <algorithm>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

#include "interpreter/base/json.h"
#include "interpreter/base/loop.h"
#include "interpreter/command/find_run.h"
#include "interpreter/command/output.h"
#include "interpreter/command/session.h"
#include "interpreter/drill/evidence.h"
#include "interpreter/report/describe.h"

namespace perilune {

namespace {

constexpr std::size_t usual_runs_max = 20;
constexpr std::size_t usual_searched_max = 1000;
constexpr std::int64_t usual_records_max = 5000;  // Of one run: what is usual is no long wait.
constexpr int columns_max = 200;
constexpr int columns_of_pipe = 160;
constexpr int columns_of_talk = 100;  // Where it goes to no terminal.

// How wide the terminal is that is there.
int columns_of(int fd, int otherwise) {
    winsize size{};
    if (::isatty(fd) == 1 && ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return std::min<int>(size.ws_col, columns_max);
    // Who pipes a page to a terminal says how wide that is, as for other programs.
    const char* told = std::getenv("COLUMNS");
    const long columns = told ? std::strtol(told, nullptr, 10) : 0;
    return columns > 0 ? static_cast<int>(std::min<long>(columns, columns_max)) : otherwise;
}

// Every lock that the run holds, and those it declares.
std::vector<std::string> lock_names(const std::map<std::string, LockRow>& locks,
                                    const std::string& run, const Value& declared) {
    std::vector<std::string> names;
    for (const auto& lock : declared.list()) names.push_back(lock.text());
    for (const auto& [name, lock] : locks)
        if (lock.run == run) names.push_back(name);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

}  // namespace

Result<std::unique_ptr<Store>> open_store(const Invocation& invocation) {
    auto store = Store::open(state_folder(invocation));
    if (!store) return store;
    const auto writable = (*store)->writable();
    if (!writable && invocation.command != "doctor") say(writable.error().message);
    return store;
}

Result<StoredRun> read_run(const Invocation& invocation) {
    auto store = open_store(invocation);
    if (!store) return store.error();
    auto row = find_run(**store, invocation.get("RUN"));
    if (!row) return row.error();
    auto records = Records::of(**store, row->id);
    if (!records) return records.error();
    return StoredRun{std::move(*store), std::move(*row), std::move(*records)};
}

Result<std::vector<Value>> read_ends(Store& store, const std::string& run, std::size_t newest) {
    const auto rows = store.ends(run, newest);
    if (!rows) return rows.error();
    std::vector<Value> records;
    records.reserve(rows->size());
    for (const auto& row : *rows) {
        auto record = from_canonical_json(row.body);
        if (!record)
            return fail("journal_broken", "A record of the run " + run +
                                              " cannot be read: " + record.error().message +
                                              " See: perilune verify " + run);
        records.push_back(std::move(*record));
    }
    return records;
}

RunState state_of(const Records& records) {
    RunState state;
    records.each([&](const Value& record) { state.apply(record); });
    return state;
}

report::Timeline timeline_of(const RunRow& row, const Records& records, report::Depth depth) {
    return report::build_timeline(records, row.state == "ended" ? 0 : wall_now_s(), depth);
}

namespace {

report::PastRun past_drill(const Value& evidence) {
    report::PastRun past;
    const Value& run = evidence["run"];
    if (run["outcome"] == Value("done"))
        past.took_s = run["ended_at"].number() - run["began_at"].number();
    for (const auto& step : evidence["steps"].list())
        if (step["outcome"] == Value("done"))
            past.steps.emplace_back(step["path"].text(),
                                    step["ended_at"].number() - step["began_at"].number());
    return past;
}

}  // namespace

report::Usual usual_of(Store& store, const std::string& state_folder, const std::string& runbook) {
    std::vector<report::PastRun> runs;
    const auto rows = store.runs(usual_searched_max);
    if (!rows) return {};
    for (const auto& row : *rows) {
        if (row.runbook != runbook || row.state != "ended" || row.seq > usual_records_max) continue;
        if (const auto records = Records::of(store, row.id); records && !records->empty())
            runs.push_back(report::past_run(*records));
        if (runs.size() == usual_runs_max) break;
    }
    std::vector<std::string> problems;
    for (const auto& evidence : read_all_evidence(state_folder, problems)) {
        if (runs.size() >= 2 * usual_runs_max) break;
        if (evidence["runbook"] == Value(runbook)) runs.push_back(past_drill(evidence));
    }
    return report::usual_durations(runs);
}

bool is_executed(const Invocation& invocation, const RunRow& row) {
    return !row.owner.empty() && !host_is_dead(state_folder(invocation), row.owner);
}

std::map<std::string, LockRow> locks_by_name(Store& store) {
    std::map<std::string, LockRow> locks;
    if (const auto rows = store.locks())
        for (const auto& row : *rows) locks[row.name] = row;
    return locks;
}

std::vector<std::string> lock_lines(const std::map<std::string, LockRow>& locks,
                                    const std::string& run, const Value& declared) {
    std::vector<std::string> lines;
    for (const auto& name : lock_names(locks, run, declared)) {
        const auto found = locks.find(name);
        if (found == locks.end()) {
            lines.push_back(name + ": held by nobody");
            continue;
        }
        const std::string holder =
            found->second.run == run ? "this run" : "the run " + found->second.run;
        lines.push_back(name + ": held by " + holder + " since " +
                        report::day_and_clock(found->second.since));
    }
    return lines;
}

Value locks_value(const std::map<std::string, LockRow>& locks, const std::string& run,
                  const Value& declared) {
    List listed;
    for (const auto& name : lock_names(locks, run, declared)) {
        Value item;
        item.set("name", name);
        if (const auto found = locks.find(name); found != locks.end())
            item.set("holder", found->second.run).set("since", found->second.since);
        listed.push_back(std::move(item));
    }
    return listed;
}

report::Style data_style() {
    report::Style style;
    style.colour = data_in_colour();
    style.columns = columns_of(STDOUT_FILENO, columns_of_pipe);
    return style;
}

report::Style talk_style() {
    report::Style style;
    style.colour = talk_in_colour();
    style.columns = columns_of(STDERR_FILENO, columns_of_talk);
    return style;
}

void put_lines(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) text += line + "\n";
    put(text);
}

}  // namespace perilune
