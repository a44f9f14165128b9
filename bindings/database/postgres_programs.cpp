#include "bindings/database/postgres_programs.h"

#include <algorithm>
#include <filesystem>

#include <unistd.h>

namespace perilune {

namespace {

namespace fs = std::filesystem;

// The folders in which packages keep a version's programs, the newest version first.
std::vector<std::string> version_folders() {
    std::vector<std::pair<double, std::string>> found;
    std::error_code code;
    for (const auto& [parent, before] :
         {std::pair<std::string, std::string>{"/usr/lib/postgresql", ""}, {"/usr", "pgsql-"}})
        for (const auto& entry : fs::directory_iterator(parent, code)) {
            const std::string name = entry.path().filename();
            if (!name.starts_with(before)) continue;
            const double version = std::strtod(name.c_str() + before.size(), nullptr);
            if (version > 0) found.emplace_back(version, (entry.path() / "bin").string());
        }
    std::sort(found.rbegin(), found.rend());
    std::vector<std::string> folders;
    folders.reserve(found.size() + 2);
    for (auto& [version, folder] : found) folders.push_back(std::move(folder));
    folders.insert(folders.end(), {"/usr/local/bin", "/usr/bin"});
    return folders;
}

}  // namespace

Result<std::string> find_postgres_program(const std::string& folder, const std::string& name) {
    const auto folders = folder.empty() ? version_folders() : std::vector<std::string>{folder};
    for (const auto& one : folders)
        if (::access((one + "/" + name).c_str(), X_OK) == 0) return one + "/" + name;
    return fail("no_program",
                "PostgreSQL's program " + name + " is not " +
                    (folder.empty() ? "installed here" : "in the folder " + folder) +
                    ". Install postgresql-client of the server's version or a newer one, or name "
                    "its folder with the setting `programs`.");
}

std::vector<std::string> login_of(const PostgresAddress& address,
                                  const PostgresEndpoint& endpoint) {
    ConnectionParameters parameters = address.parameters;
    parameters.erase("target_session_attrs");
    parameters["host"] = endpoint.host;
    parameters["hostaddr"] = endpoint.address;
    parameters["port"] = endpoint.port;
    if (endpoint.address.empty()) parameters.erase("hostaddr");
    auto variables = environment_of(parameters);
    variables.insert(variables.end(), {"LC_ALL=C", "PATH=/usr/bin:/bin"});
    if (const char* home = std::getenv("HOME")) variables.push_back(std::string("HOME=") + home);
    return variables;
}

}  // namespace perilune
