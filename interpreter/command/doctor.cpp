#include "interpreter/command/doctor.h"

#include <algorithm>

#include "interpreter/base/units.h"
#include "interpreter/command/check.h"
#include "interpreter/command/output.h"
#include "interpreter/command/secret_fetch.h"
#include "interpreter/command/session.h"
#include "interpreter/command/stored_runs.h"

namespace perilune {

namespace {

using State = Examined::State;

// What a runbook, or the whole environment, will need.
struct Needs {
    std::vector<std::string> targets;
    std::vector<std::string> secrets;
    WantedByTarget changes;
};

void add_unique(std::vector<std::string>& all, const std::string& name) {
    if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
}

void add_changes(const syntax::Facts& facts, const Environment& environment, Needs& needs) {
    for (const auto& declared : facts.targets) {
        WantedChanges& wanted = needs.changes[declared.key];
        for (const auto& change : declared.changes) wanted.names.insert(change.name);
        wanted.any = wanted.any || !declared.complete;
    }
    if (facts.targets_complete) return;
    for (const auto& [target, settings] : environment.targets) needs.changes[target].any = true;
}

// A runbook whose targets cannot be told from its file may need any of them.
void needs_of_runbook(Sources& sources, const std::string& path, const Environment& environment,
                      Needs& needs, Examination& all) {
    Examined examined{.what = sources.library().name + " " + runbook_name(path)};
    const SourceFile* file = sources.get(path);
    for (const auto* part : sources.with_modules(path)) {
        check_file(sources, *part);
        for (const auto* call : part->facts.named("secret"))
            if (call->known) add_unique(needs.secrets, call->name);
    }
    if (file) {
        check_declarations(sources, *file);
        check_targets(sources, *file, &environment);
        for (const auto& target : file->facts.targets) add_unique(needs.targets, target.key);
        add_changes(file->facts, environment, needs);
    }
    if (!file || !file->facts.targets_complete)
        for (const auto& [target, settings] : environment.targets)
            add_unique(needs.targets, target);
    const auto errors =
        std::count_if(sources.findings.begin(), sources.findings.end(),
                      [](const auto& found) { return found.severity == syntax::Severity::error; });
    examined.found =
        errors == 0 ? "nothing is wrong with it" : std::to_string(errors) + " errors in it";
    if (errors > 0) {
        examined.state = State::problem;
        examined.advice =
            "See: perilune check " + runbook_name(path) + " --environment " + environment.name;
    }
    all.push_back(std::move(examined));
}

void add_secrets_of_targets(const Environment& environment, Needs& needs) {
    for (const auto& target : needs.targets) {
        const auto found = environment.targets.find(target);
        if (found == environment.targets.end()) continue;
        for (const auto& name : secret_names(found->second.settings.values))
            add_unique(needs.secrets, name);
    }
    std::sort(needs.secrets.begin(), needs.secrets.end());
}

Value value_of(const Examined& examined) {
    static constexpr std::string_view names[] = {"ok", "note", "problem"};
    Value value;
    value.set("what", examined.what).set("state", names[static_cast<int>(examined.state)]);
    value.set("found", examined.found);
    if (!examined.advice.empty()) value.set("advice", examined.advice);
    if (examined.took_s >= 0) value.set("took_s", examined.took_s);
    return value;
}

void put_table(const Examination& all) {
    using report::Tone;
    static constexpr Tone tones[] = {Tone::good, Tone::waits, Tone::bad};
    static constexpr std::string_view words[] = {"ok     ", "note   ", "PROBLEM"};
    report::Page page(data_style());
    std::size_t widest = 0;
    for (const auto& examined : all) widest = std::max(widest, examined.what.size());
    for (const auto& examined : all) {
        const int state = static_cast<int>(examined.state);
        std::string text = examined.found;
        if (examined.took_s >= 0) text += " (" + show_duration(examined.took_s) + ")";
        const std::string prefix = std::string(words[state]) + "  " +
                                   report::pad(examined.what, static_cast<int>(widest)) + "  ";
        page.add(prefix, text, tones[state]);
        if (!examined.advice.empty())
            page.add(std::string(prefix.size(), ' ') + "→ ", examined.advice, Tone::muted);
    }
    put_lines(page.lines());
}

int tell(const Invocation& invocation, const Examination& all) {
    bool problem = false;
    bool secret = false;
    List listed;
    for (const auto& examined : all) {
        problem = problem || examined.state == State::problem;
        secret = secret || (examined.state == State::problem && examined.secret);
        listed.push_back(value_of(examined));
    }
    if (invocation.json()) {
        Value told;
        put_json(told.set("ok", !problem).set("examined", listed));
    } else {
        put_table(all);
    }
    if (secret) return exit_credentials;
    return problem ? exit_failed : exit_done;
}

}  // namespace

int execute_doctor(const Invocation& invocation) {
    if (!invocation.has("--environment"))
        return report_error(invocation, fail("bad_argument",
                                             "Say which environment to examine: "
                                             "--environment NAME."));
    const auto library = library_of(invocation);
    if (!library) return report_error(invocation, library.error());
    const HostSetup setup = host_setup(invocation);
    const auto environment =
        load_environment(*library, invocation.get("--environment"), setup.known_drivers);
    if (!environment) return report_error(invocation, environment.error());
    Examination all;
    examine_machine(invocation, all);
    examine_worker(setup.worker_program, all);
    Needs needs;
    Sources sources(*library);
    if (invocation.has("RUNBOOK")) {
        const auto path = find_runbook(*library, invocation.get("RUNBOOK"));
        if (!path) return report_error(invocation, path.error());
        needs_of_runbook(sources, *path, *environment, needs, all);
    } else {
        for (const auto& [target, settings] : environment->targets) needs.targets.push_back(target);
        for (const auto& [name, path] : library->runbooks)
            if (const SourceFile* file = sources.get(path))
                add_changes(file->facts, *environment, needs);
    }
    add_secrets_of_targets(*environment, needs);
    const auto loop = Loop::make();
    Masker masker;
    SecretOpener opener(masker);
    if (!environment->secrets.provider.empty()) {
        auto fetch = setup.secrets(environment->secrets, *loop);
        if (!fetch) return report_error(invocation, fetch.error());
        opener.set_fetch(std::move(*fetch));
    }
    examine_secrets(needs.secrets, opener, all);
    examine_targets(*environment, needs.targets, needs.changes, invocation, opener, masker, all);
    return tell(invocation, all);
}

}  // namespace perilune
