#include "interpreter/command/drill_prepared.h"

#include <filesystem>
#include <fstream>

#include "interpreter/base/files.h"
#include "interpreter/base/json.h"
#include "interpreter/command/session.h"
#include "interpreter/drill/service_layout.h"
#include "interpreter/library/services.h"

namespace perilune {

namespace fs = std::filesystem;

Status PreparedDrill::find() {
    auto read = library_of(invocation_);
    if (!read) return read.error();
    library = std::move(*read);
    const auto path = find_runbook(library, "drills/" + invocation_.get("DRILL"));
    if (!path) return path.error();
    name = runbook_name(*path).substr(std::string_view("drills/").size());
    setup = host_setup(invocation_);
    return Done{};
}

// A drill that has begun: its folder and services.
Status PreparedDrill::take_up(const LeftDrill& left) {
    if (const auto found = find(); !found) return found;
    environment = left.environment;
    folder = left.folder;
    const auto text = read_file(folder + "/services.json");
    if (!text) return text.error();
    auto services = from_json(*text);
    if (!services) return services.error();
    setup.services = std::move(*services);
    setup.state_folder = folder + "/state";
    return load();
}

Status PreparedDrill::begin() {
    if (const auto found = find(); !found) return found;
    environment = invocation_.get("--environment", "drill");
    auto read = load_environment(library, environment, setup.known_drivers);
    if (!read) return read.error();
    if (read->kind != EnvironmentKind::drill)
        return fail("denied", "The environment " + environment + " is of kind " +
                                  std::string(to_text(read->kind)) +
                                  ". A drill breaks things for real: only environments that "
                                  "say kind: drill are drilled in.");
    subject.id = make_run_id(wall_now_s());
    folder = setup.state_folder + "/drills/" + subject.id;
    std::error_code code;
    fs::create_directories(folder + "/services", code);
    if (code) return fail("bad_folder", folder + " cannot be made: " + code.message() + ".");
    auto layout = lay_out_services(library, *read, folder + "/services");
    if (!layout) return layout.error();
    setup.services = layout->services;
    setup.state_folder = folder + "/state";
    std::ofstream file(folder + "/services.json");
    file << to_json(setup.services);
    file.close();
    if (!file) return fail("bad_folder", folder + "/services.json cannot be written.");
    return load();
}

// The facts of a file, by loading it in a worker.
Result<Prepared> PreparedDrill::facts_of(const std::string& runbook) {
    Result<Prepared> made = fail("bug", "The runbook was not loaded.");
    host->loop().post([&] {
        host->prepare(library, environment, runbook, [&](Result<Prepared> prepared) {
            made = std::move(prepared);
            host->loop().stop();
        });
    });
    host->loop().run();
    return made;
}

Status PreparedDrill::load() {
    host = std::make_unique<Host>(setup, watcher_);
    if (const auto opened = host->open(); !opened) return opened.error();
    const auto drill = facts_of("drills/" + name);
    if (!drill) return drill.error();
    const ServiceValue value_of = service_values(setup.services);
    auto read = read_drill(name, drill->facts,
                           [&](const Value& value) { return fill_services(value, value_of); });
    if (!read) return read.error();
    plan = std::move(*read);
    if (plan.environment != environment)
        return fail("bad_argument", "drills/" + name + " is of the environment " +
                                        plan.environment + ". Execute it with: perilune drill " +
                                        name + " --environment " + plan.environment);
    const auto runbook = facts_of(plan.runbook);
    if (!runbook) return runbook.error();
    auto objectives = read_objectives(runbook->facts["objectives"]);
    if (!objectives) return objectives.error();
    subject.objectives = std::move(*objectives);
    subject.library = library.name;
    subject.library_version = library.version;
    subject.who = current_person();
    return Done{};
}

}  // namespace perilune
