// What a server on this machine can be brought back from: base backups, archived WAL, and the data
// folders that restores kept. All of it blocks: for use off the loop.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bindings/database/backup_catalog.h"
#include "bindings/database/postgres_server.h"

namespace perilune {

constexpr const char* kept_data_id = "previous-data:";

struct BaseBackup {
    std::string folder;
    double complete_at_s = 0;  // From then on it can be brought to any moment.
};

struct ArchiveWindow {
    double from_at_s = 0;
    double to_at_s = 0;
};

// Base backups (pg_basebackup, plain) whose end the archive has, oldest first.
std::vector<BaseBackup> list_base_backups(const PostgresTarget& target);

// Nothing where there is no base backup. `server_answers`: what it has written until now is there.
std::optional<ArchiveWindow> archive_window(const PostgresTarget& target, bool server_answers);

// The newest base backup that is complete at a moment. Errors: not_found with what there is.
Result<BaseBackup> choose_base(const PostgresTarget& target, double at_s);

// The data folders that restores of this server kept, newest first.
std::vector<BackupEntry> list_kept_data(const LocalServer& server);

// The folder to which a restore moves what was there.
std::string kept_data_name(const LocalServer& server, double at_s, double until_at_s,
                           const std::string& call_key);
BackupEntry kept_data_entry(const LocalServer& server, const std::string& folder);

}  // namespace perilune
