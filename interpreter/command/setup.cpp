// Where things are: the state folder, the library, the helper programs.
#include <cstdlib>
#include <filesystem>

#include "bindings/table.h"
#include "interpreter/base/files.h"
#include "interpreter/command/known_drivers.h"
#include "interpreter/command/secret_fetch.h"
#include "interpreter/command/session.h"

namespace perilune {

std::string state_folder(const Invocation& invocation) {
    const auto given = [](const char* name) {
        const char* value = std::getenv(name);
        return value ? std::string(value) : std::string();
    };
    std::string folder = invocation.get("--state", given("PERILUNE_STATE"));
    if (folder.empty()) {
        std::string base = given("XDG_STATE_HOME");
        const std::string home = given("HOME");
        if (base.empty()) base = home.empty() ? "/var/lib" : home + "/.local/state";
        folder = base + "/perilune";
    }
    return std::filesystem::absolute(folder).lexically_normal().string();
}

Result<Library> library_of(const Invocation& invocation) {
    if (invocation.has("--library")) return open_library(invocation.get("--library"));
    return find_library(std::filesystem::current_path().string());
}

HostSetup host_setup(const Invocation& invocation) {
    HostSetup setup;
    setup.state_folder = state_folder(invocation);
    setup.worker_program = helper_program("perilune-worker");
    // The helper programs lie together: beside this one in a build, below libexec where installed.
    setup.program_folder = std::filesystem::path(setup.worker_program).parent_path().string();
    setup.families = all_families();
    setup.known_drivers = known_drivers(setup.worker_program);
    setup.secrets = make_secret_fetch;
    setup.secrets_of_driver = fetch_from_driver;
    return setup;
}

}  // namespace perilune
