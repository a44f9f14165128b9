// perilune drills: of each runbook the last drill, and whether it still proves anything; two
// compared; all libraries' as one table.
#include <algorithm>
#include <regex>
#include <set>

#include "interpreter/base/files.h"
#include "interpreter/base/units.h"
#include "interpreter/command/drill.h"
#include "interpreter/command/output.h"
#include "interpreter/command/session.h"
#include "interpreter/command/stored_runs.h"
#include "interpreter/drill/evidence.h"
#include "interpreter/drill/evidence_text.h"
#include "interpreter/drill/left_drill.h"
#include "interpreter/library/bundle.h"

namespace perilune {

namespace {

constexpr double valid_for_s = 92 * 86400.0;  // A quarter, unless --valid-for says otherwise.

struct Readiness {
    std::string runbook;
    std::string drill;
    const Value* last = nullptr;
    std::string state;  // ready, failed, expired, code changed, never, no drill
    report::Tone tone = report::Tone::good;
};

int compare(const Invocation& invocation) {
    const auto& ids = invocation.all("--compare");
    if (ids.size() != 2)
        return report_error(invocation,
                            fail("bad_argument", "Give --compare twice: the earlier drill first."));
    const auto before = find_evidence(state_folder(invocation), ids[0]);
    if (!before) return report_error(invocation, before.error());
    const auto after = find_evidence(state_folder(invocation), ids[1]);
    if (!after) return report_error(invocation, after.error());
    if (invocation.json()) {
        put_json(Value().set("before", *before).set("after", *after));
    } else {
        put(drill_comparison(*before, *after));
    }
    return exit_done;
}

// The digest of what a run of this library and environment would carry now; empty where it cannot
// be told.
std::string code_now(const Invocation& invocation, const Library& library, const Value& evidence) {
    const HostSetup setup = host_setup(invocation);
    const auto environment =
        load_environment(library, evidence["environment"].text(), setup.known_drivers);
    if (!environment) return {};
    auto bundle = load_bundle(library, environment->files);
    if (!bundle) return {};
    for (const auto& [name, target] : environment->targets)
        if (const auto* script = target.driver->script) bundle->files[script->path] = script->text;
    return bundle_digest(bundle->files);
}

void judge(const Invocation& invocation, const Library& library, double valid_s, Readiness& one) {
    one.tone = report::Tone::bad;
    if (!one.last) {
        one.state = "never drilled";
    } else if ((*one.last)["result"] != Value("passed")) {
        one.state = "failed";
    } else if (wall_now_s() - (*one.last)["began_at"].number() > valid_s) {
        one.state = "expired: too long ago";
    } else if ((*one.last)["code"].text() != code_now(invocation, library, *one.last)) {
        one.state = "expired: the code has changed";
        one.tone = report::Tone::waits;
    } else {
        one.state = "ready";
        one.tone = report::Tone::good;
    }
}

std::string measured(const Value& value) {
    if (!value.has("measured_s")) return "–";
    std::string text = show_duration(value["measured_s"].number());
    if (value.has("allowed_s")) text += " / " + show_duration(value["allowed_s"].number());
    // The service answered all the time, so that the time to the runbook's end was taken.
    if (value["by"] == Value("run")) text += " (run)";
    return text;
}

// The runbook that a drill's file names; read, for nothing is executed here.
std::string runbook_of(const Library& library, const std::string& path) {
    static const std::regex naming(R"re(\brunbook\s*=\s*["']([^"']+)["'])re");
    const auto text = read_file(disk_path(library, path));
    std::smatch found;
    return text && std::regex_search(*text, found, naming) ? found[1].str() : std::string();
}

std::vector<Readiness> readiness_of(const Invocation& invocation, const Library& library,
                                    const std::vector<Value>& all, double valid_s) {
    std::vector<Readiness> table;
    for (const auto& [drill, path] : library.drills) {
        Readiness one{.drill = drill};
        for (const auto& evidence : all)
            if (!one.last && evidence["library"] == Value(library.name) &&
                evidence["drill"] == Value(drill))
                one.last = &evidence;
        one.runbook = one.last ? (*one.last)["runbook"].text() : runbook_of(library, path);
        judge(invocation, library, valid_s, one);
        table.push_back(std::move(one));
    }
    std::set<std::string> drilled;
    for (const auto& one : table) drilled.insert(one.runbook);
    for (const auto& [runbook, path] : library.runbooks)
        if (!drilled.contains(runbook))
            table.push_back({.runbook = runbook, .state = "no drill", .tone = report::Tone::waits});
    return table;
}

// Names what still runs of drills that have ended.
List say_what_is_left(const Invocation& invocation, const Library& library) {
    List left;
    for (const auto& one : left_drills(state_folder(invocation))) {
        if (one.library != library.name || one.goes_on()) continue;
        left.emplace_back(Value().set("drill", one.drill).set("folder", one.folder));
        say("The drill " + one.drill + " in " + one.folder +
            " did not stop its services. Stop them with: " + stop_command(invocation, one.drill));
    }
    return left;
}

// The newest drill of each name of every library, of those that are not too old.
int show_table(const Invocation& invocation, double valid_s) {
    std::vector<std::string> problems;
    std::vector<Value> newest;
    std::set<std::pair<std::string, std::string>> seen;
    bool passed = true;
    for (auto& evidence : read_all_evidence(state_folder(invocation), problems)) {
        if (wall_now_s() - evidence["began_at"].number() > valid_s) continue;
        if (!seen.emplace(evidence["library"].text(), evidence["drill"].text()).second) continue;
        passed = passed && evidence["result"] == Value("passed");
        newest.push_back(std::move(evidence));
    }
    for (const auto& problem : problems) say(problem);
    std::sort(newest.begin(), newest.end(), [](const Value& left, const Value& right) {
        return std::pair(left["library"].text(), left["drill"].text()) <
               std::pair(right["library"].text(), right["drill"].text());
    });
    if (invocation.json()) {
        put_json(Value().set("passed", passed).set("drills", List(newest.begin(), newest.end())));
    } else {
        for (const auto& line : drill_table(newest)) put(line + "\n");
    }
    return passed && !newest.empty() ? exit_done : exit_failed;
}

}  // namespace

int execute_drills(const Invocation& invocation) {
    if (invocation.has("--compare")) return compare(invocation);
    double valid_s = valid_for_s;
    if (invocation.has("--valid-for")) {
        const auto read = parse_duration(invocation.get("--valid-for"));
        if (!read) return report_error(invocation, read.error());
        valid_s = *read;
    }
    if (invocation.has("--table")) return show_table(invocation, valid_s);
    const auto library = library_of(invocation);
    if (!library) return report_error(invocation, library.error());
    std::vector<std::string> problems;
    const auto all = read_all_evidence(state_folder(invocation), problems);
    for (const auto& problem : problems) say(problem);
    const auto table = readiness_of(invocation, *library, all, valid_s);
    const List left = say_what_is_left(invocation, *library);
    bool ready = true;
    List listed;
    report::Table shown;
    shown.head = {"drill", "runbook", "last", "RTO", "RPO", "readiness"};
    for (const auto& one : table) {
        Value value;
        value.set("runbook", one.runbook).set("readiness", one.state);
        if (!one.drill.empty()) {
            ready = ready && one.state == "ready";
            value.set("drill", one.drill);
        }
        if (one.last) value.set("last", *one.last);
        listed.push_back(value);
        std::string rpo;
        if (one.last)
            for (const auto& each : (*one.last)["rpo"].list())
                rpo += (rpo.empty() ? "" : ", ") + measured(each);
        shown.rows.push_back({{.text = one.drill.empty() ? "–" : one.drill},
                              {.text = one.runbook},
                              {.text = one.last ? (*one.last)["id"].text() : "–"},
                              {.text = one.last ? measured((*one.last)["rto"]) : "–"},
                              {.text = rpo.empty() ? "–" : rpo},
                              {.text = one.state, .tone = one.tone}});
    }
    if (invocation.json()) {
        put_json(Value().set("ready", ready).set("drills", listed).set("left", left));
    } else if (library->drills.empty()) {
        put("This library has no drills: add a file to " + library->folder + "/drills.\n");
    } else {
        report::Page page(data_style());
        page.add(shown);
        put_lines(page.lines());
    }
    return ready ? exit_done : exit_failed;
}

}  // namespace perilune
