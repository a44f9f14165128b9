// The rows of `storage` that only look.
#pragma once

#include <array>

#include "interpreter/base/operation.h"

namespace perilune {

inline constexpr std::array storage_observes = {
    Operation{
        .name = "head",
        .result = "storage.Object or nil",
        .doc = R"(Describes an object without reading its content.
Gives nil where the key, or that version of it, is not there.)",
        .parameters = {{{.name = "key",
                         .doc = "The object's key, relative to the target's prefix."},
                        {.name = "version",
                         .doc = "One version; without it the current one.",
                         .need = Need::optional}}},
        .resource = "key",
        .everywhere = true,
    },
    Operation{
        .name = "get",
        .result = "storage.Object or nil",
        .doc = R"(Reads an object with its content in `body` (any bytes).
Gives nil where it is not there. Raises too_large where it has more than `body_max` bytes: large
objects go from target to target with copy and sync, and never through a runbook.)",
        .parameters = {{{.name = "key", .doc = "The object's key."},
                        {.name = "version",
                         .doc = "One version; without it the current one.",
                         .need = Need::optional},
                        {.name = "body_max",
                         .type = Type::size,
                         .doc = "The largest content to read.",
                         .need = Need::optional,
                         .fallback = "1MiB"}}},
        .resource = "key",
        .everywhere = true,
    },
    Operation{
        .name = "list",
        .result = "list of storage.Object",
        .doc = R"(Lists current objects by key, in the order of the keys' bytes.
For more than `limit` objects, call again with `after` set to the last key seen.)",
        .parameters = {{{.name = "prefix",
                         .doc = "Only keys that begin with this text.",
                         .need = Need::optional},
                        {.name = "limit",
                         .type = Type::integer,
                         .doc = "At most so many objects.",
                         .need = Need::optional,
                         .fallback = "1000"},
                        {.name = "after",
                         .doc = "Only keys that come after this one.",
                         .need = Need::optional}}},
        .timeout_s = 300,
        .everywhere = true,
    },
    Operation{
        .name = "digest",
        .result = "text",
        .doc = R"(Reads the whole object and gives its digest in lower-case hexadecimal.
The bytes are read each time: a digest noted earlier proves nothing about them now. Raises
not_found where the object is not there.)",
        .parameters = {{{.name = "key", .doc = "The object's key."},
                        {.name = "version",
                         .doc = "One version; without it the current one.",
                         .need = Need::optional},
                        {.name = "algorithm",
                         .doc = "How it is digested.",
                         .need = Need::optional,
                         .fallback = "sha256",
                         .choices = "sha256|sha512|sha1|md5"}}},
        .resource = "key",
        .timeout_s = 600,
        .everywhere = true,
    },
    Operation{
        .name = "versions",
        .result = "list of storage.Object",
        .doc = R"(Lists the versions that are kept, newest first, each with its `version`.
A deletion shows as an entry with `deleted = true`. Several keys come in the order of keys.)",
        .parameters = {{{.name = "key",
                         .doc = "Versions of this key.",
                         .need = Need::optional,
                         .group = "which"},
                        {.name = "prefix",
                         .doc = "Versions of all keys that begin with this text.",
                         .need = Need::optional,
                         .group = "which"},
                        {.name = "before",
                         .type = Type::time,
                         .doc = "Only versions made before this moment.",
                         .need = Need::optional}}},
        .timeout_s = 300,
    },
    Operation{
        .name = "verify",
        .result = "list of Check",
        .doc = R"(Reads every object of a manifest and compares its digest (SHA-256).
Raises check_failed with every object that is missing or different; the error's `detail` is the
whole list.)",
        .parameters = {{{.name = "manifest",
                         .type = Type::map,
                         .doc = "The digest in hexadecimal of each key.",
                         .shape = "text"}}},
        .timeout_s = 3600,
    },
    Operation{
        .name = "compare",
        .result = "{ missing, different, extra, same }",
        .doc = R"(Compares with another storage target, key by key.
`missing` lists the keys that only the other has, `extra` those that only this one has, `different`
those with other content; `same` counts the others. By digest, what a target states no digest of is
read.)",
        .parameters = {{{.name = "with",
                         .type = Type::target,
                         .doc = "The other storage target.",
                         .shape = "storage"},
                        {.name = "prefix",
                         .doc = "Only keys that begin with this text.",
                         .need = Need::optional},
                        {.name = "by",
                         .doc = "What is compared; by size is quick and proves less.",
                         .need = Need::optional,
                         .fallback = "digest",
                         .choices = "digest|size"}}},
        .timeout_s = 3600,
    },
    Operation{
        .name = "usage",
        .result = "{ objects, size_bytes }",
        .doc = "Counts the current objects and adds up their sizes. Old versions do not count.",
        .parameters = {{{.name = "prefix",
                         .doc = "Only keys that begin with this text.",
                         .need = Need::optional}}},
        .timeout_s = 300,
    },
    Operation{
        .name = "settings",
        .result = "{ versioning, keep_old_for_s?, cors, lifecycle, replication?, encryption? }",
        .doc = R"(Reads how the bucket is set up, in the forms that the set_* operations take.
`versioning` is "on" or "off"; `keep_old_for_s` is absent where old versions are kept for good;
`cors` and `lifecycle` are lists of rules; `encryption` is what new objects are encrypted with where
nothing else is asked, "AES256" or "aws:kms", and absent where the provider tells of none.)",
    },
    Operation{
        .name = "replication_status",
        .result = "{ pending, failed, oldest_pending_at? }",
        .doc = "Counts the objects that still wait to be replicated, and those that could not be.",
        .parameters = {{{.name = "prefix",
                         .doc = "Only keys that begin with this text.",
                         .need = Need::optional}}},
        .timeout_s = 300,
    },
    Operation{
        .name = "presign",
        .result = "secret",
        .doc = R"(Makes a URL that lets whoever has it read or write one object for a while.
The URL is a secret handle: it is shown nowhere.)",
        .parameters = {{{.name = "key", .doc = "The object's key."},
                        {.name = "method",
                         .doc = "What the URL allows.",
                         .need = Need::optional,
                         .fallback = "GET",
                         .choices = "GET|PUT|HEAD"},
                        {.name = "valid_for",
                         .type = Type::duration,
                         .doc = "For how long.",
                         .need = Need::optional,
                         .fallback = "15m"}}},
    },
};

}  // namespace perilune
