// The rows of `database` that make, use and remove backups.
#pragma once

#include <array>

#include "interpreter/base/operation.h"

namespace perilune {

inline constexpr std::array database_backup_changes = {
    Operation{
        .name = "backup",
        .effect = Effect::change,
        .recovery = Recovery::look,
        .undo = "none",
        .result = "Backup",
        .doc = R"(Streams a consistent backup into a storage target, while writers go on.
Beside the object `key`, a manifest `key`.manifest.json records its digest, size and row counts;
only with it is the object a backup, so half of one never looks like one. Raises already_exists
where `key` is taken, unless `overwrite` says otherwise. With `encrypt_to` it is compressed and then
encrypted by the program age, in its format; restore, clone and verify_backup read it with the
target's setting `decrypt_with`. The manifest itself is never encrypted.)",
        .parameters =
            {{{.name = "to",
               .type = Type::target,
               .doc = "The storage target that keeps it.",
               .shape = "storage"},
              {.name = "key", .doc = "The key of the object."},
              {.name = "format",
               .doc = "The driver's own format in one stream, SQL text, or a folder: several "
                      "connections dump it at once into files of this machine, which are "
                      "stored as objects below KEY.files/.",
               .need = Need::optional,
               .fallback = "custom",
               .choices = "custom|plain|directory"},
              {.name = "compression",
               .doc = "How it is compressed on the way.",
               .need = Need::optional,
               .fallback = "zstd",
               .choices = "zstd|gzip|none"},
              {.name = "tables",
               .type = Type::list,
               .doc = "Only these tables.",
               .need = Need::optional,
               .shape = "text"},
              {.name = "encrypt_to",
               .type = Type::secret,
               .doc = "Who can read it: recipients of age (age1…), one a line, or an "
                      "identity (AGE-SECRET-KEY-1…), whose recipient is then used.",
               .need = Need::optional},
              {.name = "overwrite",
               .doc = "What becomes of an object that is already there.",
               .need = Need::optional,
               .fallback = "refuse",
               .choices = "refuse|replace"}}},
        .resource = "to key",
        .affects = "list_backups verify_backup",
        .timeout_s = 14400,
        .everywhere = true,
    },
    Operation{
        .name = "snapshot",
        .effect = Effect::change,
        .recovery = Recovery::look,
        .undo = "none",
        .result = "Backup",
        .doc = "Lets the provider keep a snapshot of its own.",
        .parameters = {{{.name = "name", .doc = "The snapshot's name."},
                        {.name = "keep",
                         .type = Type::duration,
                         .doc = "How long it is kept; without it for good.",
                         .need = Need::optional}}},
        .resource = "name",
        .affects = "list_backups",
        .timeout_s = 14400,
    },
    Operation{
        .name = "delete_backup",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "no",
        .result = "{ changed }",
        .doc = "Deletes one backup; `changed` is false where there was none of that id.",
        .parameters = {{{.name = "backup", .doc = "The backup's id."}}},
        .resource = "backup",
        .affects = "list_backups",
        .timeout_s = 300,
    },
    Operation{
        .name = "prune_backups",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "no",
        .result = "{ removed, kept }",
        .doc = R"(Deletes the complete dumps of this database that a retention does not keep.
Days, weeks (from Monday), months and years are UTC. `removed` and `kept` list ids. Raises
too_many_deletions, before the first deletion, where more than `delete_at_most` would go.)",
        .parameters =
            {{{.name = "keep", .type = Type::map, .doc = "What stays.", .shape = "Retention"},
              {.name = "keep_at_least",
               .type = Type::integer,
               .doc = "So many of the newest stay in any case."},
              {.name = "delete_at_most", .type = Type::integer, .doc = "The most that may go."}}},
        .affects = "list_backups",
        .timeout_s = 600,
    },
    Operation{
        .name = "restore",
        .effect = Effect::change,
        .recovery = Recovery::look,
        .undo = "by restore of what keep_previous kept",
        .result = "Restore",
        .doc = R"(Replaces the data by a backup's, all or nothing; the target then serves it.
The backup is checked whole before anything is touched. By `at`, the newest complete backup that
shows no later moment. What was there is kept as a backup for `keep_previous`, and undo restores
it; with 0 it is not kept, and the restore cannot be undone.)",
        .parameters = {{{.name = "backup",
                         .doc = "The backup's id, or its key in `from`.",
                         .need = Need::optional,
                         .group = "which"},
                        {.name = "at",
                         .type = Type::time,
                         .doc = "The moment to go back to.",
                         .need = Need::optional,
                         .group = "which"},
                        {.name = "from",
                         .type = Type::target,
                         .doc = "The storage target; without it the one of the settings.",
                         .need = Need::optional,
                         .shape = "storage"},
                        {.name = "keep_previous",
                         .type = Type::duration,
                         .doc = "How long what was there is kept.",
                         .need = Need::optional,
                         .fallback = "7d"}}},
        .timeout_s = 14400,
        .everywhere = true,
    },
    Operation{
        .name = "clone",
        .effect = Effect::change,
        .recovery = Recovery::look,
        .undo = "by drop",
        .result = "Restore",
        .doc = R"(Restores another database's backup into this one, whose settings say `disposable`.
What this one held is gone. By `at`, the newest complete backup of `from` that shows no later
moment.)",
        .parameters = {{{.name = "from",
                         .type = Type::target,
                         .doc = "The database whose backup it is.",
                         .shape = "database"},
                        {.name = "backup",
                         .doc = "The backup's id.",
                         .need = Need::optional,
                         .group = "which"},
                        {.name = "at",
                         .type = Type::time,
                         .doc = "The moment to show.",
                         .need = Need::optional,
                         .group = "which"}}},
        .timeout_s = 14400,
    },
    Operation{
        .name = "drop",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "no",
        .result = "{ changed }",
        .doc = "Removes this database. Refused unless its settings say `disposable`.",
        .timeout_s = 120,
    },
};

}  // namespace perilune
