// Whole databases of a server: made beside another one, put in its place, kept, and dropped.
//
// A restore loads into a database of its own and puts it in the place of the target's by renaming
// both in one transaction: whoever connects finds the old one or the new one, and nothing else. The
// old one stays under another name; its comment says what it is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bindings/database/backup_catalog.h"
#include "bindings/database/postgres_target.h"

namespace perilune {

// A connection to the maintenance database of the target's server, or to another one where that is
// the target's own.
Awaitable<Result<PostgresPointer>> connect_beside(PostgresTargetPointer target, Call& call);

Awaitable<Result<bool>> has_database(PostgresConnection& beside, std::string name);

// What a kept database says of itself.
struct KeptDatabase {
    std::string name;
    std::string of;   // The database whose place it had.
    double at_s = 0;  // The moment that it shows.
    double until_at_s = 0;
    std::string comment;  // What was said of it before.
    double size_bytes = 0;

    BackupEntry to_entry() const;
    std::string to_comment() const;
};

// The databases that restores of `of` kept, newest first.
Awaitable<Result<std::vector<KeptDatabase>>> list_kept(PostgresConnection& beside, std::string of);

// Makes an empty database with the encoding, the locale and the owner of `like` where that is
// there; what an earlier try left under that name is removed.
Awaitable<Status> make_database(PostgresConnection& beside, std::string name, std::string like);

// Gives `to` what belongs to the database `from` and not to what is in it: settings, privileges,
// the limit of connections and its comment. Within a transaction.
Awaitable<Status> copy_properties(PostgresConnection& beside, std::string from, std::string to);

// Removes a database, whoever is connected to it.
Awaitable<Status> drop_database(PostgresConnection& beside, std::string name);

// Renames `from` to `to` within the transaction that `beside` has begun, and ends the sessions that
// hinder it. Nobody new gets in before that transaction ends.
Awaitable<Status> rename_database(PostgresTargetPointer target, Call& call,
                                  PostgresConnection& beside, std::string from, std::string to);

Awaitable<Status> set_comment(PostgresConnection& beside, std::string database, std::string text);
Awaitable<Result<std::string>> read_comment(PostgresConnection& beside, std::string database);

// The names that a call uses: of the database that it fills, and of the one that it keeps. Longer
// ones than PostgreSQL's 63 bytes are cut where they are the target's own.
std::string filled_name(const std::string& database, const std::string& call_key);
std::string kept_name(const std::string& database, const std::string& call_key);

}  // namespace perilune
