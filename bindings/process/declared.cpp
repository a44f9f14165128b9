#include "bindings/process/declared.h"

#include <cctype>
#include <cmath>

#include "bindings/process/variables.h"
#include "interpreter/base/files.h"
#include "interpreter/base/suggest.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

const std::vector<std::string> known_settings = {"path",   "arguments",   "effect",
                                                 "folder", "environment", "variables",
                                                 "input",  "output_max",  "expect_exit"};

Error wrong(const std::string& program, const std::string& message) {
    return fail("bad_setting", "The program " + program + " under `programs`: " + message);
}

Status read_rules(DeclaredProgram& program, const Value& arguments) {
    if (arguments.is_text() && arguments.text() == "any") {
        program.any_arguments = true;
        return Done{};
    }
    if (!arguments.is_list())
        return wrong(program.name,
                     "`arguments` must be \"any\" or a list of exact texts and "
                     "/patterns/.");
    for (const auto& text : arguments.list()) {
        if (!text.is_text()) return wrong(program.name, "each of `arguments` must be text.");
        auto rule = ArgumentRule::parse(text.text());
        if (!rule) return wrong(program.name, rule.error().message);
        program.arguments.push_back(std::move(*rule));
    }
    return Done{};
}

Status read_environment(DeclaredProgram& program, const Value& environment) {
    if (!environment.is_map())
        return wrong(program.name, "`environment` must be a map of names to texts or secrets.");
    for (auto [name, value] : environment.map()) {
        if (const std::string reason = refuse_variable(name); !reason.empty())
            return wrong(program.name, reason);
        if (value.is_number() && value.number() == std::floor(value.number()))
            value = std::to_string(value.integer());
        if (!value.is_text() && !value.is_secret())
            return wrong(program.name, "the variable " + name + " must be text or a secret.");
        program.environment.emplace(name, value);
    }
    return Done{};
}

Status read_exits(DeclaredProgram& program, const Value& codes) {
    const List list = codes.is_number() ? List{codes} : codes.list();
    for (const auto& code : list) {
        if (!code.is_number() || code.integer() < 0 || code.integer() > 255)
            return wrong(program.name, "`expect_exit` must be exit codes from 0 to 255.");
        program.expect_exit.push_back(static_cast<int>(code.integer()));
    }
    if (list.empty()) return wrong(program.name, "`expect_exit` must be a number or a list.");
    return Done{};
}

Status read_variables(DeclaredProgram& program, const Value& names) {
    if (!names.is_list())
        return wrong(program.name, "`variables` must be a list of the names a runbook may set.");
    for (const auto& name : names.list()) {
        if (const std::string reason = refuse_variable(name.text()); !reason.empty())
            return wrong(program.name, reason);
        program.variables.push_back(name.text());
    }
    return Done{};
}

Status read_one(DeclaredProgram& program, const Value& settings, const std::string& folder) {
    if (!settings.is_map()) return wrong(program.name, "it must be a map with at least `path`.");
    for (const auto& [name, value] : settings.map())
        if (std::find(known_settings.begin(), known_settings.end(), name) == known_settings.end())
            return wrong(program.name, "there is no setting `" + name + "`." +
                                           did_you_mean(name, known_settings));
    program.path = settings["path"].text();
    if (!program.path.starts_with('/'))
        return wrong(program.name, "`path` must be an absolute path.");
    const std::string effect = settings.has("effect") ? settings["effect"].text() : "change";
    if (effect != "observe" && effect != "change")
        return wrong(program.name, "`effect` must be observe or change.");
    program.effect = effect == "observe" ? Effect::observe : Effect::change;
    if (settings.has("input") && !settings["input"].is_boolean())
        return wrong(program.name, "`input` must be true or false.");
    program.input = settings["input"].boolean();
    if (settings.has("folder")) program.folder = path_below(folder, settings["folder"].text());
    if (settings.has("output_max")) {
        const auto size = convert(Type::size, settings["output_max"], "`output_max`");
        if (!size) return wrong(program.name, size.error().message);
        program.output_max = static_cast<std::size_t>(size->number());
    }
    Status read = Done{};
    if (settings.has("arguments")) read = read_rules(program, settings["arguments"]);
    if (read && settings.has("environment"))
        read = read_environment(program, settings["environment"]);
    if (read && settings.has("variables")) read = read_variables(program, settings["variables"]);
    if (read && settings.has("expect_exit")) read = read_exits(program, settings["expect_exit"]);
    return read;
}

bool allows(const DeclaredProgram& program, const std::string& argument) {
    return program.any_arguments ||
           std::any_of(program.arguments.begin(), program.arguments.end(),
                       [&](const ArgumentRule& rule) { return rule.fits(argument); });
}

Status add_variable(std::map<std::string, std::string>& made, const std::string& name,
                    const Value& value, const Call& call) {
    const auto opened =
        value.is_secret() ? call.open_secret(value) : Result<std::string>(value.text());
    if (!opened) return opened.error();
    if (opened->find('\0') != std::string::npos)
        return fail("bad_argument", "The value of the variable " + name + " holds a NUL byte.");
    made.insert_or_assign(name, *opened);
    return Done{};
}

}  // namespace

Result<DeclaredPrograms> read_declared(const Value& programs, const std::string& folder) {
    if (!programs.is_map())
        return fail("bad_setting", "`programs` must be a map of names to programs.");
    DeclaredPrograms declared;
    for (const auto& [name, settings] : programs.map()) {
        DeclaredProgram program;
        program.name = name;
        if (const auto read = read_one(program, settings, folder); !read) return read.error();
        declared.emplace(name, std::move(program));
    }
    return declared;
}

Result<const DeclaredProgram*> permit(const DeclaredPrograms& programs, const Call& call) {
    const std::string& name = call.arguments["program"].text();
    const auto found = programs.find(name);
    if (found == programs.end()) {
        std::vector<std::string> names;
        for (const auto& [known, program] : programs) names.push_back(known);
        return fail("not_declared", "The target " + call.target + " declares no program \"" + name +
                                        "\" under `programs`." + did_you_mean(name, names));
    }
    const DeclaredProgram& program = found->second;
    const std::string whose = "The program " + name + " of " + call.target;
    if (call.operation == "inspect" && program.effect != Effect::observe)
        return fail("not_permitted", whose + " is not declared with `effect: observe`: use run.");
    for (const auto& argument : call.arguments["arguments"].list())
        if (!allows(program, argument.text()))
            return fail("not_permitted", whose + " does not allow the argument \"" +
                                             argument.text().substr(0, 200) +
                                             "\": no rule of its `arguments` fits.");
    for (const auto& [variable, value] : call.arguments["environment"].map())
        if (std::find(program.variables.begin(), program.variables.end(), variable) ==
            program.variables.end())
            return fail("not_permitted", whose + " takes no variable " + variable +
                                             " from a runbook: it is not in its `variables`.");
    if (call.arguments.has("input") && !program.input)
        return fail("not_permitted", whose +
                                         " takes no input: its declaration says no "
                                         "`input: true`.");
    return &program;
}

Result<ProgramInvocation> make_invocation(const DeclaredProgram& program, const Call& call) {
    ProgramInvocation made;
    made.argv = {program.path};
    for (const auto& argument : call.arguments["arguments"].list())
        made.argv.push_back(argument.text());
    std::map<std::string, std::string> variables = {{"PATH", "/usr/bin:/bin"}, {"LANG", "C.UTF-8"}};
    for (const auto* source : {&program.environment, &call.arguments["environment"].map()})
        for (const auto& [name, value] : *source)
            if (const auto added = add_variable(variables, name, value, call); !added)
                return added.error();
    for (const auto& [name, value] : variables) made.environment.push_back(name + "=" + value);
    const Value& input = call.arguments["input"];
    const auto opened =
        input.is_secret() ? call.open_secret(input) : Result<std::string>(input.text());
    if (!opened) return opened.error();
    made.input = *opened;
    return made;
}

void note_secrets(Value& note, const DeclaredProgram& program, const Call& call) {
    List handles;
    const auto add = [&](const Value& value) {
        if (value.is_secret()) handles.push_back(value);
    };
    for (const auto* source : {&program.environment, &call.arguments["environment"].map()})
        for (const auto& [name, value] : *source) add(value);
    add(call.arguments["input"]);
    if (!handles.empty()) note.set("secrets", std::move(handles));
}

Status open_noted(const Value& note, const Call& call) {
    for (const auto& handle : note["secrets"].list())
        if (const auto opened = call.open_secret(handle); !opened)
            return fail("secret_missing",
                        "What the program " + note["program"].text() + " of " + call.target +
                            " printed may hold " + show_secret(*handle.secret()) +
                            ", which is opened to leave it out: " + opened.error().message,
                        Retry::safe);
    return Done{};
}

Value without_secrets(const Value& note) {
    Map rest = note.map();
    rest.erase("secrets");
    return rest;
}

}  // namespace perilune
