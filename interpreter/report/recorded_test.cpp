#include "interpreter/report/recorded_test.h"

#include <algorithm>

#include "interpreter/report/closing.h"
#include "interpreter/report/describe.h"
#include "interpreter/report/lua_text.h"
#include "interpreter/report/recorded_calls.h"
#include "interpreter/report/recorded_people.h"

namespace perilune::report {

namespace {

constexpr const char* starter = "starter@simulation";

std::string replace_all(std::string text, const std::string& what, const std::string& by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
    return text;
}

using Names = std::map<std::string, std::string>;

// With those who act in tests in place of the people of the run.
Value with_names(const Value& value, const Names& names) {
    if (value.is_text()) {
        std::string text = value.text();
        for (const auto& [name, other] : names) text = replace_all(std::move(text), name, other);
        return text;
    }
    if (value.is_list()) {
        List list;
        for (const auto& held : value.list()) list.push_back(with_names(held, names));
        return list;
    }
    if (!value.is_map()) return value;
    Map map;
    for (const auto& [name, held] : value.map()) map[name] = with_names(held, names);
    return map;
}

Names names_of(const RecordedPeople& people, const std::string& who, const RunToTest& run) {
    Names names;
    for (const auto& [name, role] : people.people()) {
        std::string other = run.person_of(role);
        if (other.find('@') == std::string::npos) other += "@simulation";
        if (!name.empty()) names[name] = other;
    }
    if (!who.empty()) names[who] = starter;
    return names;
}

std::string assigned(const std::string& name, const Value& value) {
    const std::string before = "local " + name + " = ";
    return before + lua_text(value, 0, static_cast<int>(before.size())) + "\n";
}

std::string commands_text(const std::vector<RecordedCommand>& commands, const Names& names) {
    std::string text;
    for (const auto& command : commands) {
        if (command.name == "resume") {
            text += "    w:advance(" + lua_text(command.after_s) + ")\n";
            text += "    run = w:resume(run, { answers = answers })\n";
            continue;
        }
        text += "    run = w:" + command.name + "(run, " +
                lua_text(with_names(command.body, names), 4, 20) + ", { answers = answers })\n";
    }
    return text;
}

Value options_of(const Value& begin) {
    Value options;
    options.set("id", begin["run"]);
    if (begin.has("outage_began_at")) options.set("outage_began", begin["outage_began_at"]);
    return options;
}

std::string expectations(const RunState& state, const RunRow& row, const Names& names) {
    const Value told = closing_value(state, row);
    const std::string outcome = told.has("outcome") ? told["outcome"].text() : row.state;
    std::string text = "    assert.equal(" + lua_quoted(outcome) + ", run.outcome)\n";
    if (state.end.has("value"))
        text += "    assert.same(" + lua_text(with_names(state.end["value"], names), 4, 30) +
                ", run.value)\n";
    return text + "    assert.same(changes, w.changes)\n";
}

}  // namespace

std::string recorded_test_path(const std::string& run) {
    std::string name = run;
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '.' || c == '-' || c == '/'; }, '_');
    return "tests/from_run_" + name + "_test.lua";
}

RecordedTest recorded_test(const RunToTest& run) {
    const Value begin = run.runs.front().front();
    RecordedCalls calls(begin["time"].number(), run.is_change);
    RecordedPeople people;
    RunState whole;
    for (std::size_t i = 0; i < run.runs.size(); ++i) {
        RunState state;
        run.runs[i].each([&](const Value& record) { state.apply(record); });
        calls.take(run.runs[i]);
        people.take(run.runs[i], state);
        if (i == 0) whole = std::move(state);
    }
    const Names names = names_of(people, begin["who"].text(), run);
    Value parameters = begin["params"];
    parameters.as_map();
    const std::string runbook = begin["runbook"].text();
    std::string options = lua_text(options_of(begin), 4, 20);
    options.insert(options.size() - 2, ", answers = answers");
    RecordedTest made;
    made.doubts = people.doubts();
    made.text = "-- The run " + run.row.id + " of " + runbook +
                " as a test: every target answers what it answered there, at the\n"
                "-- same moments, and what was changed must be changed again. Secrets are not in "
                "it.\n"
                "-- perilune test --from-run " +
                run.row.id + " wrote it; it is yours to change.\n\n";
    made.text += assigned("recorded", with_names(calls.answers(), names)) + "\n";
    made.text += assigned("answers", with_names(people.answers(), names)) + "\n";
    made.text += "-- { operation, arguments, outcome }, in the order in which they were done.\n" +
                 assigned("changes", with_names(calls.changes(), names)) + "\n";
    made.text += "describe(" + lua_quoted(runbook) + ", function()\n  it(" +
                 lua_quoted("does what it did in the run " + run.row.id) + ", function()\n";
    made.text += "    local w = world(" + lua_quoted(begin["environment"].text()) +
                 ", { at = " + lua_text(begin["time"]) + ", recorded = recorded })\n";
    made.text += "    local run = w:run(" + lua_quoted(runbook) + ", " +
                 lua_text(with_names(parameters, names), 4, 30) + ", " + options + ")\n";
    made.text += commands_text(people.commands(), names);
    made.text += expectations(whole, run.row, names) + "  end)\nend)\n";
    return made;
}

}  // namespace perilune::report
