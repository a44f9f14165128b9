// Decides what an HTTP answer proves (RFC 9110, 15): the heart of the family's honesty.
#include "bindings/http/http_judgement.h"

#include <optional>

#include "bindings/http/http_expectation.h"
#include "interpreter/base/http_verdict.h"

namespace perilune {

namespace {

constexpr std::size_t body_kept_max = 64 << 10;

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string redirect_target(const HttpAnswer& answer) {
    const auto location = answer.headers.find("location");
    if (location == answer.headers.end()) return "nowhere (there is no Location)";
    std::string shown;
    for (const char c : location->second.substr(0, 200)) shown += c > ' ' && c < '\x7f' ? c : '?';
    return shown;
}

Error unexpected(const Call& call, const std::string& method, const HttpAnswer& answer,
                 const HttpExpectation& expected) {
    const std::string shown = shown_request(method, call);
    Error error;
    if (is_redirect(answer.status)) {
        error = fail("redirect_refused",
                     shown + " answered " + std::to_string(answer.status) + ", a redirect to " +
                         redirect_target(answer) +
                         ". Redirects are not followed; ask for that "
                         "address in a target of its own, or name the status in `expect`.");
    } else {
        error = fail("unexpected_status", shown + " answered " + std::to_string(answer.status) +
                                              ", but " + expected.shown() +
                                              " was expected. Read the answer in the error's "
                                              "detail and the service's own log.");
    }
    HttpAnswer kept = answer;
    if (kept.body.size() > body_kept_max) kept.body.resize(body_kept_max);
    error.detail = to_response(kept);
    return error;
}

// An answer that was longer than allowed is still an answer: what happened is known from its head.
std::optional<HttpAnswer> beginning_of(const Error& error) {
    if (error.code != "body_too_large") return std::nullopt;
    HttpAnswer answer;
    answer.status = static_cast<int>(error.detail["status"].number());
    answer.body = error.detail["body"].text();
    for (const auto& [name, value] : error.detail["headers"].map())
        answer.headers[name] = value.text();
    if (answer.status < 200) return std::nullopt;
    return answer;
}

}  // namespace

Result<Value> judge_observe(const HttpTarget& target, const Call& call, const std::string& method,
                            const Result<HttpAnswer>& answer) {
    if (!answer.ok()) {
        Error error = answer.error();
        if (error.retry == Retry::unknown) error.retry = Retry::safe;
        return error;
    }
    const auto expected = HttpExpectation::read(call.arguments["expect"]);
    if (!expected) return expected.error();
    if (expected->met(answer->status)) return to_response(*answer);
    Error error = unexpected(call, method, *answer, *expected);
    // Asking again is right where a later answer may be another one.
    const int status = answer->status;
    const bool passing = status == 408 || status == 429 || status >= 500;
    if (const auto wait_s = told_to_wait(*answer, target.retry_after_max_s))
        error.detail.set("retry_after_s", *wait_s);
    error.retry = passing ? Retry::safe : Retry::never;
    return error;
}

Outcome judge_change(const HttpTarget& target, const Call& call, const std::string& method,
                     const Result<HttpAnswer>& answer) {
    std::optional<HttpAnswer> beginning;
    if (!answer.ok()) {
        beginning = beginning_of(answer.error());
        if (!beginning) return failed_outcome(answer.error());
    }
    const HttpAnswer& found = beginning ? *beginning : *answer;
    const auto expected = HttpExpectation::read(call.arguments["expect"]);
    if (!expected) return Outcome::failed(expected.error());
    const bool gone = method == "DELETE" && (found.status == 404 || found.status == 410);
    if (gone || expected->met(found.status)) {
        Value response = to_response(found);
        if (beginning) response.set("truncated", true);
        response.set("changed", !gone);
        return Outcome::done(std::move(response));
    }
    return failed_outcome(
        with_verdict(unexpected(call, method, found, *expected), found, target.retry_after_max_s));
}

}  // namespace perilune
