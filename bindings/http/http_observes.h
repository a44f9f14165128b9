// The rows of the http table that change nothing.
#pragma once

#include "bindings/http/http_parameters.h"

namespace perilune {

inline constexpr std::array http_observes = {
    Operation{
        .name = "get",
        .effect = Effect::observe,
        .result = "http.Response",
        .doc = "Reads one resource. Redirects are not followed: the error `redirect_refused` names "
               "where one led. A transport's failure (`name_not_found`, `refused`, `unreachable`, "
               "`timed_out`, `connection_lost`, `bad_answer`), a 408, a 429 and a 5xx are safe to "
               "try again; a refused certificate (`tls_failed`) and a longer body "
               "(`body_too_large`) are not.",
        .parameters = {{http_path,
                        http_query,
                        http_headers,
                        http_expect,
                        {.name = "body_max",
                         .type = Type::size,
                         .doc = "The longest body that is read, at most 16 MiB.",
                         .fallback = "1MiB"}}},
        .resource = "path",
        .everywhere = true},
    Operation{.name = "head",
              .effect = Effect::observe,
              .result = "http.Response",
              .doc = "Asks for the headers of one resource; the body is empty. Errors as of get.",
              .parameters = {{http_path, http_query, http_headers, http_expect}},
              .resource = "path",
              .everywhere = true},
    Operation{
        .name = "check",
        .effect = Effect::observe,
        .result = "http.Response",
        .doc = "Reads one resource on a connection of its own and judges the answer: its status, "
               "fields of its JSON, text it contains, and how long it took. Raises `check_failed` "
               "with every failure in the message and a list of Check in `detail`; no answer at "
               "all is one failure.",
        .parameters = {{http_path,
                        http_expect_200,
                        http_json_fields,
                        {.name = "contains",
                         .doc = "Text that must stand in the body.",
                         .need = Need::optional},
                        {.name = "latency_max",
                         .type = Type::duration,
                         .doc = "The longest the answer may take, the connection included.",
                         .need = Need::optional}}},
        .resource = "path",
        .everywhere = true},
    Operation{
        .name = "probe",
        .effect = Effect::observe,
        .result = "http.Response",
        .doc = "Sends a request that by its meaning changes nothing, such as a login that must be "
               "refused. A method other than GET, HEAD and OPTIONS is refused (`denied`) unless "
               "the target's setting `probes` lists it with its path, because a plan sends it too. "
               "Other errors as of get.",
        .parameters = {{{.name = "method",
                         .doc = "The method.",
                         .choices = "GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE"},
                        http_path,
                        http_headers,
                        http_json,
                        http_body,
                        {.name = "expect",
                         .type = Type::plain,
                         .doc = "The statuses that count as success: 401, \"4xx\", or a list."}}},
        .resource = "path",
        .everywhere = true},
    Operation{.name = "certificate",
              .effect = Effect::observe,
              .result = "http.Certificate",
              .doc = "Reads the server's certificate in a handshake of its own. A certificate that "
                     "is not accepted (expired, another name, an unknown authority) raises "
                     "`tls_failed`, which says why; a target without TLS `no_certificate`."},
    Operation{
        .name = "wait_ok",
        .effect = Effect::observe,
        .result = "http.Response",
        .doc = "Asks again and again, each time on a connection of its own with the name looked up "
               "anew, until the answer is as wanted so many times in a row. Raises `timed_out` "
               "(safe to try again), which tells the last failure and how many tries there were.",
        .parameters =
            {{http_path,
              http_expect_200,
              http_json_fields,
              {.name = "every",
               .type = Type::duration,
               .doc = "The pause from the beginning of one try to the next.",
               .fallback = "2s"},
              {.name = "times",
               .type = Type::integer,
               .doc = "How many good answers in a row.",
               .fallback = "1"},
              {.name = "within", .type = Type::duration, .doc = "How long to wait at most."}}},
        .resource = "path",
        .timeout_s = 86400,
        .everywhere = true},
};

}  // namespace perilune
