// The settings that the metrics driver `http_json` takes, as the table of bindings knows them.
#pragma once

#include "interpreter/base/driver.h"

namespace perilune {

inline constexpr Setting http_json_settings_table[] = {
    {.name = "url",
     .doc = "The origin, perhaps with a base path: https://metrics.example/api.",
     .identity = true},
    {.name = "headers",
     .type = Type::map,
     .doc = "Headers of every request: text, or secrets such as a token.",
     .need = Need::optional,
     .may_be_secret = true},
    {.name = "certificate_authority",
     .doc = "A PEM file with the authority to trust instead of the system's.",
     .need = Need::optional},
    {.name = "timeout",
     .type = Type::duration,
     .doc = "How long one exchange may take.",
     .need = Need::optional,
     .fallback = "15s"},
    {.name = "queries",
     .type = Type::map,
     .doc = "By name: { path, field, unit, timestamp_field?, samples_field?, range? }. A path may "
            "hold {over_s}, {at} and {at_ms}. A field is a dotted name in the JSON answer, such as "
            "data.result[0].value. range is { path, list, at, value }: its path may hold {since}, "
            "{to} (and …_ms) and {step_s}; `list` is the field of the list, `at` and `value` are "
            "fields within each of its items."},
    {.name = "alarms",
     .type = Type::map,
     .doc = "{ path, list, name, state, firing, ok, since?, absent? }: where the list of alarms "
            "is, which fields of an item hold its name, state and time, and which texts of the "
            "state mean firing and ok. `absent` (ok or unknown) is what an alarm is that the list "
            "does not hold.",
     .need = Need::optional},
    {.name = "heartbeats",
     .type = Type::map,
     .doc = "By name: { path, failed_path?, method? }; a path may be a secret. method is POST, PUT "
            "or GET.",
     .need = Need::optional},
    {.name = "annotate",
     .type = Type::map,
     .doc = "{ path, id_field? }: where annotations are posted as { title, text, tags, at }.",
     .need = Need::optional},
};

}  // namespace perilune
