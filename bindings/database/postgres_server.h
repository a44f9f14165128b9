// A PostgreSQL server whose data folder lies on this machine, worked on by PostgreSQL's own
// programs as the folder's owner. All of it blocks: for use off the loop.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bindings/database/postgres_programs.h"
#include "bindings/database/postgres_target.h"

namespace perilune {

struct LocalServer {
    std::string target;       // "database/primary"
    std::string data;         // Absolute, links resolved.
    std::string config_file;  // Empty: in the data folder.
    std::string programs;     // Of the server's own version.
    unsigned owner = 0;
    unsigned group = 0;

    // The name of something of ours beside the data folder.
    std::string beside(const std::string& what) const { return data + ".perilune-" + what; }
};

// Errors: not_supported where the settings name no data folder, not_found, not_allowed.
Result<LocalServer> find_local_server(const PostgresTarget& target, const std::string& doing);

// Runs one program to its end, and gives what it printed. It ends with the host. Errors:
// no_program, program_failed.
Result<std::string> run_beside(const LocalServer& server, std::vector<std::string> command,
                               const StreamWatch& watch, std::vector<std::string> environment = {});

bool is_running(const LocalServer& server);

// Without waiting for clients; where that takes too long, without waiting for anything.
Status stop_server(const LocalServer& server, const StreamWatch& watch);
// Returns when it takes connections, read-only ones in the case of a replica.
Status start_server(const LocalServer& server, const StreamWatch& watch);

// What pg_controldata says, by its names: "Database system identifier".
Result<std::map<std::string, std::string>> read_control(const LocalServer& server,
                                                        const StreamWatch& watch);

// Gives a file or folder, and all in it, to the server's user.
Status give_to_owner(const LocalServer& server, const std::string& path);

}  // namespace perilune
