// Requests of Lua drivers: addresses, headers, bodies, and the reach that no argument can widen.
#include "interpreter/driver/driver_request.h"

#include <algorithm>

#include "interpreter/base/http_headers.h"
#include "interpreter/base/http_url.h"
#include "interpreter/base/http_verdict.h"
#include "interpreter/base/json.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t body_bytes_max = 4 << 20;
constexpr std::size_t excerpt_bytes_max = 300;
constexpr double retry_after_max_s = 300;

std::string host_of(const std::string& origin) {
    const auto begin = origin.find("//") + 2;
    return origin.substr(begin, origin.find(':', begin) - begin);
}

bool is_plain_https(const std::string& origin) {
    return origin.starts_with("https://") &&
           (origin.find(':', 8) == std::string::npos || origin.ends_with(":443"));
}

Result<bool> reaches(const DriverReach& reach, const Call& call, const std::string& url) {
    const std::string origin = origin_of(url);
    for (const auto& host : reach.hosts) {
        if (host.starts_with("{")) {
            const Value& setting = reach.settings[host.substr(1, host.size() - 2)];
            if (setting.is_nil()) continue;
            const auto opened = open_text(call, setting);
            if (!opened) return opened.error();
            if (check_url(*opened).ok() && origin_of(*opened) == origin) return true;
        } else if (is_plain_https(origin)) {
            const std::string name = host_of(origin);
            const bool below = host.starts_with("*.") && name.size() > host.size() - 1 &&
                               name.ends_with(host.substr(1));
            if (below || name == host) return true;
        }
    }
    return false;
}

Result<std::string> address(const Call& call, const Value& asked) {
    auto base = open_text(call, asked["url"]);
    if (!base) return base.error();
    if (!asked.has("path") && !asked.has("query")) {
        if (const auto sane = check_url(*base); !sane) return sane.error();
        return base;
    }
    const auto checked = check_base_url(*base);
    if (!checked) return checked.error();
    return join_url(*checked, asked["path"].text(), asked["query"]);
}

Status add_basic(HttpRequest& request, const Call& call, const Value& basic) {
    const auto user = open_text(call, basic["user"]);
    if (!user) return user.error();
    const auto password = open_text(call, basic["password"]);
    if (!password) return password.error();
    request.headers.emplace_back("Authorization", "Basic " + to_base64(*user + ":" + *password));
    return Done{};
}

// The fields with their secrets opened, for a form.
Result<Value> opened_fields(const Call& call, const Value& fields) {
    Value opened{Map{}};
    for (const auto& [name, value] : fields.map()) {
        if (!value.is_secret()) {
            opened.set(name, value);
            continue;
        }
        auto text = open_text(call, value);
        if (!text) return text.error();
        opened.set(name, std::move(*text));
    }
    return opened;
}

Status add_body(HttpRequest& request, const Call& call, const Value& asked) {
    if (asked.has("form")) {
        const auto fields = opened_fields(call, asked["form"]);
        if (!fields) return fields.error();
        auto form = encode_form(*fields);
        if (!form) return form.error();
        request.body = std::move(*form);
        if (!has_header(request, "content-type"))
            request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    } else if (asked.has("body")) {
        auto body = open_text(call, asked["body"]);
        if (!body) return body.error();
        request.body = std::move(*body);
    } else {
        return Done{};
    }
    request.has_body = true;
    return Done{};
}

// What an unwelcome answer says of itself, short enough for a message.
std::string excerpt(const HttpAnswer& answer) {
    std::string text = answer.body.substr(0, excerpt_bytes_max);
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    if (answer.body.size() > excerpt_bytes_max) text += " …";
    return text;
}

bool holds(const Value& list, std::string_view text) {
    return std::any_of(list.list().begin(), list.list().end(),
                       [&](const Value& item) { return item.text() == text; });
}

// Puts a handle in place of the text at the end of a path; "*" stands for every item of a list and
// every field of a map but those in `except`.
void hide(Value& value, std::string_view path, const Value& except, const std::string& name,
          const KeepSecret& keep) {
    if (path.empty()) {
        if (value.is_text()) value = keep(name, value.text());
        return;
    }
    const auto dot = path.find('.');
    const auto step = path.substr(0, dot);
    path.remove_prefix(dot == std::string_view::npos ? path.size() : dot + 1);
    if (step == "*" && value.is_list()) {
        int place = 0;
        for (auto& item : value.as_list())
            hide(item, path, except, name + " " + std::to_string(++place), keep);
    } else if (step == "*") {
        for (auto& [field, item] : value.as_map())
            if (!holds(except, field)) hide(item, path, except, name + " " + field, keep);
    } else if (value.is_map()) {
        const auto next = value.as_map().find(step);
        if (next != value.as_map().end()) hide(next->second, path, except, name, keep);
    }
}

}  // namespace

Result<DriverRequest> make_request(const DriverReach& reach, const Call& call, const Value& asked) {
    DriverRequest made;
    HttpRequest& request = made.http;
    request.method = asked["method"].text();
    made.reads = request.method == "GET" || request.method == "HEAD" || asked["reads"].boolean();
    made.once = asked["once"].boolean();
    auto url = address(call, asked);
    if (!url) return url.error();
    request.url = std::move(*url);
    const auto reached = reaches(reach, call, request.url);
    if (!reached) return reached.error();
    if (!*reached)
        return fail("not_allowed", "The driver of " + call.target + " may not send to " +
                                       origin_of(request.url) +
                                       ": it is not among the hosts that it declares.");
    request.headers = {{"User-Agent", "perilune"}};
    if (const auto added = add_headers(request, call, asked["headers"].map()); !added)
        return added.error();
    if (asked.has("basic"))
        if (const auto added = add_basic(request, call, asked["basic"]); !added)
            return added.error();
    if (const auto added = add_body(request, call, asked); !added) return added.error();
    for (const auto& status : asked["accept"].list())
        made.accept.insert(static_cast<int>(status.integer()));
    made.handles = asked["handles"];
    made.sign = asked["sign"];
    request.body_max = body_bytes_max;
    if (asked.has("body_max"))
        request.body_max = static_cast<std::size_t>(
            std::clamp(asked["body_max"].number(), 0.0, static_cast<double>(body_bytes_max)));
    request.certificate_authority = reach.certificate_authority;
    const double timeout_s = asked.has("timeout") ? asked["timeout"].number() : 30;
    request.deadline_s = boot_now_s() + timeout_s;
    if (call.deadline_s > 0) request.deadline_s = std::min(request.deadline_s, call.deadline_s);
    return made;
}

Value answer_value(const HttpAnswer& answer) {
    Value told;
    told.set("status", answer.status).set("took_s", answer.took_s);
    Value headers{Map{}};
    for (const auto& [name, value] : answer.headers) headers.set(name, value);
    told.set("headers", std::move(headers));
    const auto type = answer.headers.find("content-type");
    if (type != answer.headers.end() && type->second.find("json") != std::string::npos)
        if (auto json = from_json(answer.body)) return told.set("json", std::move(*json));
    return told.set("body", answer.body);
}

Value with_handles(Value answer, const Value& handles, const Call& call, const KeepSecret& keep) {
    // What cannot be read as JSON may hold the value anywhere.
    if (!handles.map().empty() && !answer.has("json")) answer.set("body", Value());
    const auto json = answer.as_map().find("json");
    if (json == answer.as_map().end()) return answer;
    for (const auto& [name, field] : handles.map()) {
        const std::string& path = (field.is_map() ? field["field"] : field).text();
        hide(json->second, path, field["except"], call.target + " " + name, keep);
    }
    return answer;
}

Error refusal_of(const Call& call, const DriverRequest& request, const HttpAnswer& answer) {
    const std::string code = answer.status == 401 ? "credentials_refused" : "unexpected_status";
    const std::string said = excerpt(answer);
    Error error =
        fail(code, call.target + ":" + call.operation + ": " + request.http.method + " to " +
                       origin_of(request.http.url) + " was answered with " +
                       std::to_string(answer.status) + (said.empty() ? "." : ": " + said));
    error.detail = answer_value(answer);
    error.detail.set("headers", Value());
    error = with_verdict(std::move(error), answer, retry_after_max_s);
    // What only reads has changed nothing whatever became of it.
    if (request.reads && error.retry == Retry::unknown) error.retry = Retry::safe;
    return error;
}

}  // namespace perilune
