// What the library holds: runbooks with their summaries and parameters, and environments.
#include "interpreter/command/learning.h"

#include "interpreter/command/output.h"
#include "interpreter/command/session.h"
#include "interpreter/command/sources.h"
#include "interpreter/library/environment.h"

namespace perilune {

namespace {

Value parameter_value(const ParameterDeclaration& parameter) {
    Value value;
    value.set("name", parameter.name).set("type", to_text(parameter.type));
    value.set("required", parameter.required).set("default", parameter.fallback);
    if (!parameter.choices.empty()) value.set("enum", parameter.choices);
    if (!parameter.help.empty()) value.set("help", parameter.help);
    return value;
}

Value runbook_value(const std::string& name, const std::string& path, const SourceFile* file) {
    Value value;
    value.set("name", name).set("file", path);
    if (!file || !file->facts.is_runbook()) return value.set("problem", "no_runbook");
    value.set("summary", declared_text(*file, "summary"));
    const auto declared = declared_parameters(*file);
    if (!declared || !declared->ok()) return value.set("parameters_known", false);
    List parameters;
    for (const auto& [key, parameter] : **declared)
        parameters.push_back(parameter_value(parameter));
    return value.set("parameters", parameters).set("parameters_known", true);
}

Value environment_value(const Library& library, const std::string& name, const std::string& path,
                        const KnownDrivers& drivers) {
    Value value;
    value.set("name", name).set("file", path);
    const auto loaded = load_environment(library, name, drivers);
    if (!loaded) return value.set("problem", loaded.error().message);
    List targets;
    for (const auto& [target, settings] : loaded->targets) targets.push_back(target);
    Map parameters;
    for (const auto& [runbook, given] : loaded->parameters) parameters.emplace(runbook, given);
    value.set("parameters", Value(std::move(parameters)));
    return value.set("kind", to_text(loaded->kind)).set("targets", targets);
}

void put_runbook(const std::string& name, const SourceFile* file) {
    if (!file || !file->facts.is_runbook()) {
        put("  " + name + "\n      is no runbook as it stands; see: perilune check " + name + "\n");
        return;
    }
    const std::string summary = declared_text(*file, "summary");
    std::string text = "  " + name + (summary.empty() ? "" : "  " + summary) + "\n";
    const auto declared = declared_parameters(*file);
    if (!declared) {
        text += "      Its parameters are known only when it is loaded.\n";
    } else if (!declared->ok()) {
        text += "      Its parameters are declared wrongly; see: perilune check " + name + "\n";
    } else {
        for (const auto& [key, parameter] : **declared)
            text += "      " + describe(parameter) + "\n";
    }
    put(visible(text));
}

}  // namespace

int execute_list(const Invocation& invocation) {
    const auto library = library_of(invocation);
    if (!library) return report_error(invocation, library.error());
    const KnownDrivers drivers = host_setup(invocation).known_drivers;
    Sources sources(*library);
    List runbooks;
    if (!invocation.json()) {
        put(library->name + " " + library->version + " in " + library->folder + "\n");
        if (!library->summary.empty()) put(visible(library->summary) + "\n");
        put("\nRunbooks\n");
    }
    for (const auto& [name, path] : library->runbooks) {
        const SourceFile* file = sources.get(path);
        if (invocation.json())
            runbooks.push_back(runbook_value(name, path, file));
        else
            put_runbook(name, file);
    }
    List environments;
    if (!invocation.json()) put("\nEnvironments\n");
    for (const auto& [name, path] : library->environments) {
        Value value = environment_value(*library, name, path, drivers);
        const std::string state = value.has("problem")
                                      ? "is wrong; see: perilune check --environment " + name
                                      : value["kind"].text();
        if (!invocation.json()) put("  " + name + "  " + state + "\n");
        environments.push_back(std::move(value));
    }
    if (!invocation.json()) return exit_done;
    Value told;
    told.set("name", library->name).set("version", library->version);
    told.set("folder", library->folder).set("runbooks", runbooks);
    put_json(told.set("environments", environments));
    return exit_done;
}

}  // namespace perilune
