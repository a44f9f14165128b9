// The rows of the http table that change the world.
#pragma once

#include "bindings/http/http_parameters.h"

namespace perilune {

inline constexpr std::array http_changes = {
    Operation{
        .name = "post",
        .effect = Effect::change,
        .recovery = Recovery::ask,
        .undo = "no",
        .result = "http.Response",
        .doc = "Sends a POST once. Proved not executed, and so tried again by the host: a failure "
               "before the request left (`name_not_found`, `refused`, `unreachable`, TLS), a 429, "
               "and a 503 with Retry-After. In doubt: a lost answer, a 408, a 5xx other than 501 "
               "and 505, a redirect 302 or 303. Any other unexpected status did not happen.",
        .parameters = {{http_path, http_query, http_headers, http_json, http_form, http_body,
                        http_expect, http_key_header}},
        .resource = "path",
              .key_with = "key_header",
        .everywhere = true},
    Operation{.name = "put",
              .effect = Effect::change,
              .recovery = Recovery::repeat,
              .undo = "no",
              .result = "http.Response",
              .doc = "Replaces one resource whole. A lost answer is sent again: a PUT may be "
                     "repeated by its meaning (RFC 9110, 9.2.2). Errors as of post.",
              .parameters = {{http_path, http_query, http_headers, http_json, http_form, http_body,
                              http_expect, http_key_header}},
              .resource = "path",
              .everywhere = true},
    Operation{.name = "patch",
              .effect = Effect::change,
              .recovery = Recovery::ask,
              .undo = "no",
              .result = "http.Response",
              .doc = "Changes a part of one resource. Sent once, as post; errors as of post.",
              .parameters = {{http_path, http_query, http_headers, http_json, http_form, http_body,
                              http_expect, http_key_header}},
              .resource = "path",
              .key_with = "key_header",
              .everywhere = true},
    Operation{.name = "delete",
              .effect = Effect::change,
              .recovery = Recovery::repeat,
              .undo = "no",
              .result = "http.Response",
              .doc = "Deletes one resource. A 404 or 410 says that it is gone already, which is as "
                     "asked: `changed` is then false. Errors as of post.",
              .parameters = {{http_path, http_query, http_headers, http_expect}},
              .resource = "path",
              .everywhere = true},
    Operation{
        .name = "load",
        .effect = Effect::change,
        .recovery = Recovery::repeat,
        .undo = "none",
        .result = "http.LoadResult",
        .doc = "Sends GET requests at a constant rate and measures the answers. Each time counts "
               "from the moment its request was due, so a slow server is not flattered by waiting. "
               "An error is a transport's failure or a status outside 200 to 399. Raises "
               "`too_many_errors` as soon as, after at least 20 answers, more than "
               "`stop_at_error_ratio` of them are errors; the figures are then in `detail`.",
        .parameters = {{http_path,
                        {.name = "rate_per_s",
                         .type = Type::number,
                         .doc = "Requests a second, at most 1000."},
                        {.name = "during",
                         .type = Type::duration,
                         .doc = "How long; at most 1,000,000 requests altogether."},
                        {.name = "connections_max",
                         .type = Type::integer,
                         .doc = "How many requests may be under way at once, at most 500.",
                         .fallback = "50"},
                        {.name = "stop_at_error_ratio",
                         .type = Type::number,
                         .doc = "From 0 to 1; 1 never stops.",
                         .fallback = "0.5"}}},
        .resource = "path",
        .timeout_s = 86400,
        .everywhere = false},
};

}  // namespace perilune
