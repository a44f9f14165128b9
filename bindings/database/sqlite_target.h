// What every operation of one SQLite target shares: where it is, how it is opened, how it is
// called.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "bindings/database/backup_catalog.h"
#include "bindings/database/sqlite_connection.h"
#include "bindings/database/sqlite_memory.h"

namespace perilune {

using Operations = std::map<std::string, Handler, std::less<>>;

struct SqliteTarget {
    std::string target;  // "database/primary"
    std::string path;    // Absolute, links resolved when the driver was made.
    std::string folder;  // Relative folders of migrations start here.
    // In place of the disk's: see MigrationFolder.
    std::shared_ptr<const std::map<std::string, std::string>> files = {};
    double busy_timeout_s = 5;
    Value decrypt_with;  // A secret: identities of age, for backups that are encrypted; may be nil.
    std::string age;     // The folder of age's programs; empty: found.
    bool disposable = false;
    bool foreign_keys = true;  // Whether execute enforces references.
    std::string backups;       // The storage target of the settings; may be empty.
    std::string backups_of;    // Whose backups those are.
    Services* services = nullptr;
    SqliteMemory* memory = nullptr;  // In place of a file at `path`.
    // Our own writers come one after another: waiting here is fair, SQLite's busy handler is not.
    std::timed_mutex writing = {};
};

// One call on its thread off the loop.
struct Work {
    SqliteTarget& target;
    Call& call;
    std::shared_ptr<Interrupter> interrupter;
    Shelf shelf;

    const Value& argument(std::string_view name) const { return call.arguments[name]; }
    OpenOptions options() const;
    // Opens the target's file.
    Result<std::unique_ptr<SqliteConnection>> open(Access access) const;
    // Opens another file of this call, such as a copy.
    Result<std::unique_ptr<SqliteConnection>> open_file(const std::string& path,
                                                        Access access) const;
    // The error of a call that was cancelled or is out of time.
    std::optional<Error> stopped(const std::string& doing) const;
    // Lets a long stream hear it, and tell how far it is.
    StreamWatch watch(const std::string& doing) const;
    // Waits for our own writers; database_busy where it takes too long.
    Result<std::unique_lock<std::timed_mutex>> lock_writers() const;
    // Pauses, but not past a cancel or the deadline. Not for a database in memory, whose clock
    // stands still while work is done.
    void pause(double seconds) const;
};

// Handlers whose work is interrupted, in SQLite too, by a cancel and at the deadline.
using ObserveWork = std::function<Result<Value>(Work&)>;
using BeforeWork = std::function<Result<Before>(Work&)>;
using ActWork = std::function<Outcome(Work&, const Value& before)>;
using LookWork = std::function<Sighting(Work&, const Value& before)>;
using RestoreOf =
    std::function<std::optional<Restore>(const Call&, const Value& before, const Value& result)>;

Handler observe_sqlite(std::shared_ptr<SqliteTarget> target, ObserveWork observe);
Handler change_sqlite(std::shared_ptr<SqliteTarget> target, BeforeWork before, ActWork act,
                      LookWork look = {}, RestoreOf restore = {});

// Awaitable parts, for handlers that do more than one thing.
Awaitable<Result<Value>> work_observe(std::shared_ptr<SqliteTarget> target, ObserveWork observe,
                                      Call& call);
Awaitable<Outcome> work_act(std::shared_ptr<SqliteTarget> target, ActWork act, Call& call,
                            Value before);

// The Database record, as status gives it.
Result<Value> describe_target(Work& work);

// Sees by the marker whether a change that writes one has happened.
Sighting look_for_marker(Work& work, const Value& before);

// What a doctor asks (Driver::examine).
Awaitable<Result<Value>> examine_sqlite(std::shared_ptr<SqliteTarget> target, Call& call);

// The operations, by what they do.
void add_sqlite_reads(Operations& operations, const std::shared_ptr<SqliteTarget>& target);
void add_sqlite_checks(Operations& operations, const std::shared_ptr<SqliteTarget>& target);
void add_sqlite_waits(Operations& operations, const std::shared_ptr<SqliteTarget>& target);
void add_sqlite_execute(Operations& operations, const std::shared_ptr<SqliteTarget>& target);
void add_sqlite_upkeep(Operations& operations, const std::shared_ptr<SqliteTarget>& target);
void add_sqlite_migrations(Operations& operations, const std::shared_ptr<SqliteTarget>& target);
void add_sqlite_fence(Operations& operations, const std::shared_ptr<SqliteTarget>& target);
void add_sqlite_backup(Operations& operations, const std::shared_ptr<SqliteTarget>& target);
void add_sqlite_backup_list(Operations& operations, const std::shared_ptr<SqliteTarget>& target);
void add_sqlite_restore(Operations& operations, const std::shared_ptr<SqliteTarget>& target);
void add_sqlite_clone(Operations& operations, const std::shared_ptr<SqliteTarget>& target);

}  // namespace perilune
