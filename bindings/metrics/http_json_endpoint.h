// Exchanges of the metrics driver `http_json` with its endpoint.
#pragma once

#include "bindings/metrics/http_json_settings.h"
#include "interpreter/base/http_client.h"

namespace perilune {

struct JsonEndpoint {
    std::string name;  // "metrics/site"
    Loop& loop;
    HttpClient& client;
    std::string base = {};
    Map headers = {};
    std::string certificate_authority = {};
    double timeout_s = 15;
    JsonSettings settings = {};
};
using JsonEndpointPointer = std::shared_ptr<JsonEndpoint>;

// The JSON that a path answers with. Every failure that passes is safe to try again.
Awaitable<Result<Value>> fetch_json(JsonEndpointPointer endpoint, std::string path, Call* call);

// Sends a changing request; `done` with the answer's JSON, or nil, as its value.
Awaitable<Outcome> send_change(JsonEndpointPointer endpoint, HttpRequest request, Call* call);

// The request for a path of the endpoint, with its headers.
Result<HttpRequest> request_for(const JsonEndpoint& endpoint, const std::string& method,
                                const std::string& path, const Call& call);

// A number, or text that is one; nothing for anything else, and for NaN.
std::optional<double> as_number(const Value& value);
// Unix seconds of a number in seconds or milliseconds, or of RFC 3339 text.
std::optional<double> as_time(const Value& value);

}  // namespace perilune
