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
    std::size_t body_max = 1 << 20;      // A longer answer fails with `body_too_large`.
    double connect_timeout_s = 10;
    double deadline_s = 0;               // Boot clock; 0: 30 s from now.
    std::string certificate_authority;   // Path of a PEM file; empty: the system's.
    bool want_certificate = false;       // Fill HttpAnswer::certificate.
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
class HttpClient {
public:
    static std::unique_ptr<HttpClient> make(Loop& loop);
    virtual ~HttpClient() = default;
    // An error's `retry` is `safe` where nothing of the request was sent (name, refused, TLS),
    // except certificate errors, which are `never`; `unknown` where it may have been executed.
    // Codes: name_not_found, refused, unreachable, tls_failed, timed_out, connection_lost,
    // body_too_large, bad_url.
    virtual Awaitable<Result<HttpAnswer>> send(HttpRequest request,
                                               std::shared_ptr<Cancel> cancel) = 0;
};

// Seconds a Retry-After value (RFC 9110, 10.2.3) asks for at `now_s` (Unix), within 0 to `most_s`;
// -1 where it says nothing usable.
double retry_after_s(const std::string& value, double now_s, double most_s);

}  // namespace perilune
