// The rows of the deploy family that only look. Included by deploy_operations.cpp alone.
#pragma once

#include "interpreter/base/operation.h"

namespace perilune::deploy_table {

inline constexpr Parameter slot_parameter = {
    .name = "slot",
    .doc =
        "Which of several copies side by side, such as \"blue\"; left out where the target has "
        "no slots. A target without slots refuses it (`no_slots`).",
    .need = Need::optional};

inline constexpr Parameter within_parameter = {
    .name = "within", .type = Type::duration, .doc = "How long to wait; then `timed_out`."};

inline constexpr Operation observes[] = {
    {.name = "status",
     .effect = Effect::observe,
     .result = "deploy.App",
     .doc = "What serves now, and how many instances are healthy at this moment; each is asked.",
     .parameters = {{slot_parameter}},
     .everywhere = true},
    {.name = "releases",
     .effect = Effect::observe,
     .result = "list of deploy.Release",
     .doc = "The releases that the target still knows, newest first.",
     .parameters = {{slot_parameter,
                     {.name = "limit",
                      .type = Type::integer,
                      .doc = "At most so many.",
                      .need = Need::optional,
                      .fallback = "20"}}},
     .everywhere = true},
    {.name = "previous_release",
     .effect = Effect::observe,
     .result = "deploy.Release?",
     .doc = "The release that a rollback without `release_id` would return to; nil where there is "
            "none.",
     .parameters = {{slot_parameter}},
     .everywhere = true},
    {.name = "endpoint",
     .effect = Effect::observe,
     .result = "text",
     .doc = "The host name (or address) under which the target is reached, fit for a DNS record.",
     .parameters = {{slot_parameter}},
     .everywhere = true},
    {.name = "artifact",
     .effect = Effect::observe,
     .result = "deploy.Artifact?",
     .doc = "What would be released as `version`; nil where it was never built. Ask before a "
            "release, not after its failure.",
     .parameters = {{{.name = "version", .doc = "A version as the builder named it."}}},
     .resource = "version"},
    {.name = "get_env",
     .effect = Effect::observe,
     .result = "map of name to deploy.Variable",
     .doc = "The environment variables that the next release gets. A secret shows the SHA-256 of "
            "its value and never the value. Names that are not set are left out.",
     .parameters = {{{.name = "names",
                      .type = Type::list,
                      .doc = "Only these.",
                      .need = Need::optional,
                      .shape = "text"}}}},
    {.name = "traffic",
     .effect = Effect::observe,
     .result = "map of slot or release_id to percent",
     .doc = "Who gets which share of the requests."},
    {.name = "logs",
     .effect = Effect::observe,
     .result = "Log",
     .doc = "Lines that the instances wrote, oldest first; of more than `lines_max` the newest, "
            "with `truncated` set. How far back they reach is the provider's affair.",
     .parameters = {{{.name = "since", .type = Type::time, .doc = "The oldest line wanted."},
                     {.name = "to",
                      .type = Type::time,
                      .doc = "The newest line wanted; now where it is left out.",
                      .need = Need::optional},
                     slot_parameter,
                     {.name = "contains",
                      .doc = "Only lines with this text in them, byte for byte.",
                      .need = Need::optional},
                     {.name = "lines_max",
                      .type = Type::integer,
                      .doc = "At most so many lines.",
                      .need = Need::optional,
                      .fallback = "1000"}}}},
    {.name = "wait_serving",
     .effect = Effect::observe,
     .result = "deploy.Release",
     .doc = "Waits until the release serves on every instance. Raises `wrong_version` (retry "
            "`never`) where the target settled on another one, because the release failed, was "
            "cancelled, or was taken back; `not_found` where there is no such release; "
            "`timed_out` (retry `safe`).",
     .parameters =
         {{{.name = "release_id",
            .doc = "The release, as its operation returned it.",
            .group = "what"},
           {.name = "version", .doc = "The newest release of this version.", .group = "what"},
           slot_parameter,
           within_parameter}},
     .timeout_s = 86400,
     .everywhere = true},
    {.name = "wait_healthy",
     .effect = Effect::observe,
     .result = "deploy.App",
     .doc = "Waits until the wanted number of instances has been healthy without a break for "
            "`healthy_for`. Raises `timed_out` (retry `safe`), with the last App in the error's "
            "detail.",
     .parameters = {{slot_parameter,
                     {.name = "instances",
                      .type = Type::integer,
                      .doc = "At least so many healthy ones; all that are to run where it is left "
                             "out.",
                      .need = Need::optional},
                     {.name = "healthy_for",
                      .type = Type::duration,
                      .doc = "So long, by looking again and again.",
                      .need = Need::optional,
                      .fallback = "10s"},
                     within_parameter}},
     .timeout_s = 86400,
     .everywhere = true},
    {.name = "wait_drained",
     .effect = Effect::observe,
     .result = "deploy.Drained",
     .doc = "Waits until a slot has no connections left, after its traffic was taken away. Raises "
            "`timed_out` (retry `safe`).",
     .parameters = {{{.name = "slot", .doc = "The slot that gets no traffic any more."},
                     within_parameter}},
     .timeout_s = 86400},
};

}  // namespace perilune::deploy_table
