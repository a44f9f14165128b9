// The rows of `database` that change its data and its schema.
#pragma once

#include <array>

#include "interpreter/base/operation.h"

namespace perilune {

inline constexpr std::array database_changes = {
    Operation{
        .name = "execute",
        .effect = Effect::change,
        .recovery = Recovery::look,
        .undo = "no",
        .result = "{ rows }",
        .doc =
            R"(Executes SQL in one transaction; `rows` is how many it inserted, updated or deleted.
A row in the table perilune_markers, written in the same transaction, tells after a crash whether
it happened. The SQL may not begin or end transactions itself.)",
        .parameters = {{{.name = "sql", .doc = "One statement; several only without parameters."},
                        {.name = "parameters",
                         .type = Type::plain,
                         .doc = "A list for positions (? or $1), or a map for names (:name).",
                         .need = Need::optional}}},
        .timeout_s = 120,
        .everywhere = true,
    },
    Operation{
        .name = "execute_batches",
        .effect = Effect::change,
        .recovery = Recovery::look,
        .undo = "no",
        .result = "{ rows, batches }",
        .doc =
            R"(Executes one statement again and again until it changes no row, each time in its own
transaction. The statement must limit itself by the parameter :batch_rows, as in
`delete from logs where id in (select id from logs where at < 5 limit :batch_rows)`. Raises
too_many_rows, with what was done until then kept, where it would go beyond `rows_max`.)",
        .parameters = {{{.name = "sql", .doc = "One statement that contains :batch_rows."},
                        {.name = "batch_rows",
                         .type = Type::integer,
                         .doc = "Rows for each transaction.",
                         .need = Need::optional,
                         .fallback = "1000"},
                        {.name = "pause",
                         .type = Type::duration,
                         .doc = "The pause between two, in which others get on.",
                         .need = Need::optional,
                         .fallback = "100ms"},
                        {.name = "rows_max",
                         .type = Type::integer,
                         .doc = "The most rows to change in all."}}},
        .timeout_s = 3600,
    },
    Operation{
        .name = "migrate",
        .effect = Effect::change,
        .recovery = Recovery::look,
        .undo = "no",
        .result = "{ applied }",
        .doc = R"(Applies the pending migrations of a folder in order, each in its own transaction
together with its row in the ledger perilune_migrations. `applied` lists their ids. Stops at the
first that fails; those before it stay. Refuses a folder in which an applied one was changed.)",
        .parameters = {{{.name = "folder", .doc = "The folder, relative to the library's."},
                        {.name = "only",
                         .type = Type::list,
                         .doc = "Only these ids.",
                         .need = Need::optional,
                         .shape = "text"},
                        {.name = "lock_timeout",
                         .type = Type::duration,
                         .doc = "How long each may wait for its lock.",
                         .need = Need::optional,
                         .fallback = "5s"}}},
        .timeout_s = 1800,
        .everywhere = true,
    },
    Operation{
        .name = "revert_migrations",
        .effect = Effect::change,
        .recovery = Recovery::look,
        .undo = "no",
        .result = "{ reverted }",
        .doc = R"(Reverts applied migrations, the last one first, each in its own transaction.
Refuses, before the first, where one of them has no NNN_name.down.sql. `reverted` lists ids.)",
        .parameters = {{{.name = "folder", .doc = "The folder, relative to the library's."},
                        {.name = "count",
                         .type = Type::integer,
                         .doc = "So many.",
                         .need = Need::optional,
                         .group = "which"},
                        {.name = "down_to",
                         .doc = "All after this id, which stays.",
                         .need = Need::optional,
                         .group = "which"}}},
        .timeout_s = 1800,
    },
    Operation{
        .name = "analyze",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "none",
        .result = "{ tables }",
        .doc = "Renews the statistics by which queries are planned; `tables` lists the tables.",
        .parameters = {{{.name = "tables",
                         .type = Type::list,
                         .doc = "Only these.",
                         .need = Need::optional,
                         .shape = "text"}}},
        .affects = "query slow_queries",
        .timeout_s = 1800,
    },
    Operation{
        .name = "reindex",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "none",
        .result = "{ indexes, invalid }",
        .doc =
            R"(Builds indexes anew. `indexes` lists them, `invalid` those that could not be built.
A driver whose database cannot do it beside writers does it in one short transaction.)",
        .parameters = {{{.name = "indexes",
                         .type = Type::list,
                         .doc = "Only these.",
                         .need = Need::optional,
                         .shape = "text"},
                        {.name = "concurrently",
                         .doc = "Whether writers go on meanwhile, where that is possible.",
                         .need = Need::optional,
                         .fallback = "yes",
                         .choices = "yes|no"}}},
        .affects = "check_integrity",
        .timeout_s = 3600,
    },
    Operation{
        .name = "create_index",
        .effect = Effect::change,
        .recovery = Recovery::look,
        .undo = "by execute",
        .result = "{ name, size_bytes }",
        .doc = "Creates an index by its statement.",
        .parameters = {{{.name = "name", .doc = "The index's name."},
                        {.name = "sql", .doc = "The statement that creates it."},
                        {.name = "concurrently",
                         .doc = "Whether writers go on meanwhile, where that is possible.",
                         .need = Need::optional,
                         .fallback = "yes",
                         .choices = "yes|no"}}},
        .resource = "name",
        .timeout_s = 3600,
    },
    Operation{
        .name = "refresh_views",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "none",
        .result = "{ views }",
        .doc = "Computes materialized views anew; `views` lists them.",
        .parameters =
            {{{.name = "views", .type = Type::list, .doc = "The views' names.", .shape = "text"},
              {.name = "concurrently",
               .doc = "Whether readers see the old rows meanwhile.",
               .need = Need::optional,
               .fallback = "yes",
               .choices = "yes|no"}}},
        .timeout_s = 3600,
    },
};

}  // namespace perilune
