// Which dumps of a database there are in storage targets, whatever database it is.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/database/backup_encryption.h"
#include "interpreter/base/driver.h"
#include "interpreter/base/stream.h"

namespace perilune {

using Port = std::shared_ptr<ObjectPort>;

// The storage side of one call of a database target.
struct Shelf {
    std::string target;      // "database/primary"
    std::string engine;      // "sqlite" or "postgres": only its dumps are any of ours.
    std::string backups;     // The storage target of the settings; may be empty.
    std::string backups_of;  // Whose backups those are.
    BackupKeys keys = {};    // Which of them can be read, and what those it makes need.
    // The storage targets that the call or the settings name, found on the loop's thread.
    std::map<std::string, Port> ports = {};

    // Fills in what opens the call's secrets, and the ports: of the settings, of the call's
    // arguments, and the one that `before` found
    // (`storage` of its state).
    void find_ports(const Services& services, const Call& call, const Value& before);
    // The port of a storage target; no_such_target where there is none.
    Result<Port> port(const std::string& storage) const;
};

struct BackupEntry {
    std::string id;       // "storage/backups:daily/2026-03-01", or "previous:NAME".
    std::string storage;  // Empty for a copy that a restore kept.
    std::string key;
    std::string file;   // The path or the name of such a copy.
    std::string state;  // "complete", "running" or "failed".
    double at_s = 0;
    double size_bytes = 0;
    double keep_until_at_s = 0;
    BackupManifest manifest;

    Value to_value() const;  // The Backup record.
};

constexpr const char* previous_id = "previous:";

// Everything below blocks: for use off the loop.

// Dumps of the database `source` in a storage target, newest first.
Result<std::vector<BackupEntry>> list_dumps(const Shelf& shelf, const std::string& storage,
                                            const std::string& source);

// One dump by its key; nothing where there is no manifest for it.
Result<std::optional<BackupEntry>> find_dump(const Shelf& shelf, const std::string& storage,
                                             const std::string& key);

// A dump of this very database where the settings lead to, by its id. Refuses one of another.
Result<std::optional<BackupEntry>> find_own_dump(const Shelf& shelf, const std::string& id);

// Finds the dump that a call's `backup` or `at` means. An id must lie in the storage target that
// the call or the settings name: an id is no way around what a runbook declared. Raises not_found.
Result<BackupEntry> resolve_dump(const Shelf& shelf, const Value& arguments);

// The object goes before its manifest: what is half deleted shows as a failed backup.
Status remove_dump(const Shelf& shelf, const BackupEntry& entry);

// The answer of list_backups: sorted, and only what its arguments ask for.
Value show_backups(std::vector<BackupEntry> entries, const Value& arguments);

// What `before` of prune_backups finds: `removed` and `kept` of its state are ids.
Result<Before> plan_prune(const Shelf& shelf, const Value& arguments);

Error no_such_backup(const Shelf& shelf, const std::string& what);

// Newest first.
void sort_backups(std::vector<BackupEntry>& entries);

// Reads a small object whole.
Result<std::string> read_object(ObjectPort& port, const std::string& key);

}  // namespace perilune
