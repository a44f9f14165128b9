// The rows of the notify table; notify_operations.cpp joins them with the family's records.
#pragma once

#include "interpreter/base/operation.h"

namespace perilune {

inline constexpr std::string_view notify_severities = "critical|error|warning|info";
inline constexpr std::string_view notify_states = "investigating|identified|monitoring|resolved";

inline constexpr Parameter notify_key = {
    .name = "key",
    .doc =
        "What the incident is called here, such as \"region-outage\": the same key is the same "
        "incident. At most 200 bytes of one line."};
inline constexpr Parameter notify_on_undelivered = {
    .name = "on_undelivered",
    .doc = "\"go_on\": a failure gives `delivered = false` with the error; \"fail\": it raises.",
    .fallback = "go_on",
    .choices = "go_on|fail"};
inline constexpr Parameter notify_links = {.name = "links",
                                           .type = Type::list,
                                           .doc = "Addresses shown with the message.",
                                           .need = Need::optional,
                                           .shape = "text"};
inline constexpr Parameter notify_components = {
    .name = "components",
    .type = Type::list,
    .doc = "The parts of the service that are affected.",
    .need = Need::optional,
    .shape = "text"};

inline constexpr std::array notify_observes = {
    Operation{.name = "status",
              .effect = Effect::observe,
              .result = "notify.Incident?",
              .doc = "Reads one incident; nil where none was ever opened under this key.",
              .parameters = {{notify_key}},
              .resource = "key"},
    Operation{.name = "list_open",
              .effect = Effect::observe,
              .result = "list of notify.Incident",
              .doc = "Lists the incidents that are not resolved, by key.",
              .parameters = {{{.name = "prefix",
                               .doc = "Only those whose key begins so.",
                               .need = Need::optional}}}},
    Operation{.name = "wait_acknowledged",
              .effect = Effect::observe,
              .result = "notify.Incident?",
              .doc = "Waits until somebody has acknowledged the incident. Nil where nobody did in "
                     "that time, which raises nothing: escalate then.",
              .parameters = {{notify_key,
                              {.name = "within",
                               .type = Type::duration,
                               .doc = "How long to wait at most."}}},
              .resource = "key",
              .timeout_s = 86400},
};

inline constexpr std::array notify_messages = {
    Operation{
        .name = "send",
        .effect = Effect::change,
        .recovery = Recovery::leave,
        .undo = "no",
        .result = "notify.Notice",
        .doc = "Sends one message that belongs to no incident. Where the answer is lost it may "
               "have been sent, is shown as such, and is never sent twice.",
        .parameters = {{{.name = "text", .doc = "The message."},
                        {.name = "title", .doc = "A line above it.", .need = Need::optional},
                        {.name = "severity",
                         .doc = "How grave it is.",
                         .fallback = "info",
                         .choices = notify_severities},
                        {.name = "fields",
                         .type = Type::map,
                         .doc = "Names and values shown beside the message.",
                         .need = Need::optional,
                         .shape = "text"},
                        notify_links,
                        {.name = "to",
                         .doc = "A receiver other than the channel's own, where it has several.",
                         .need = Need::optional},
                        notify_on_undelivered}},
        .everywhere = true},
    Operation{.name = "open",
              .effect = Effect::change,
              .recovery = Recovery::key,
              .undo = "no",
              .result = "notify.Notice",
              .doc = "Opens an incident. Opening a key that is open already is the same incident: "
                     "`changed` is false.",
              .parameters =
                  {{notify_key,
                    {.name = "summary", .doc = "What is wrong, in one line."},
                    {.name = "severity", .doc = "How grave it is.", .choices = notify_severities},
                    {.name = "detail", .doc = "More about it.", .need = Need::optional},
                    notify_components,
                    notify_links,
                    notify_on_undelivered}},
              .resource = "key",
              .everywhere = true},
    Operation{.name = "update",
              .effect = Effect::change,
              .recovery = Recovery::leave,
              .undo = "no",
              .result = "notify.Notice",
              .doc = "Says how an open incident goes on. `not_found` where none is open.",
              .parameters = {{notify_key,
                              {.name = "text", .doc = "What is new."},
                              {.name = "state",
                               .doc = "Where the work on it stands.",
                               .need = Need::optional,
                               .choices = notify_states},
                              {.name = "severity",
                               .doc = "How grave it is now.",
                               .need = Need::optional,
                               .choices = notify_severities},
                              notify_components,
                              notify_on_undelivered}},
              .resource = "key",
              .everywhere = true},
    Operation{.name = "resolve",
              .effect = Effect::change,
              .recovery = Recovery::repeat,
              .undo = "no",
              .result = "notify.Notice",
              .doc = "Ends an incident. Where none is open under this key, `changed` is false.",
              .parameters = {{notify_key,
                              {.name = "text", .doc = "How it ended."},
                              notify_on_undelivered}},
              .resource = "key",
              .everywhere = true},
};

inline constexpr std::array notify_upkeep = {
    Operation{.name = "acknowledge",
              .effect = Effect::change,
              .recovery = Recovery::repeat,
              .undo = "no",
              .result = "notify.Notice",
              .doc = "Says that somebody is at work on an open incident; `not_found` where none is "
                     "open.",
              .parameters = {{notify_key, {.name = "by", .doc = "Who.", .need = Need::optional}}},
              .resource = "key"},
    Operation{
        .name = "set_component",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "by set_component",
        .result = "notify.ComponentChange",
        .doc = "Shows the state of one part of the service; one that was never set is "
               "operational.",
        .parameters = {{{.name = "component", .doc = "Its name."},
                        {.name = "state",
                         .doc = "Its state from now on.",
                         .choices =
                             "operational|degraded|partial_outage|major_outage|maintenance"}}},
        .resource = "component"},
    Operation{.name = "schedule_maintenance",
              .effect = Effect::change,
              .recovery = Recovery::key,
              .undo = "by end_maintenance",
              .result = "notify.Notice",
              .doc = "Announces a maintenance. The same key again replaces it.",
              .parameters = {{notify_key,
                              {.name = "starts_at", .type = Type::time, .doc = "When it begins."},
                              {.name = "ends_at",
                               .type = Type::time,
                               .doc = "When it ends; later than it begins."},
                              {.name = "text", .doc = "What is done and what it means."},
                              notify_components}},
              .resource = "key"},
    Operation{.name = "end_maintenance",
              .effect = Effect::change,
              .recovery = Recovery::repeat,
              .undo = "no",
              .result = "notify.Notice",
              .doc = "Ends or calls off a maintenance. Where none is scheduled under this key, "
                     "`changed` is false.",
              .parameters = {{notify_key,
                              {.name = "text", .doc = "How it went.", .need = Need::optional}}},
              .resource = "key"},
};

}  // namespace perilune
