// The rows of `storage` that change many objects at once.
#pragma once

#include <array>

#include "interpreter/base/operation.h"

namespace perilune {

inline constexpr std::array storage_bulk_changes = {
    Operation{
        .name = "delete_many",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "by restore_prefix",
        .result = "{ deleted, failed, before_at }",
        .doc = R"(Deletes objects by key or by prefix.
Raises too_many_deletions, before the first deletion, where more than `delete_at_most` would go.
`deleted` counts; `failed` lists `{ key, message }`. Undone where versions are kept.)",
        .parameters = {{{.name = "keys",
                         .type = Type::list,
                         .doc = "The keys; those that are not there are passed over.",
                         .need = Need::optional,
                         .shape = "text",
                         .group = "which"},
                        {.name = "prefix",
                         .doc = "All keys that begin with this text.",
                         .need = Need::optional,
                         .group = "which"},
                        {.name = "delete_at_most",
                         .type = Type::integer,
                         .doc = "The most objects that may go."}}},
        .timeout_s = 600,
    },
    Operation{
        .name = "prune",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "no",
        .result = "{ removed, kept }",
        .doc =
            R"(Deletes the objects under a prefix that a retention does not keep, by modified time.
Days, weeks (from Monday), months and years are UTC. `removed` and `kept` list keys. Raises
too_many_deletions, before the first deletion, where more than `delete_at_most` would go.)",
        .parameters =
            {{{.name = "prefix", .doc = "Only keys that begin with this text."},
              {.name = "keep", .type = Type::map, .doc = "What stays.", .shape = "Retention"},
              {.name = "keep_at_least",
               .type = Type::integer,
               .doc = "So many of the newest stay in any case."},
              {.name = "delete_at_most",
               .type = Type::integer,
               .doc = "The most objects that may go."}}},
        .timeout_s = 600,
    },
    Operation{
        .name = "restore_prefix",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "by restore_prefix",
        .result = "{ restored, unchanged, failed, before_at }",
        .doc = R"(Brings every key under a prefix back to what it was at a moment.
Keys that did not exist then are deleted, as versions. `restored` and `unchanged` count, `failed`
lists `{ key, message }`, `before_at` is the moment just before this change. Needs versioning.)",
        .parameters = {{{.name = "prefix", .doc = "Only keys that begin with this text."},
                        {.name = "at", .type = Type::time, .doc = "The moment to go back to."},
                        {.name = "keys",
                         .type = Type::list,
                         .doc = "Only these keys; every driver that has the row honours it.",
                         .need = Need::optional,
                         .shape = "text"}}},
        .timeout_s = 3600,
    },
    Operation{
        .name = "sync",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "no",
        .result = "{ copied, deleted, unchanged, copied_bytes }",
        .doc = R"(Makes this target's objects equal to another's.
Objects are compared by digest. With `extra = "delete"` what the other lacks is deleted here, and
`delete_at_most` is required; where more would go, too_many_deletions is raised before anything is
copied or deleted.)",
        .parameters = {{{.name = "from",
                         .type = Type::target,
                         .doc = "The storage target to copy from.",
                         .shape = "storage"},
                        {.name = "prefix",
                         .doc = "Only keys that begin with this text.",
                         .need = Need::optional},
                        {.name = "extra",
                         .doc = "What becomes of objects that only this target has.",
                         .need = Need::optional,
                         .fallback = "keep",
                         .choices = "keep|delete"},
                        {.name = "delete_at_most",
                         .type = Type::integer,
                         .doc = "The most objects that may go.",
                         .need = Need::optional}}},
        .timeout_s = 14400,
    },
    Operation{
        .name = "abort_uploads",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "none",
        .result = "{ uploads }",
        .doc = "Removes what uploads that never ended have left; `uploads` counts them.",
        .parameters = {{{.name = "older_than",
                         .type = Type::duration,
                         .doc = "Only those not written to for so long.",
                         .need = Need::optional,
                         .fallback = "1d"}}},
        .affects = "usage",
    },
};

}  // namespace perilune
