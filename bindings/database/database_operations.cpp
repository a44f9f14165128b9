// The vocabulary of `database`: its rows put together, and the records that they give.
#include <algorithm>

#include "bindings/database/database.h"
#include "bindings/database/database_backup_changes.h"
#include "bindings/database/database_changes.h"
#include "bindings/database/database_observes.h"
#include "bindings/database/database_server_changes.h"

namespace perilune {

namespace {

constexpr auto join_rows() {
    std::array<Operation, database_observes.size() + database_changes.size() +
                              database_backup_changes.size() + database_server_changes.size()>
        rows{};
    auto place = std::copy(database_observes.begin(), database_observes.end(), rows.begin());
    place = std::copy(database_changes.begin(), database_changes.end(), place);
    place = std::copy(database_backup_changes.begin(), database_backup_changes.end(), place);
    std::copy(database_server_changes.begin(), database_server_changes.end(), place);
    return rows;
}

constexpr auto rows = join_rows();

constexpr std::array records = {
    Record{
        .name = "Database",
        .doc = "How a database is.",
        .fields = {{{.name = "reachable", .type = "boolean", .doc = "Whether it answers."},
                    {.name = "role", .type = "text", .doc = "primary or replica."},
                    {.name = "writable",
                     .type = "boolean",
                     .doc = "Whether a transaction that writes can begin."},
                    {.name = "version", .type = "text", .doc = "The server's version."},
                    {.name = "size_bytes", .type = "number", .doc = "The size of its data."},
                    {.name = "connections",
                     .type = "number?",
                     .doc = "Connections, where the database counts them."},
                    {.name = "connections_max",
                     .type = "number?",
                     .doc = "The most it takes, where there is such a limit."}}},
    },
    Record{
        .name = "Lag",
        .doc = "How far a replica is behind its primary.",
        .fields =
            {{{.name = "behind_bytes", .type = "number", .doc = "Bytes not yet replayed."},
              {.name = "replayed_at",
               .type = "number?",
               .doc = "Commit time of the last transaction replayed."},
              {.name = "connected",
               .type = "boolean",
               .doc = "Whether it is connected to its primary."},
              {.name = "idle", .type = "boolean", .doc = "Whether nothing is left to replay."}}},
    },
    Record{
        .name = "Session",
        .doc = "One connection of a client.",
        .fields = {{{.name = "id", .type = "text", .doc = "The server's name for it."},
                    {.name = "user", .type = "text", .doc = "Who it is."},
                    {.name = "client", .type = "text", .doc = "From where."},
                    {.name = "state", .type = "text", .doc = "What it does."},
                    {.name = "since_at", .type = "number", .doc = "Since when it does that."},
                    {.name = "sql", .type = "text", .doc = "Its last statement."}}},
    },
    Record{
        .name = "Restore",
        .doc = "What a restore did.",
        .fields = {{{.name = "data_until_at",
                     .type = "number",
                     .doc = "The moment that the data now shows."},
                    {.name = "previous",
                     .type = "Backup?",
                     .doc = "What was there before, where it is kept."},
                    {.name = "moved_endpoint",
                     .type = "boolean",
                     .doc = "Whether clients must use another address now."},
                    {.name = "restored_bytes", .type = "number?", .doc = "The size of the data."},
                    {.name = "took_s", .type = "number", .doc = "How long it took."}}},
    },
};

}  // namespace

constinit const Family database_family = {
    .name = "database",
    .doc =
        "One database under one endpoint. After `restore` the target itself serves the "
        "restored data, whatever the provider had to create for it.",
    .operations = rows,
    .records = records,
};

}  // namespace perilune
