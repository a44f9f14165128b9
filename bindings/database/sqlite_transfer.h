// Moving a SQLite file into a storage target and back.
#pragma once

#include <string>

#include "bindings/database/sqlite_previous.h"

namespace perilune {

// Compresses a file into a sink, and fills in sizes and digests. The sink is neither committed nor
// abandoned.
Status send_file(const Work& work, const std::string& path, ByteSink& sink,
                 BackupManifest& manifest);

// Brings a backup's database to `to_path`, ready to be opened, and appends a check for everything
// that can be wrong with it: digests, sizes, structure, row counts. Only what hinders the checking
// itself (no storage, no disk, time is over) is an error. The file is there only if all passed.
Status fetch_backup(const Work& work, const BackupEntry& entry, const std::string& to_path,
                    List& checks);

// What `before` of backup finds: refuses what this engine's dumps cannot be, and a taken key.
Result<Before> before_dump(Work& work);

// Fills in what a manifest says of a dump's content. A backup of a damaged database helps nobody:
// it is refused while the last good one still is there.
Status describe_dump(SqliteConnection& connection, BackupManifest& manifest);

// The path of a temporary file of one call beside the database, without what an earlier try left.
std::string scratch_path(const Work& work, const std::string& purpose);

// Removes a scratch file when its work is over.
class ScratchFile {
public:
    explicit ScratchFile(std::string path) : path_(std::move(path)) {}
    ~ScratchFile() { remove_copy(path_); }
    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

// Gives a copied file the plain form: no fence, a rollback journal.
Status make_plain(const Work& work, const std::string& path);

}  // namespace perilune
