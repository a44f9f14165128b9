// One http target: its settings, and exchanges with it that keep them.
#pragma once

#include "interpreter/base/driver.h"
#include "interpreter/base/http_client.h"

namespace perilune {

struct HttpTarget {
    std::string name;  // "http/shop"
    Loop& loop;
    HttpClient& client;
    std::string base = {};  // "https://shop.example:8443/api"
    Map headers = {};       // Text or secrets.
    std::string certificate_authority = {};
    double timeout_s = 30;
    double connect_timeout_s = 10;
    double idle_timeout_s = 60;
    double retry_after_max_s = 300;
    double interval_s = 0;                 // Between two requests; 0: no limit.
    double next_at_s = 0;                  // When the next request may leave.
    std::vector<std::string> probes = {};  // "POST /login"
};
using HttpTargetPointer = std::shared_ptr<HttpTarget>;

// Builds the request of a call from its arguments; secrets are opened here.
Result<HttpRequest> make_request(const HttpTarget& target, const Call& call,
                                 const std::string& method);

// Waits for its turn where the target has a rate, then sends. Errors name target and path.
Awaitable<Result<HttpAnswer>> exchange(HttpTargetPointer target, HttpRequest request, Call* call);

// "GET /health on http/shop", for messages.
std::string shown_request(const std::string& method, const Call& call);

// An answer as a runbook sees it.
Value to_response(const HttpAnswer& answer);

}  // namespace perilune
