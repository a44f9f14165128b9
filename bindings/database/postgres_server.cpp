#include "bindings/database/postgres_server.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

namespace perilune {

namespace {

namespace fs = std::filesystem;

constexpr const char* stops_within_s = "60";
constexpr const char* starts_within_s = "600";

std::string version_of(const std::string& data) {
    const auto read = read_file(data + "/PG_VERSION", 64);
    if (!read) return {};
    return read->substr(0, read->find('\n'));
}

// The programs of the server's own version: another one refuses its data.
std::string programs_for(const PostgresTarget& target, const std::string& version) {
    if (!target.programs.empty()) return target.programs;
    for (const std::string& folder : {"/usr/lib/postgresql/" + version + "/bin",
                                      "/usr/pgsql-" + version + "/bin", std::string("/usr/bin")})
        if (::access((folder + "/pg_ctl").c_str(), X_OK) == 0) return folder;
    return "/usr/lib/postgresql/" + version + "/bin";
}

// The postmaster's number; 0 where none is at work in the folder. A file that a crash left may name
// a number that is somebody else's now.
int postmaster_of(const LocalServer& server) {
    const auto text = read_file(server.data + "/postmaster.pid", 4096);
    const int pid = text ? static_cast<int>(std::strtol(text->c_str(), nullptr, 10)) : 0;
    if (pid <= 0) return 0;
    std::error_code code;
    const auto folder = fs::read_symlink("/proc/" + std::to_string(pid) + "/cwd", code);
    return !code && folder == server.data ? pid : 0;
}

}  // namespace

Result<LocalServer> find_local_server(const PostgresTarget& target, const std::string& doing) {
    if (target.data.empty())
        return fail("not_supported",
                    doing +
                        " needs its server's data folder. Where the server runs on this machine, "
                        "name it with the setting `data`.");
    std::error_code code;
    const std::string data = fs::canonical(target.data, code).string();
    struct stat found {};
    const std::string version = code ? "" : version_of(data);
    if (version.empty() || ::stat(data.c_str(), &found) != 0)
        return fail("not_found", doing + ": " + target.data +
                                     " is no data folder of a PostgreSQL server that this user can "
                                     "read. See the setting `data`.");
    if (::geteuid() != 0 && ::geteuid() != found.st_uid)
        return fail("not_allowed", doing + ": its data folder " + data +
                                       " belongs to another user. Be that user, or root.");
    if (found.st_uid == 0)
        return fail("not_allowed", doing + ": its data folder " + data +
                                       " belongs to root, and PostgreSQL refuses to run as root.");
    return LocalServer{.target = target.target,
                       .data = data,
                       .config_file = target.config_file,
                       .programs = programs_for(target, version),
                       .owner = found.st_uid,
                       .group = found.st_gid};
}

Result<std::string> run_beside(const LocalServer& server, std::vector<std::string> command,
                               const StreamWatch& watch, std::vector<std::string> environment) {
    const auto program = find_postgres_program(server.programs, command.at(0));
    if (!program) return program.error();
    // A second one must not work on the folder beside one that outlived its host.
    std::vector<std::string> argv = {"/usr/bin/setpriv"};
    if (::geteuid() == 0)
        argv.insert(argv.end(), {"--reuid", std::to_string(server.owner), "--regid",
                                 std::to_string(server.group), "--init-groups"});
    argv.insert(argv.end(), {"--pdeathsig", "TERM", "--", *program});
    argv.insert(argv.end(), command.begin() + 1, command.end());
    environment.insert(environment.end(), {"LC_ALL=C", "PATH=/usr/bin:/bin"});
    std::string printed;
    auto started = PipedProgram::start(std::move(argv), std::move(environment),
                                       [&printed](std::string_view bytes) -> Status {
                                           printed += bytes;
                                           return Done{};
                                       },
                                       watch, {.folder = "/"});
    if (!started) return started.error();
    const auto ended = (*started)->finish();
    if (!ended) return ended.error();
    return printed;
}

bool is_running(const LocalServer& server) { return postmaster_of(server) != 0; }

Status stop_server(const LocalServer& server, const StreamWatch& watch) {
    for (const char* mode : {"fast", "immediate"}) {
        if (!is_running(server)) return Done{};
        const auto stopped = run_beside(
            server, {"pg_ctl", "stop", "-D", server.data, "-m", mode, "-w", "-t", stops_within_s},
            watch);
        if (!is_running(server)) return Done{};
        if (!stopped && std::string(mode) == "immediate") return stopped.error();
    }
    return fail("program_failed", "Stopping the server of " + server.target + " in " + server.data +
                                      " did not end it. See its log, and end it by hand.");
}

Status start_server(const LocalServer& server, const StreamWatch& watch) {
    if (is_running(server)) return Done{};
    const std::string log = server.data + "/perilune_start.log";
    std::vector<std::string> command = {"pg_ctl", "start", "-D", server.data,     "-l",
                                        log,      "-w",    "-t", starts_within_s, "-s"};
    if (!server.config_file.empty())
        command.insert(command.end(), {"-o", "-c config_file='" + server.config_file + "'"});
    const auto started = run_beside(server, command, watch);
    if (started) return Done{};
    const auto said = read_file(log);
    std::string words = said ? *said : "";
    if (words.size() > 2000) words.erase(0, words.size() - 2000);
    return fail("program_failed", "Starting the server of " + server.target + " in " + server.data +
                                      ": " + started.error().message + " Its log: " + words);
}

Result<std::map<std::string, std::string>> read_control(const LocalServer& server,
                                                        const StreamWatch& watch) {
    const auto printed = run_beside(server, {"pg_controldata", "-D", server.data}, watch);
    if (!printed) return printed.error();
    std::map<std::string, std::string> control;
    std::size_t from = 0;
    while (from < printed->size()) {
        const auto end = std::min(printed->find('\n', from), printed->size());
        const std::string line = printed->substr(from, end - from);
        const auto colon = line.find(':');
        const auto value = line.find_first_not_of(' ', colon + 1);
        if (colon != std::string::npos && value != std::string::npos)
            control[line.substr(0, colon)] = line.substr(value);
        from = end + 1;
    }
    return control;
}

Status give_to_owner(const LocalServer& server, const std::string& path) {
    if (::geteuid() != 0) return Done{};
    std::vector<std::string> paths = {path};
    std::error_code code;
    for (const auto& entry : fs::recursive_directory_iterator(path, code))
        paths.push_back(entry.path());
    for (const auto& one : paths)
        if (::lchown(one.c_str(), server.owner, server.group) != 0)
            return fail("file_failed",
                        "Giving " + one + " to the server's user: " + std::strerror(errno) + ".");
    return Done{};
}

}  // namespace perilune
