// Another data folder in the place of a server's own: a base backup brought to a moment, or one
// that an earlier restore kept. All of it blocks: for use off the loop.
#pragma once

#include <string>

#include "bindings/database/postgres_server.h"

namespace perilune {

struct ServerRecovery {
    LocalServer server;
    std::string key;       // The call's: what was done for it is not done twice.
    std::string incoming;  // The folder that takes the place.
    std::string kept;      // What the folder that had it is then called.
    std::string base;      // The base backup to copy to `incoming`; empty: it is there.
    std::string archive;
    double at_s = 0;
};

// What the data folder says of the restore that it came from: `key`, and at its end `value`.
Value read_restored(const LocalServer& server);
Status write_restored(const LocalServer& server, const Value& said);

// Copies and checks a base backup, stops the server, exchanges the folders and starts it again;
// recovery may then still be going on. Doing it again after it was cut short is safe.
Status take_place(ServerRecovery& recovery, const StreamWatch& watch);

// Gives the server back what it had. True: it has it; false: it never lost it.
Result<bool> put_back(const ServerRecovery& recovery, const StreamWatch& watch);

// The last words of the server's log of this start.
std::string last_start_words(const LocalServer& server);

}  // namespace perilune
