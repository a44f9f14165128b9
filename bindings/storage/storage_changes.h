// The rows of `storage` that change objects.
#pragma once

#include <array>

#include "interpreter/base/operation.h"

namespace perilune {

inline constexpr std::array storage_changes = {
    Operation{
        .name = "put",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "by restore_version or delete",
        .result = "storage.Object",
        .doc = R"(Writes an object whole: readers see the old content or the new, never a mixture.
Gives the Object and `changed`, which is false where content and type already were so. With
`only_if = "absent"` it raises precondition_failed where the key exists; with a digest (SHA-256 in
hexadecimal), where the current content is another. Undone only where versions are kept or the key
was absent before.)",
        .parameters = {{{.name = "key", .doc = "The object's key."},
                        {.name = "body", .doc = "The content: text or any bytes."},
                        {.name = "content_type",
                         .doc = "The media type; application/octet-stream where none is given.",
                         .need = Need::optional},
                        {.name = "only_if",
                         .doc = "\"any\", \"absent\", or the digest that the object must have.",
                         .need = Need::optional,
                         .fallback = "any"}}},
        .resource = "key",
        .timeout_s = 120,
        .everywhere = true,
    },
    Operation{
        .name = "copy",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "by restore_version or delete",
        .result = "storage.Object",
        .doc = R"(Copies an object to another key, here or in another storage target.
Gives the copy as an Object and `changed`. Raises not_found where `key` is not there. A copy to
another target is not undone: its own delete takes it back.)",
        .parameters = {{{.name = "key", .doc = "The object to copy."},
                        {.name = "to_key", .doc = "The key of the copy."},
                        {.name = "to",
                         .type = Type::target,
                         .doc = "The storage target of the copy; without it this one.",
                         .need = Need::optional,
                         .shape = "storage"}}},
        .resource = "to_key",
        .timeout_s = 3600,
        .everywhere = true,
    },
    Operation{
        .name = "delete",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "by restore_version",
        .result = "{ changed }",
        .doc = R"(Deletes an object; `changed` is false where it was not there.
Where versions are kept, its content stays as a version, and undo brings it back; else it is gone.
With `version`, that old version is removed for good.)",
        .parameters = {{{.name = "key", .doc = "The object's key."},
                        {.name = "version",
                         .doc = "An old version to remove for good.",
                         .need = Need::optional}}},
        .resource = "key",
        .everywhere = true,
    },
    Operation{
        .name = "restore_version",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "by restore_version",
        .result = "storage.Object",
        .doc = R"(Makes a kept version current again, as a new version with the same content.
By `at`, the version that was current at that moment; raises not_found where there was none, or
where it is no longer kept. Gives the Object and `changed`.)",
        .parameters = {{{.name = "key", .doc = "The object's key."},
                        {.name = "version",
                         .doc = "The version, as versions lists it.",
                         .need = Need::optional,
                         .group = "when"},
                        {.name = "at",
                         .type = Type::time,
                         .doc = "A moment at which the wanted version was current.",
                         .need = Need::optional,
                         .group = "when"}}},
        .resource = "key",
        .timeout_s = 600,
    },
    Operation{
        .name = "create_bucket",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "no",
        .result = "{ changed }",
        .doc = "Makes the bucket or folder itself; `changed` is false where it was there.",
        .parameters = {{{.name = "region",
                         .doc = "Where it is made, in the provider's words.",
                         .need = Need::optional}}},
        .timeout_s = 120,
    },
    Operation{
        .name = "set_versioning",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "by set_versioning",
        .result = "{ before, after }",
        .doc = R"(Says whether replaced and deleted content is kept as versions.
Switching it off keeps the versions there are. `before` and `after` have `state` and
`keep_old_for_s`.)",
        .parameters = {{{.name = "state", .doc = "What it shall be.", .choices = "on|off"},
                        {.name = "keep_old_for",
                         .type = Type::duration,
                         .doc = "How long old versions are kept; without it for good.",
                         .need = Need::optional}}},
    },
    Operation{
        .name = "set_cors",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "by set_cors",
        .result = "{ before, after }",
        .doc = "Replaces the rules by which browsers of other origins may use the bucket.",
        .parameters = {{{.name = "rules",
                         .type = Type::list,
                         .doc = "Each { origins, methods, headers, expose, max_age }.",
                         .shape = "map"}}},
    },
    Operation{
        .name = "set_lifecycle",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "by set_lifecycle",
        .result = "{ before, after }",
        .doc = "Replaces the rules by which the provider moves or expires objects by their age.",
        .parameters = {{{.name = "rules",
                         .type = Type::list,
                         .doc = "Each { prefix, after, action, class? }.",
                         .shape = "map"}}},
    },
    Operation{
        .name = "set_replication",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "by set_replication",
        .result = "{ before, after }",
        .doc = "Says whether the provider copies new objects to another bucket.",
        .parameters = {{{.name = "to",
                         .type = Type::target,
                         .doc = "The storage target that receives them.",
                         .shape = "storage"},
                        {.name = "prefix",
                         .doc = "Only keys that begin with this text.",
                         .need = Need::optional},
                        {.name = "state", .doc = "What it shall be.", .choices = "on|off"}}},
    },
};

}  // namespace perilune
