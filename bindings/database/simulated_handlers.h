// The operations of a simulated database, by what they do. Those that are not here are the ones of
// the driver sqlite, whose connection is to memory.
#pragma once

#include "bindings/database/simulated_server.h"
#include "bindings/database/sqlite_target.h"

namespace perilune {

// How long the work of a server takes beside its answer.
struct ServerPace {
    double backup_s = 0.5;
    double restore_s = 0.5;
};

// What every handler of one host shares.
struct SimulatedHost {
    std::shared_ptr<SqliteTarget> target;
    std::shared_ptr<SimulatedServer> server;
    std::shared_ptr<const ServerPace> pace;
    // The server of another target; null where there is none.
    std::function<std::shared_ptr<SimulatedServer>(const std::string& target)> server_of;
};
using HostPointer = std::shared_ptr<const SimulatedHost>;

void add_simulated_replica(Operations& operations, const HostPointer& host);
void add_simulated_fence(Operations& operations, const HostPointer& host);
void add_simulated_backup(Operations& operations, const HostPointer& host);
void add_simulated_restore(Operations& operations, const HostPointer& host);
void add_simulated_upkeep(Operations& operations, const HostPointer& host);
void add_simulated_views(Operations& operations, const HostPointer& host);
void add_simulated_records(Operations& operations, const HostPointer& host);

// Makes a materialized view of what a query gives now.
Status materialize(SqliteConnection& connection, const std::string& view, const std::string& sql);
// { text, source? }, and { sql, mean_s, max_s?, calls? }, which replaces what was noted of it.
void note_log(SimulatedServer& server, const Value& arguments);
Status note_slow_query(SimulatedServer& server, const Value& arguments);

// Brings the bytes of a backup, and appends a check for everything that can be wrong with it.
// Only what hinders the checking itself is an error.
Result<std::string> fetch_image(const Work& work, const SimulatedServer& server,
                                const BackupEntry& entry, List& checks);

// Waits while the server works; false where the call may not wait so long, and what it is told
// then.
Awaitable<bool> wait_for_server(HostPointer host, Call& call, double seconds);
Error not_waited_for(const std::string& doing, const Call& call);

// { content } digests what the database holds; { absent } where it holds nothing.
Result<Value> memory_state(Work& work);

}  // namespace perilune
