// Where things are: the state folder, the library, the helper programs.
#include <array>
#include <cstdlib>
#include <filesystem>

#include <unistd.h>

#include "bindings/table.h"
#include "interpreter/base/files.h"
#include "interpreter/command/secret_fetch.h"
#include "interpreter/command/session.h"

namespace perilune {

namespace {

std::string program_folder() {
    std::array<char, 4096> path{};
    const auto size = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
    if (size <= 0) return ".";
    return std::filesystem::path(std::string(path.data(), static_cast<std::size_t>(size)))
        .parent_path()
        .string();
}

std::string helper_program(const std::string& folder, const std::string& name) {
    const std::string beside = folder + "/" + name;
    if (::access(beside.c_str(), X_OK) == 0) return beside;
    return folder + "/../libexec/perilune/" + name;
}

}  // namespace

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
    setup.worker_program = helper_program(program_folder(), "perilune-worker");
    // The helper programs lie together: beside this one in a build, below libexec where installed.
    setup.program_folder = std::filesystem::path(setup.worker_program).parent_path().string();
    setup.families = all_families();
    setup.known_drivers.find = find_driver;
    setup.known_drivers.names = driver_names;
    setup.known_drivers.find_secrets = find_secret_provider;
    setup.secrets = make_secret_fetch;
    return setup;
}

}  // namespace perilune
