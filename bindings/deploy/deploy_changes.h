// The rows of the deploy family that change what is released or which release serves. Included by
// deploy_operations.cpp alone.
#pragma once

#include "bindings/deploy/deploy_observes.h"

namespace perilune::deploy_table {

inline constexpr std::string_view shows_releases =
    "status releases previous_release traffic logs wait_serving wait_healthy";

inline constexpr Parameter until_serving_parameter = {
    .name = "within",
    .type = Type::duration,
    .doc =
        "Waits so long until it serves, and raises what wait_serving raises where it does not. "
        "Undo waits 2 minutes.",
    .need = Need::optional};

inline constexpr Operation release_changes[] = {
    {.name = "release",
     .effect = Effect::change,
     .recovery = Recovery::look,
     .undo = "by rollback",
     .result = "deploy.Release",
     .doc = "Releases a version that was built. Returns when the target has accepted it: it is "
            "not serving yet, so follow with wait_serving. `changed` is false where that very "
            "version already serves with today's variables. Raises `not_found` where there is no "
            "such artifact.",
     .parameters = {{{.name = "version", .doc = "A version as the builder named it."},
                     slot_parameter,
                     {.name = "env",
                      .type = Type::map,
                      .doc = "Variables for this release only, over those of the target.",
                      .need = Need::optional,
                      .shape = "text or secret"},
                     {.name = "message",
                      .doc = "Shown beside the release where the provider has a place for it.",
                      .need = Need::optional}}},
     .resource = "slot",
     .affects = shows_releases,
     .timeout_s = 300,
     .everywhere = true},
    {.name = "redeploy",
     .effect = Effect::change,
     .recovery = Recovery::look,
     .undo = "none",
     .result = "deploy.Release",
     .doc = "Releases the same version once more with today's environment variables. Accepted, "
            "not yet serving.",
     .parameters = {{{.name = "release_id",
                      .doc = "Whose version; the serving one's where it is left out.",
                      .need = Need::optional},
                     slot_parameter}},
     .resource = "slot",
     .affects = shows_releases},
    {.name = "rollback",
     .effect = Effect::change,
     .recovery = Recovery::look,
     .undo = "by promote",
     .result = "deploy.Release",
     .doc =
         "Goes back to an earlier release, its variables included. Accepted, not yet serving: "
         "follow with wait_serving, or give `within`. Raises `nothing_to_roll_back` where there is "
         "no earlier one, and `cannot_roll_back` where its files are gone.",
     .parameters = {{{.name = "release_id",
                      .doc = "The release to return to; what previous_release gives where it is "
                             "left out.",
                      .need = Need::optional},
                     slot_parameter,
                     until_serving_parameter}},
     .resource = "slot",
     .affects = shows_releases,
     .everywhere = true},
    {.name = "promote",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "by promote",
     .result = "deploy.Release",
     .doc = "Makes a release that exists the serving one, without building anything. Accepted, "
            "not yet serving, unless `within` is given.",
     .parameters = {{{.name = "release_id", .doc = "The release that is to serve."},
                     until_serving_parameter}},
     .affects = shows_releases},
    {.name = "cancel_release",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "no",
     .result = "deploy.Release",
     .doc = "Stops a release that is on its way; what served before goes on serving. `changed` is "
            "false where it is not on its way any more.",
     .parameters = {{{.name = "release_id", .doc = "The release to stop."}}},
     .affects = shows_releases},
    {.name = "prune_releases",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "no",
     .result = "deploy.Pruned",
     .doc = "Deletes old releases and their files. The serving one, one on its way, and the one a "
            "rollback returns to always stay. Raises `too_many` before the first deletion where "
            "more than `delete_at_most` would go.",
     .parameters = {{{.name = "keep_at_least",
                      .type = Type::integer,
                      .doc = "The newest so many stay.",
                      .need = Need::optional,
                      .fallback = "3"},
                     {.name = "older_than",
                      .type = Type::duration,
                      .doc = "Only releases made longer ago than this go.",
                      .need = Need::optional},
                     {.name = "delete_at_most",
                      .type = Type::integer,
                      .doc = "Refuse to delete more releases than this."}}},
     .affects = "releases"},
    {.name = "shift_traffic",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "by shift_traffic",
     .result = "deploy.TrafficChange",
     .doc = "Gives slots or releases their shares of the requests.",
     .parameters = {{{.name = "weights",
                      .type = Type::map,
                      .doc = "Whole percents by slot or release id; together 100.",
                      .shape = "percent"}}},
     .affects = "traffic status"},
};

}  // namespace perilune::deploy_table
