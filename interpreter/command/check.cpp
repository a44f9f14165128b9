#include "interpreter/command/check.h"

#include <algorithm>
#include <charconv>

#include "interpreter/base/suggest.h"
#include "interpreter/command/output.h"
#include "interpreter/command/session.h"
#include "interpreter/library/people.h"
#include "interpreter/lua/syntax/parser.h"

namespace perilune {

namespace {

using syntax::Diagnostic;
using syntax::Severity;

std::uint32_t number_of(std::string_view text) {
    std::uint32_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// A problem as the readers of a library tell it: "FILE:LINE:COLUMN: message".
Diagnostic placed(const std::string& message, const std::string& file, Severity severity) {
    Diagnostic found{.file = file, .code = "bad_file", .message = message, .severity = severity};
    const auto line = message.find(':');
    const auto column = line == std::string::npos ? line : message.find(':', line + 1);
    const auto text = column == std::string::npos ? column : message.find(": ", column + 1);
    const auto is_number = [&](std::size_t from, std::size_t to) {
        return to > from + 1 && std::all_of(message.begin() + static_cast<std::ptrdiff_t>(from) + 1,
                                            message.begin() + static_cast<std::ptrdiff_t>(to),
                                            [](char c) { return c >= '0' && c <= '9'; });
    };
    if (text == std::string::npos || !is_number(line, column) || !is_number(column, text))
        return found;
    found.file = message.substr(0, line);
    found.position.line = number_of(std::string_view(message).substr(line + 1));
    found.position.column = number_of(std::string_view(message).substr(column + 1));
    found.message = message.substr(text + 2);
    return found;
}

void add_error(std::vector<Diagnostic>& findings, const Error& error, const std::string& file) {
    if (!error.detail.is_list()) {
        findings.push_back(placed(error.message, file, Severity::error));
        return;
    }
    for (const auto& item : error.detail.list())
        findings.push_back(placed(item.text(), file, Severity::error));
}

// The environment's own defaults for runbooks, which must be parameters of theirs.
void check_defaults(Sources& sources, const Environment& environment) {
    for (const auto& [runbook, defaults] : environment.parameters) {
        const auto path = find_runbook(sources.library(), runbook);
        const SourceFile* file = path ? sources.get(*path) : nullptr;
        const auto declared = file ? declared_parameters(*file) : std::nullopt;
        if (!declared || !declared->ok()) continue;
        std::vector<std::string> names;
        for (const auto& [name, parameter] : **declared) names.push_back(name);
        for (const auto& [name, value] : defaults)
            if (!(*declared)->contains(name))
                sources.findings.push_back({environment.files.front(),
                                            {},
                                            "unknown_parameter",
                                            "parameters." + runbook +
                                                ": the runbook has no parameter \"" + name + "\"." +
                                                did_you_mean(name, names),
                                            Severity::error});
    }
}

// A test's or drill's words are not a runbook's: only its syntax is looked at.
void check_other_files(Sources& sources) {
    const Library& library = sources.library();
    for (const auto* files : {&library.tests, &library.explorations, &library.drills})
        for (const auto& [name, path] : *files) sources.get(path);
}

struct Wanted {
    std::vector<std::string> runbooks;  // Paths.
    bool all = false;
};

Result<Wanted> wanted_runbooks(const Invocation& invocation, const Library& library) {
    Wanted wanted;
    for (const auto& name : invocation.all("RUNBOOKS")) {
        const auto path = find_runbook(library, name);
        if (!path) return path.error();
        wanted.runbooks.push_back(*path);
    }
    if (!wanted.runbooks.empty()) return wanted;
    wanted.all = true;
    for (const auto& [name, path] : library.runbooks) wanted.runbooks.push_back(path);
    return wanted;
}

void check_library(Sources& sources, const Wanted& wanted, const Environment* environment) {
    std::set<const SourceFile*> files;
    for (const auto& path : wanted.runbooks)
        for (const auto* file : sources.with_modules(path))
            if (!file->path.starts_with("dependencies/")) files.insert(file);
    if (wanted.all)
        for (const auto& [name, path] : sources.library().modules)
            if (const auto* file = sources.get(path)) files.insert(file);
    for (const auto* file : files) check_file(sources, *file);
    for (const auto& path : wanted.runbooks) {
        const SourceFile* runbook = sources.get(path);
        if (!runbook) continue;
        check_declarations(sources, *runbook);
        check_targets(sources, *runbook, environment);
    }
    if (wanted.all) check_other_files(sources);
    if (environment) check_defaults(sources, *environment);
}

// Approvals that nobody could give would be waited for for ever.
void check_approvals(Sources& sources, const Environment& environment, const People& people) {
    if (!people.any()) return;
    for (const auto& [role, rule] : environment.policy.approvals) {
        const auto able = people.eligible(rule, "");
        const auto needed = static_cast<std::size_t>(rule.count) + (rule.not_starter ? 1 : 0);
        if (able.size() >= needed) continue;
        const std::string who = able.empty() ? "nobody" : "only " + listed(able);
        sources.findings.push_back(
            placed(show(rule.place) + ": policy.approvals." + role + " needs " +
                       std::to_string(rule.count) + " of " + listed(rule.from) +
                       (rule.not_starter ? " besides who starts the run" : "") + ", and " + who +
                       " in people.yaml could approve" +
                       (people.know_keys() ? " (a person without a key cannot)" : "") +
                       ". Give more people the role" + (people.know_keys() ? " and a key." : "."),
                   environment.files.front(), Severity::warning));
    }
}

void sort_findings(std::vector<Diagnostic>& findings) {
    const auto order = [](const Diagnostic& one) {
        return std::make_tuple(std::string_view(one.file), one.position.line, one.position.column,
                               std::string_view(one.message));
    };
    std::stable_sort(findings.begin(), findings.end(),
                     [&](const Diagnostic& left, const Diagnostic& right) {
                         return order(left) < order(right);
                     });
    const auto same = [&](const Diagnostic& left, const Diagnostic& right) {
        return order(left) == order(right);
    };
    findings.erase(std::unique(findings.begin(), findings.end(), same), findings.end());
}

Value value_of(const Diagnostic& found) {
    Value value;
    value.set("file", found.file).set("line", static_cast<int>(found.position.line));
    value.set("column", static_cast<int>(found.position.column)).set("code", found.code);
    value.set("severity", found.severity == Severity::error ? "error" : "warning");
    return value.set("message", found.message);
}

int tell(const Invocation& invocation, std::vector<Diagnostic>& findings, std::size_t runbooks) {
    sort_findings(findings);
    std::size_t errors = 0;
    List listed;
    for (const auto& found : findings) {
        errors += found.severity == Severity::error;
        if (invocation.json())
            listed.push_back(value_of(found));
        else
            put(visible(syntax::show_diagnostic(found), false) + "\n");
    }
    if (invocation.json()) put_json(listed);
    const auto count = [](std::size_t number, const std::string& one) {
        return std::to_string(number) + " " + one + (number == 1 ? "" : "s");
    };
    if (!invocation.json())
        say(findings.empty()
                ? count(runbooks, "runbook") + " checked: nothing is wrong."
                : count(errors, "error") + ", " + count(findings.size() - errors, "warning") +
                      " in " + count(runbooks, "runbook") + ".");
    return errors > 0 ? exit_usage : exit_done;
}

}  // namespace

int execute_check(const Invocation& invocation) {
    const auto library = library_of(invocation);
    if (!library) return report_error(invocation, library.error());
    const auto wanted = wanted_runbooks(invocation, *library);
    if (!wanted) return report_error(invocation, wanted.error());
    Sources sources(*library);
    for (const auto& warning : library->warnings)
        sources.findings.push_back(placed(warning, "perilune.yaml", Severity::warning));
    const auto people = People::of(*library);
    if (!people) add_error(sources.findings, people.error(), std::string(people_file));
    std::optional<Environment> environment;
    if (invocation.has("--environment")) {
        const std::string name = invocation.get("--environment");
        const auto path = find_environment(*library, name);
        if (!path) return report_error(invocation, path.error());
        auto loaded = load_environment(*library, name, host_setup(invocation).known_drivers);
        if (!loaded) {
            add_error(sources.findings, loaded.error(), *path);
        } else {
            environment = std::move(*loaded);
            for (const auto& warning : environment->warnings)
                sources.findings.push_back(placed(warning, *path, Severity::warning));
            if (people) check_approvals(sources, *environment, *people);
        }
    }
    check_library(sources, *wanted, environment ? &*environment : nullptr);
    return tell(invocation, sources.findings, wanted->runbooks.size());
}

}  // namespace perilune
