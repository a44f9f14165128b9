// `check` and `wait_ok`: every wish about an answer is one Check, and every failure is told.
#include "bindings/http/http_checks.h"

#include <algorithm>

#include "bindings/http/http_expectation.h"
#include "interpreter/base/fields.h"
#include "interpreter/base/json.h"
#include "interpreter/base/pause.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t body_max = 16 << 20;
constexpr std::size_t shown_max = 200;

struct Judged {
    List checks;           // Records Check.
    std::string failures;  // Empty where all passed.
    Value response;
    Retry retry = Retry::safe;
};

std::string cut(std::string text) {
    if (text.size() <= shown_max) return text;
    text.resize(shown_max);
    return text + "…";
}

void add_check(Judged& judged, const std::string& name, bool passed, const std::string& expected,
               const std::string& found) {
    Value check;
    check.set("name", name).set("passed", passed).set("expected", expected).set("found", found);
    judged.checks.push_back(std::move(check));
    if (passed) return;
    judged.failures +=
        (judged.failures.empty() ? "" : "; ") + name + " is " + found + ", not " + expected;
}

void check_fields(Judged& judged, const Value& whole, const Map& wanted,
                  const std::string& prefix) {
    for (const auto& [name, expected] : wanted) {
        const Value found = find_field(whole, name);
        const std::string shown = prefix + name;
        if (expected.is_map() && !expected.map().empty()) {
            check_fields(judged, found, expected.map(), shown + ".");
            continue;
        }
        add_check(judged, shown, found == expected, cut(to_json(expected)),
                  found.is_nil() ? "absent" : cut(to_json(found)));
    }
}

Judged judge(const Call& call, const Result<HttpAnswer>& answer) {
    Judged judged;
    const Value& arguments = call.arguments;
    if (!answer.ok()) {
        const Error& error = answer.error();
        add_check(judged, "answer", false, "an answer", error.code + " (" + error.message + ")");
        if (error.retry == Retry::never) judged.retry = Retry::never;
        return judged;
    }
    judged.response = to_response(*answer);
    const auto expected = HttpExpectation::read(arguments["expect"]);
    add_check(judged, "status", expected.ok() && expected->met(answer->status),
              expected.ok() ? expected->shown() : "a status", std::to_string(answer->status));
    if (arguments.has("json") && !judged.response.has("json"))
        add_check(judged, "json", false, "JSON", "another kind of body");
    else
        check_fields(judged, judged.response["json"], arguments["json"].map(), "json.");
    if (arguments.has("contains")) {
        const std::string& text = arguments["contains"].text();
        add_check(judged, "body", answer->body.find(text) != std::string::npos,
                  "a text with \"" + cut(text) + "\"", "a text without it");
    }
    if (arguments.has("latency_max")) {
        const double most_s = arguments["latency_max"].number();
        add_check(judged, "latency", answer->took_s <= most_s, "at most " + show_duration(most_s),
                  show_duration(answer->took_s));
    }
    return judged;
}

// One try on a connection of its own, as a new client of the service would make it.
Awaitable<Judged> try_once(HttpTargetPointer target, Call* call) {
    auto request = make_request(*target, *call, "GET");
    if (!request) co_return judge(*call, request.error());
    request->fresh_connection = true;
    request->body_max = body_max;
    const auto answer = co_await exchange(target, std::move(*request), call);
    co_return judge(*call, answer);
}

}  // namespace

Awaitable<Result<Value>> observe_check(HttpTargetPointer target, Call* call) {
    Judged judged = co_await try_once(target, call);
    if (judged.failures.empty()) co_return std::move(judged.response);
    Error error = fail("check_failed",
                       "The check of " + shown_request("GET", *call) +
                           " failed: " + judged.failures + ". Look at the service before going on.",
                       judged.retry);
    error.detail = std::move(judged.checks);
    co_return error;
}

Awaitable<Result<Value>> observe_wait_ok(HttpTargetPointer target, Call* call) {
    const double began_s = boot_now_s();
    double end_s = began_s + call->arguments["within"].number();
    if (call->deadline_s > 0) end_s = std::min(end_s, call->deadline_s);
    const double every_s = call->arguments["every"].number();
    const double wanted = call->arguments["times"].number();
    Call one_try = *call;
    one_try.deadline_s = end_s;
    double good = 0;
    int tries = 0;
    std::string last = "none was made in time";
    for (double due_s = began_s; due_s < end_s;) {
        Judged judged = co_await try_once(target, &one_try);
        ++tries;
        good = judged.failures.empty() ? good + 1 : 0;
        if (good >= wanted) co_return std::move(judged.response);
        // A try that the end of the wait cut off says less than the answer before it.
        const bool cut_off = boot_now_s() >= end_s && tries > 1;
        if (!judged.failures.empty() && !cut_off) last = judged.failures;
        // A try that took longer than the pause is followed at once, never by two together.
        due_s = std::max(due_s + every_s, boot_now_s());
        const bool waited =
            co_await pause_until(target->loop, std::min(due_s, end_s), call->cancel);
        if (!waited)
            co_return fail("cancelled",
                           "Waiting for " + shown_request("GET", *call) + " was told to stop.",
                           Retry::safe);
    }
    co_return fail("timed_out",
                   shown_request("GET", *call) + " was not as wanted within " +
                       show_duration(end_s - began_s) + " and " + std::to_string(tries) +
                       " tries. The last failure: " + last +
                       ". Look at the service, or allow more time.",
                   Retry::safe);
}

}  // namespace perilune
