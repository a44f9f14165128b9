// The operations and records of the cache family, as runbooks, the journal and the manual see them.
#include "bindings/cache/cache.h"

namespace perilune {

namespace {

constexpr Operation operations[] = {
    {.name = "status",
     .effect = Effect::observe,
     .result = "cache.Status",
     .doc = "Tells whether the store answers, how fast, and how full it is. A store that does not "
            "answer is `reachable = false`, not an error.",
     .everywhere = true},
    {.name = "get",
     .effect = Effect::observe,
     .result = "cache.Entry?",
     .doc = "Reads one key's value; nil where there is none. A value that is no text (a list, a "
            "hash) is refused as `wrong_type`.",
     .parameters = {{{.name = "key", .doc = "The key."}}},
     .resource = "key",
     .everywhere = true},
    {.name = "count",
     .effect = Effect::observe,
     .result = "number",
     .doc = "Counts the keys that match a pattern, a piece at a time, so that the store goes on "
            "answering. Keys made or removed meanwhile may count or not.",
     .parameters = {{{.name = "pattern",
                      .doc = "A glob: `*`, `?`, `[a-z]`; a backslash before a sign takes it as it "
                             "is."}}},
     .timeout_s = 300},
    {.name = "list_snapshots",
     .effect = Effect::observe,
     .result = "list of Backup",
     .doc = "Lists the store's snapshots, newest first."},
    {.name = "set",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "by set or delete",
     .result = "map",
     .doc = "Sets a key; `changed` is false where it has this value already and `expires_in` is "
            "not given. Undo gives the old value back with the time it had left.",
     .parameters = {{{.name = "key", .doc = "The key."},
                     {.name = "value", .doc = "Text, any bytes.", .may_be_secret = true},
                     {.name = "expires_in",
                      .type = Type::duration,
                      .doc = "After this time the key is gone; otherwise it stays.",
                      .need = Need::optional}}},
     .resource = "key",
     .affects = "status get count",
     .everywhere = true},
    {.name = "delete",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "by set",
     .result = "map",
     .doc = "Deletes keys; `deleted` counts those that were there.",
     .parameters = {{{.name = "keys", .type = Type::list, .doc = "The keys.", .shape = "text"}}},
     .resource = "keys",
     .affects = "status get count",
     .everywhere = true},
    {.name = "delete_matching",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "no",
     .result = "map",
     .doc = "Deletes the keys that match a pattern, some at a time; `deleted` counts them. Counts "
            "first, and raises `too_many` before the first deletion where more than "
            "`delete_at_most` match.",
     .parameters =
         {{{.name = "pattern", .doc = "A glob, as for count."},
           {.name = "batch_keys",
            .type = Type::integer,
            .doc = "How many keys are deleted at once.",
            .fallback = "500"},
           {.name = "pause",
            .type = Type::duration,
            .doc = "Between two batches.",
            .fallback = "10ms"},
           {.name = "delete_at_most", .type = Type::integer, .doc = "More than this is refused."}}},
     .resource = "pattern",
     .affects = "status get count",
     .timeout_s = 600},
    {.name = "flush_sessions",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "no",
     .result = "map",
     .doc = "Deletes all sessions, so that everyone signs in again; `deleted` counts them. Their "
            "pattern is a setting of the target, never the whole store.",
     .affects = "status get count",
     .timeout_s = 600},
    {.name = "snapshot",
     .effect = Effect::change,
     .recovery = Recovery::look,
     .undo = "none",
     .result = "Backup",
     .doc = "Makes a snapshot of the store and returns when it is complete.",
     .parameters = {{{.name = "name", .doc = "The snapshot's name."}}},
     .resource = "name",
     .affects = "list_snapshots",
     .timeout_s = 1800,
     .settles_within_s = 300},
    {.name = "restore",
     .effect = Effect::change,
     .recovery = Recovery::look,
     .undo = "no",
     .result = "Restore",
     .doc = "Makes the store hold what a snapshot held, and nothing else.",
     .parameters = {{{.name = "backup", .doc = "The snapshot's id, as list_snapshots gives it."}}},
     .timeout_s = 3600,
     .settles_within_s = 600},
    {.name = "promote",
     .effect = Effect::change,
     .recovery = Recovery::look,
     .undo = "no",
     .result = "map",
     .doc = "Makes this store the primary. `primary_before` names the one it followed; absent "
            "where it followed none.",
     .timeout_s = 600,
     .settles_within_s = 120},
    {.name = "purge",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "none",
     .result = "map",
     .doc = "Has a content delivery network forget what it keeps; `purge_id` is the provider's "
            "number for it. Exactly one of the parameters is given.",
     .parameters =
         {{{.name = "urls",
            .type = Type::list,
            .doc = "Whole URLs.",
            .shape = "text",
            .group = "what"},
           {.name = "tags",
            .type = Type::list,
            .doc = "Tags that the origin put on its answers.",
            .shape = "text",
            .group = "what"},
           {.name = "prefixes",
            .type = Type::list,
            .doc = "Hosts with the beginning of a path.",
            .shape = "text",
            .group = "what"},
           {.name = "everything", .doc = "All of it.", .choices = "yes", .group = "what"}}},
     .timeout_s = 120},
};

constexpr Record records[] = {
    {.name = "cache.Status",
     .doc = "How a store fares.",
     .fields = {{{"reachable", "boolean", "Whether it answers."},
                 {"latency_s", "number?", "How long it took to answer."},
                 {"role", "text?", "primary or replica."},
                 {"keys", "number?", "How many keys it holds."},
                 {"memory_bytes", "number?", "What they take."},
                 {"memory_max_bytes", "number?", "What they may take; absent without a limit."}}}},
    {.name = "cache.Entry",
     .doc = "One key's value.",
     .fields = {{{"value", "text", "Any bytes."},
                 {"ttl_s", "number?", "Until the key is gone; absent where it stays."}}}},
};

Error bad_list(std::string_view name) {
    return fail("bad_argument", std::string(name) +
                                    " must be a list of texts, none of them empty, "
                                    "with at least one.");
}

Status check_texts(std::string_view name, const Map& arguments) {
    const auto found = arguments.find(name);
    if (found == arguments.end() || found->second.is_unknown()) return Done{};
    if (found->second.list().empty()) return bad_list(name);
    for (const auto& text : found->second.list())
        if (!text.is_unknown() && text.text().empty()) return bad_list(name);
    return Done{};
}

// Refuses what would delete everything by oversight, and counts that are none.
Status normalise_cache(const Operation& operation, Map& arguments) {
    for (const auto* name : {"keys", "urls", "tags", "prefixes"})
        if (const auto checked = check_texts(name, arguments); !checked) return checked;
    for (const auto* name : {"key", "pattern", "name", "backup"}) {
        const auto found = arguments.find(name);
        if (found != arguments.end() && found->second.is_text() && found->second.text().empty())
            return fail("bad_argument", std::string(name) + " must not be empty.");
    }
    for (const auto* name : {"batch_keys", "delete_at_most"}) {
        const auto found = arguments.find(name);
        const double least = std::string_view(name) == "batch_keys" ? 1 : 0;
        if (found != arguments.end() && found->second.is_number() && found->second.number() < least)
            return fail("bad_argument", std::string(name) + " of cache:" +
                                            std::string(operation.name) + " is too small.");
    }
    return Done{};
}

}  // namespace

const Family cache_family = {
    .name = "cache",
    .doc = "One key-value store, or one content delivery network (only purge).",
    .operations = operations,
    .records = records,
    .normalise = normalise_cache,
};

}  // namespace perilune
