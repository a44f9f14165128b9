// Sends requests to a JSON endpoint and reads its numbers and times.
#include "bindings/metrics/http_json_endpoint.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "interpreter/base/http_headers.h"
#include "interpreter/base/http_url.h"
#include "interpreter/base/http_verdict.h"
#include "interpreter/base/json.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t body_max = 16 << 20;
constexpr double retry_after_max_s = 60;
constexpr double milliseconds_from = 1e11;  // No time in seconds is so late before the year 5138.

Error unexpected(const JsonEndpoint& endpoint, const HttpAnswer& answer) {
    return fail("unexpected_status", endpoint.name + " answered " + std::to_string(answer.status) +
                                         ". Check the url, the path and the credentials in its "
                                         "settings.");
}

}  // namespace

Result<HttpRequest> request_for(const JsonEndpoint& endpoint, const std::string& method,
                                const std::string& path, const Call& call) {
    HttpRequest request;
    request.method = method;
    auto url = join_url(endpoint.base, path);
    if (!url) return url.error();
    request.url = std::move(*url);
    request.headers = {{"Accept", "application/json"}};
    if (const auto added = add_headers(request, call, endpoint.headers); !added)
        return added.error();
    request.body_max = body_max;
    request.certificate_authority = endpoint.certificate_authority;
    request.deadline_s = boot_now_s() + endpoint.timeout_s;
    if (call.deadline_s > 0) request.deadline_s = std::min(request.deadline_s, call.deadline_s);
    return request;
}

Awaitable<Result<Value>> fetch_json(JsonEndpointPointer endpoint, std::string path, Call* call) {
    auto request = request_for(*endpoint, "GET", path, *call);
    if (!request) co_return request.error();
    const auto answer = co_await endpoint->client.send(std::move(*request), call->cancel);
    if (!answer.ok()) {
        Error error = answer.error();
        error.message = endpoint->name + ": " + error.message;
        if (error.retry == Retry::unknown) error.retry = Retry::safe;
        co_return error;
    }
    if (answer->status < 200 || answer->status > 299) {
        Error error = unexpected(*endpoint, *answer);
        const int status = answer->status;
        if (status == 408 || status == 429 || status >= 500) error.retry = Retry::safe;
        co_return error;
    }
    auto json = from_json(answer->body);
    if (!json)
        co_return fail("bad_answer",
                       endpoint->name +
                           " answered with something that is no JSON. Check the path "
                           "in its settings.",
                       Retry::safe);
    co_return std::move(*json);
}

Awaitable<Outcome> send_change(JsonEndpointPointer endpoint, HttpRequest request, Call* call) {
    const auto answer = co_await endpoint->client.send(std::move(request), call->cancel);
    if (!answer.ok()) {
        Error error = answer.error();
        error.message = endpoint->name + ": " + error.message;
        co_return failed_outcome(std::move(error));
    }
    if (answer->status < 200 || answer->status > 299)
        co_return failed_outcome(
            with_verdict(unexpected(*endpoint, *answer), *answer, retry_after_max_s));
    const auto json = from_json(answer->body);
    co_return Outcome::done(json.ok() ? *json : Value());
}

std::optional<double> as_number(const Value& value) {
    double number = value.number();
    if (value.is_text()) {
        const std::string& text = value.text();
        const char* const end = text.data() + text.size();
        const auto read = std::from_chars(text.data(), end, number);
        if (text.empty() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
    } else if (!value.is_number()) {
        return std::nullopt;
    }
    if (std::isnan(number)) return std::nullopt;
    return number;
}

std::optional<double> as_time(const Value& value) {
    if (const auto number = as_number(value))
        return *number > milliseconds_from ? *number / 1000 : *number;
    if (!value.is_text()) return std::nullopt;
    const auto parsed = parse_time(value.text());
    if (!parsed) return std::nullopt;
    return *parsed;
}

}  // namespace perilune
