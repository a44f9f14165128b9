// A server's data folder made that of a replica: wound back to where its history left the new
// primary's, or copied anew. All of it blocks: for use off the loop.
#pragma once

#include <string>

#include "bindings/database/postgres_server.h"

namespace perilune {

struct NewPrimary {
    std::string target;
    PostgresAddress address;
    PostgresEndpoint endpoint;
    bool can_rewind = true;  // Its login may do what pg_rewind needs.
};

// Stops the server, brings its data to the primary's, and starts it as a replica. What is local to
// it stays: its configuration, certificates and keys. Doing it again after it was cut short is
// safe.
Status make_replica_of(const LocalServer& server, const NewPrimary& primary,
                       const StreamWatch& watch);

}  // namespace perilune
