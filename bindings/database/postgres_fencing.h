// What keeps writes off a PostgreSQL database: read from the server, put in force, and seen to
// hold.
#pragma once

#include <string>

#include "bindings/database/postgres_target.h"

namespace perilune {

// What the server's catalog says of one database's fence.
struct FenceFound {
    bool takes_connections = true;
    bool in_recovery = false;  // A replica's is what came from its primary.
    bool read_only = false;    // New sessions begin read-only.
    // Unix seconds, as text: sessions from before it were ended, and a write was seen to fail.
    // Empty where that is not known.
    std::string held_since;

    std::string how() const;  // "none", "read_only", "disconnect"
};

// Errors: not_found.
Awaitable<Result<FenceFound>> read_fence(PostgresTargetPointer target, Call& call,
                                         PostgresConnection& connection);

// What would go on writing in spite of a fence by "read_only"; empty where nothing would.
Awaitable<Result<std::string>> find_bypass(PostgresConnection& connection, std::string database);

// How many sessions are left that began before `held_since`, ours not counted; all where it is
// empty.
Awaitable<Result<double>> count_old_sessions(PostgresConnection& connection, std::string database,
                                             std::string held_since);

// Makes `how` be in force for new sessions, in one transaction in place of what was before.
Awaitable<Status> set_fence(Call& call, PostgresConnection& connection, std::string database,
                            std::string how, FenceFound found);

// The server's clock, in Unix seconds.
Awaitable<Result<std::string>> read_clock(PostgresConnection& connection);

// Ends the sessions that began until `moment` (all where it is empty), and waits until they are
// gone. Errors: fence_failed with who is left.
Awaitable<Status> end_old_sessions(PostgresTargetPointer target, Call& call,
                                   PostgresConnection& connection, std::string database,
                                   std::string moment);

// Writes down since when the fence holds, where the login may.
Awaitable<Status> write_held_since(PostgresConnection& connection, std::string database,
                                   std::string moment);

// Takes the fence away, and ends the sessions that began under it: one that began read-only stays
// so, and a pool would keep it for hours. `touched`: something was changed, also by an error.
Awaitable<Status> lift_fence(PostgresTargetPointer target, Call& call,
                             PostgresConnection& connection, FenceFound found, bool& touched);

// A connection to the database, or to another one of its server where a fence lets nobody in.
Awaitable<Result<PostgresPointer>> connect_past_fence(PostgresTargetPointer target, Call& call);

// Tries to write as a new session of the target's own login. Errors: fence_failed.
Awaitable<Status> see_write_fail(PostgresTargetPointer target, Call& call, std::string how);

// Errors: read_only where a new session's transactions still cannot write.
Awaitable<Status> see_write_begin(PostgresTargetPointer target, Call& call);

}  // namespace perilune
