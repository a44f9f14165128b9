// The rows of `database` that change what the server is and whom it serves.
#pragma once

#include <array>

#include "interpreter/base/operation.h"

namespace perilune {

inline constexpr std::array database_server_changes = {
    Operation{
        .name = "promote",
        .effect = Effect::change,
        .recovery = Recovery::look,
        .undo = "no",
        .result = "{ primary_before, timeline, lost_bytes? }",
        .doc = R"(Makes a replica the primary; returns when it takes writes.
`lost_bytes` is what the old primary is known to have written and this one never received.)",
        .timeout_s = 600,
    },
    Operation{
        .name = "fence",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "by unfence",
        .result = "{ how }",
        .doc = R"(Makes writes fail, for everyone, until unfence.
Raises fence_failed unless it has itself seen a write fail.)",
        .parameters = {{{.name = "how",
                         .doc = "By what; each driver has its own.",
                         .choices = "read_only|disconnect|network|stop"}}},
        .timeout_s = 120,
    },
    Operation{
        .name = "unfence",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "by fence",
        .result = "{ how_before }",
        .doc = "Lets writes succeed again. `how_before` is absent where there was no fence.",
        .timeout_s = 120,
    },
    Operation{
        .name = "rejoin",
        .effect = Effect::change,
        .recovery = Recovery::look,
        .undo = "no",
        .result = "database.Lag",
        .doc = "Makes this server, a primary once, a replica of another. What only it had is lost.",
        .parameters = {{{.name = "primary",
                         .type = Type::target,
                         .doc = "The database to follow.",
                         .shape = "database"}}},
        .timeout_s = 3600,
    },
    Operation{
        .name = "end_sessions",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "none",
        .result = "{ sessions }",
        .doc = "Ends sessions of others; `sessions` counts them.",
        .parameters = {{{.name = "user", .doc = "Only of this user.", .need = Need::optional},
                        {.name = "idle_for",
                         .type = Type::duration,
                         .doc = "Only those idle for so long.",
                         .need = Need::optional}}},
        .affects = "sessions status",
    },
    Operation{
        .name = "set_pool",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "by set_pool",
        .result = "{ before, after }",
        .doc = "Sets how many connections the pool before the database keeps.",
        .parameters = {{{.name = "connections", .type = Type::integer, .doc = "So many."}}},
        .timeout_s = 300,
    },
    Operation{
        .name = "resize",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "no",
        .result = "{ before, after }",
        .doc = "Gives the database another machine or more storage; returns when it is in force.",
        .parameters = {{{.name = "class",
                         .doc = "The provider's name of the machine.",
                         .need = Need::optional},
                        {.name = "storage",
                         .type = Type::size,
                         .doc = "Its storage; most providers can only grow it.",
                         .need = Need::optional}}},
        .timeout_s = 3600,
    },
    Operation{
        .name = "set_password",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "no",
        .result = "{ user }",
        .doc = "Sets a user's password.",
        .parameters = {{{.name = "user", .doc = "The user."},
                        {.name = "password", .type = Type::secret, .doc = "The password."}}},
        .resource = "user",
        .affects = "sessions",
        .timeout_s = 120,
    },
};

}  // namespace perilune
