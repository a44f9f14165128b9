// HTTP as drivers need it: one exchange, and an honest answer to "was it sent?".
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "interpreter/base/driver.h"

namespace perilune {

struct HttpRequest {
    std::string method = "GET";
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool has_body = false;
    std::string_view lent_body;      // In place of `body`: bytes kept by the caller till the end.
    std::size_t body_max = 1 << 20;  // A longer answer fails with `body_too_large`.
    double connect_timeout_s = 10;
    double deadline_s = 0;  // Boot clock; 0: 30 s from now.
    // An exchange that moves fewer than 16 bytes a second for so long fails; 0: no such limit.
    double idle_timeout_s = 60;
    // Arriving twice does no harm: a changing request so marked may leave on a kept connection.
    bool may_arrive_twice = false;
    bool fresh_connection = false;      // A connection of its own, its name looked up anew.
    std::string certificate_authority;  // Path of a PEM file; empty: the system's.
    bool want_certificate = false;      // Fill HttpAnswer::certificate.
};

struct HttpCertificate {
    std::vector<std::string> names;
    std::string issuer;
    double starts_at = 0;
    double ends_at = 0;
};

struct HttpAnswer {
    int status = 0;
    std::map<std::string, std::string> headers;  // Lower-case names.
    std::string body;
    double took_s = 0;
    HttpCertificate certificate;
};

// Redirects are never followed; TLS is always verified; only http and https are spoken; no proxy.
// A method other than GET, HEAD and OPTIONS leaves on a connection of its own, so that it is never
// sent a second time where the peer closes a connection that was kept open; unless that is said to
// do no harm.
class HttpClient {
public:
    static std::unique_ptr<HttpClient> make(Loop& loop);
    virtual ~HttpClient() = default;
    // An error's `retry` is `safe` where nothing of the request was sent (name, refused, TLS),
    // except certificate errors, which are `never`; `unknown` where it may have been executed.
    // Codes: name_not_found, refused, unreachable, tls_failed, timed_out, connection_lost,
    // bad_answer, cancelled, body_too_large (its detail has status, headers and the body's
    // beginning), bad_url, bad_header. Messages name the origin only: a path may be a secret.
    virtual Awaitable<Result<HttpAnswer>> send(HttpRequest request,
                                               std::shared_ptr<Cancel> cancel) = 0;
};

// Seconds a Retry-After value (RFC 9110, 10.2.3) asks for at `now_s` (Unix), within 0 to `most_s`;
// -1 where it says nothing usable.
double retry_after_s(const std::string& value, double now_s, double most_s);

}  // namespace perilune
