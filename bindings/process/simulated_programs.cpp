#include "bindings/process/simulated_programs.h"

#include <algorithm>
#include <array>
#include <csignal>

namespace perilune {

namespace {

constexpr std::array known_settings = {"path",   "arguments",   "effect",
                                       "folder", "environment", "variables",
                                       "input",  "output_max",  "expect_exit"};

// A workflow of a remote driver has settings of its own, and no path.
Value as_local(const Value& programs) {
    Value made;
    made.as_map();
    for (const auto& [name, settings] : programs.map()) {
        Value one;
        one.set("path", "/simulated/" + name);
        for (const char* setting : known_settings)
            if (settings.has(setting)) one.set(setting, settings[setting]);
        made.set(name, std::move(one));
    }
    return made;
}

void replace(std::string& text, const std::string& what, const std::string& with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
}

std::string joined(const Value& arguments) {
    std::string line;
    for (const auto& argument : arguments.list())
        line += (&argument == &arguments.list().front() ? "" : " ") + argument.text();
    return line;
}

// The newest bytes, as a keeper keeps them.
std::string newest(std::string text, std::size_t most, bool& truncated) {
    if (text.size() <= most) return text;
    truncated = true;
    return text.substr(text.size() - most);
}

}  // namespace

KeptStatus SimulatedExecution::at(double now) const {
    KeptStatus seen = status;
    if (seen.state == KeptStatus::State::refused) return seen;
    const bool stopped = stopped_at < ends_at;
    const double end = std::min(stopped_at, ends_at);
    if (now < end || lost) {
        seen.state = KeptStatus::State::running;
        return seen;
    }
    seen.state = KeptStatus::State::ended;
    seen.took_s = end - seen.started_at;
    seen.stopped = stopped;
    if (stopped) seen.exit_code = stopped_with;
    return seen;
}

SimulatedPrograms::SimulatedPrograms(const Settings& settings)
    : target(settings.target), folder(settings.folder) {
    auto read = read_declared(as_local(settings.values["programs"]), folder);
    if (read) declared = std::move(*read);
}

Status SimulatedPrograms::declare(const Value& arguments) {
    const std::string& name = arguments["name"].text();
    if (name.empty()) return fail("bad_argument", "A program that is declared needs a name.");
    Value settings = arguments;
    settings.set("name", Value());
    if (!settings.has("arguments")) settings.set("arguments", "any");
    auto read = read_declared(as_local(Value().set(name, settings)), folder);
    if (!read) return read.error();
    declared.insert_or_assign(name, std::move(read->at(name)));
    return Done{};
}

Status SimulatedPrograms::set_program(const Value& arguments) {
    SimulatedProgram made;
    made.name = arguments["name"].text();
    if (!declared.contains(made.name))
        return fail("not_declared", "The target " + target + " declares no program \"" + made.name +
                                        "\"; the control `declare` adds one.");
    made.exit_code = static_cast<int>(arguments["exit_code"].integer());
    made.output = arguments["output"].text();
    made.errors = arguments["errors"].text();
    if (arguments.has("takes_s")) made.takes_s = arguments["takes_s"].number();
    made.hangs = arguments["hangs"].boolean();
    made.stubborn = arguments["stubborn"].boolean();
    made.refused = arguments["refused"].boolean();
    if (arguments.has("times")) made.times = static_cast<int>(arguments["times"].integer());
    if (made.times < 0)
        std::erase_if(scripts_, [&](const SimulatedProgram& other) {
            return other.times < 0 && other.name == made.name;
        });
    scripts_.push_back(std::move(made));
    return Done{};
}

SimulatedProgram SimulatedPrograms::take_script(const std::string& name) {
    SimulatedProgram found;
    found.name = name;
    // Those for some starts go first, in the order in which they were given.
    for (auto& script : scripts_) {
        if (script.name != name) continue;
        found = script;
        if (script.times < 0) continue;
        --script.times;
        break;
    }
    std::erase_if(scripts_, [](const SimulatedProgram& script) { return script.times == 0; });
    return found;
}

Result<SimulatedExecution> SimulatedPrograms::start(const DeclaredProgram& program,
                                                    const Call& call) {
    const auto invocation = make_invocation(program, call);
    if (!invocation) return invocation.error();
    const SimulatedProgram script = take_script(program.name);
    const double now = wall_now_s();
    SimulatedExecution made;
    made.stubborn = script.stubborn;
    KeptStatus& status = made.status;
    status.state = KeptStatus::State::running;
    status.label = call.key;
    status.pid = ++last_pid_;
    status.started_at = now;
    status.note.set("program", program.name).set("arguments", call.arguments["arguments"]);
    note_secrets(status.note, program, call);
    if (script.refused) {
        status.state = KeptStatus::State::refused;
        status.error = "The program " + program.path + " could not be started.";
        return made;
    }
    ++counts_[program.name];
    status.exit_code = script.exit_code;
    auto most = program.output_max;
    if (call.arguments.has("output_max"))
        most = std::min(most, static_cast<std::size_t>(call.arguments["output_max"].integer()));
    status.output = script.output;
    replace(status.output, "{arguments}", joined(call.arguments["arguments"]));
    replace(status.output, "{input}", invocation->input);
    status.output = newest(std::move(status.output), most, status.truncated);
    status.errors = newest(script.errors, most, status.truncated);
    if (!script.hangs) made.ends_at = now + script.takes_s;
    return made;
}

void SimulatedPrograms::stop(SimulatedExecution& execution, double grace_s) const {
    const double now = wall_now_s();
    if (execution.at(now).over()) return;
    execution.stopped_at = now + (execution.stubborn ? grace_s : 0);
    execution.stopped_with = 128 + (execution.stubborn ? SIGKILL : SIGTERM);
}

void SimulatedPrograms::reboot() {
    for (auto* executions : {&runs, &started})
        for (auto& [key, execution] : *executions)
            if (!execution.at(wall_now_s()).over()) execution.lost = true;
}

Value SimulatedPrograms::look() const {
    const auto shown = [](const SimulatedExecution& execution) {
        const KeptStatus status = execution.at(wall_now_s());
        Value one;
        one.set("program", status.note["program"]).set("arguments", status.note["arguments"]);
        one.set("at", status.started_at);
        one.set("state", execution.lost ? "lost" : status.over() ? "ended" : "running");
        if (status.over()) one.set("exit_code", status.exit_code);
        return one;
    };
    Value seen, keys, counts;
    keys.as_map();
    counts.as_map();
    std::vector<const SimulatedExecution*> all;
    for (const auto& [key, execution] : runs) all.push_back(&execution);
    std::sort(all.begin(), all.end(), [](const auto* one, const auto* other) {
        return one->status.pid < other->status.pid;
    });
    List list;
    for (const auto* execution : all) list.push_back(shown(*execution));
    for (const auto& [key, execution] : started) keys.set(key, shown(execution));
    for (const auto& [name, count] : counts_) counts.set(name, count);
    return seen.set("runs", std::move(list)).set("started", keys).set("counts", counts);
}

}  // namespace perilune
