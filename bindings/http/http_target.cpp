// Builds requests from calls, sends them at the target's pace, and shows their answers.
#include "bindings/http/http_target.h"

#include <algorithm>

#include "interpreter/base/http_headers.h"
#include "interpreter/base/http_url.h"
#include "interpreter/base/json.h"
#include "interpreter/base/pause.h"

namespace perilune {

namespace {

// The same value with every secret in it opened.
Result<Value> open_all(const Call& call, const Value& value) {
    if (value.is_secret()) {
        auto opened = open_text(call, value);
        if (!opened) return opened.error();
        return Value(std::move(*opened));
    }
    if (value.is_list()) {
        List list;
        for (const auto& held : value.list()) {
            auto opened = open_all(call, held);
            if (!opened) return opened;
            list.push_back(std::move(*opened));
        }
        return Value(std::move(list));
    }
    if (!value.is_map()) return value;
    Map map;
    for (const auto& [name, held] : value.map()) {
        auto opened = open_all(call, held);
        if (!opened) return opened;
        map.insert_or_assign(name, std::move(*opened));
    }
    return Value(std::move(map));
}

Status add_body(HttpRequest& request, const Call& call) {
    const bool checks = call.operation == "check" || call.operation == "wait_ok";
    if (checks) return Done{};  // Their `json` is what the answer must hold.
    for (const auto* name : {"json", "form", "body"}) {
        if (!call.arguments.has(name)) continue;
        const auto opened = open_all(call, call.arguments[name]);
        if (!opened) return opened.error();
        const std::string_view kind = name;
        request.has_body = true;
        if (kind == "body") {
            request.body = opened->text();
        } else if (kind == "json") {
            request.body = to_json(*opened);
            if (!has_header(request, "content-type"))
                request.headers.emplace_back("Content-Type", "application/json");
        } else {
            auto form = encode_form(*opened);
            if (!form) return form.error();
            request.body = std::move(*form);
            if (!has_header(request, "content-type"))
                request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
        }
    }
    return Done{};
}

}  // namespace

Result<HttpRequest> make_request(const HttpTarget& target, const Call& call,
                                 const std::string& method) {
    const Value& arguments = call.arguments;
    HttpRequest request;
    request.method = method;
    const auto query = open_all(call, arguments["query"]);
    if (!query) return query.error();
    auto url = join_url(target.base, arguments["path"].text(), *query);
    if (!url) return url.error();
    request.url = std::move(*url);
    for (const auto* headers : {&target.headers, &arguments["headers"].map()})
        if (const auto added = add_headers(request, call, *headers); !added) return added.error();
    if (arguments.has("key_header")) {
        const Map key = {{arguments["key_header"].text(), Value(call.key)}};
        if (const auto added = add_headers(request, call, key); !added) return added.error();
    }
    if (const auto added = add_body(request, call); !added) return added.error();
    if (arguments.has("body_max"))
        request.body_max = static_cast<std::size_t>(arguments["body_max"].number());
    request.certificate_authority = target.certificate_authority;
    request.connect_timeout_s = target.connect_timeout_s;
    request.idle_timeout_s = target.idle_timeout_s;
    return request;
}

Awaitable<Result<HttpAnswer>> exchange(HttpTargetPointer target, HttpRequest request, Call* call) {
    const double now_s = boot_now_s();
    double deadline_s = now_s + target->timeout_s;
    if (call->deadline_s > 0) deadline_s = std::min(deadline_s, call->deadline_s);
    const std::string shown = shown_request(request.method, *call);
    if (target->interval_s > 0) {
        const double turn_s = std::max(now_s, target->next_at_s);
        if (turn_s > deadline_s)
            co_return fail("timed_out",
                           shown +
                               ": the target's rate leaves no place for it in time. Nothing "
                               "was sent; raise the setting rate_per_s or allow more time.",
                           Retry::safe);
        target->next_at_s = turn_s + target->interval_s;
        const bool waited = co_await pause_until(target->loop, turn_s, call->cancel);
        if (!waited)
            co_return fail("cancelled", shown + ": it was told to stop. Nothing was sent.",
                           Retry::safe);
    }
    request.deadline_s = deadline_s;
    auto answer = co_await target->client.send(std::move(request), call->cancel);
    if (answer.ok()) co_return std::move(answer);
    Error error = answer.error();
    error.message = shown + ": " + error.message;
    co_return error;
}

std::string shown_request(const std::string& method, const Call& call) {
    const std::string& path = call.arguments["path"].text();
    return method + (path.empty() ? "" : " " + path.substr(0, path.find('?'))) + " on " +
           call.target;
}

Value to_response(const HttpAnswer& answer) {
    Value headers{Map{}};
    for (const auto& [name, value] : answer.headers) headers.set(name, value);
    Value response;
    response.set("status", answer.status)
        .set("headers", std::move(headers))
        .set("body", answer.body)
        .set("took_s", answer.took_s);
    const auto type = answer.headers.find("content-type");
    if (type == answer.headers.end() || type->second.find("json") == std::string::npos)
        return response;
    if (auto json = from_json(answer.body)) response.set("json", std::move(*json));
    return response;
}

}  // namespace perilune
