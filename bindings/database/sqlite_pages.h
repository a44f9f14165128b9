// Below SQL: a database's header, its locks, and copying all of its pages.
//
// Everything goes through SQLite's own descriptors. A descriptor of ours would, when it is closed,
// drop every lock that this process holds on the file (fcntl(2), and SQLite's "How To Corrupt").
#pragma once

#include <functional>
#include <string>

#include "bindings/database/sqlite_connection.h"

namespace perilune {

// The two bytes by which a file says who may do what (SQLite's file format, 1.3.3): 1 is the
// rollback journal, 2 the write-ahead log. A program that meets a higher write version than it
// knows must treat the file as read-only: that is our fence.
struct FileVersions {
    int write = 1;
    int read = 1;
    bool fenced() const { return write > 2 && read <= 2; }
    bool uses_log() const { return read == 2; }
};
constexpr int fence_version = 3;

// Of an empty file: 1 and 1. Errors: damaged.
Result<FileVersions> read_versions(SqliteConnection& connection);

// Writes the two bytes in place, and makes every other connection read them again. The caller has
// made sure that nobody writes.
Status write_versions(SqliteConnection& connection, FileVersions versions);

// Holds the file's exclusive lock without reading it, so it works on garbage and on a fenced file
// too: nobody is in a transaction then, and with a write-ahead log nobody is connected.
class ExclusiveLock {
public:
    static Result<std::unique_ptr<ExclusiveLock>> take(SqliteConnection& connection);
    ~ExclusiveLock();
    ExclusiveLock(const ExclusiveLock&) = delete;
    ExclusiveLock& operator=(const ExclusiveLock&) = delete;

private:
    explicit ExclusiveLock(SqliteConnection& connection) : connection_(connection) {}
    SqliteConnection& connection_;
};

// Makes garbage of the header in place, so that no connection that has the file open can go on
// with it. For files that are about to be replaced, under an ExclusiveLock.
Status destroy_header(SqliteConnection& connection);

// Copies the file's bytes as they are, under a lock that keeps writers away.
Status copy_bytes(SqliteConnection& connection, const std::string& to_path);

using Progress = std::function<void(double done_bytes, double all_bytes)>;

// Copies a consistent state of `from` into the empty database `to` while others go on writing.
Status copy_database(SqliteConnection& from, SqliteConnection& to, const Progress& progress);

// Replaces everything in `to` by `from` in one transaction of `to`: whoever has it open sees the
// old data or the new. `while_locked` is called once nobody else can write to `to`; where it fails,
// nothing is replaced. `from` has two pages or more.
Status replace_database(SqliteConnection& from, SqliteConnection& to,
                        const std::function<Status()>& while_locked, const Progress& progress);

}  // namespace perilune
