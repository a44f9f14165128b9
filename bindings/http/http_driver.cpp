// The driver `http`: its settings, and one handler for each row of the family.
#include <algorithm>
#include <cmath>

#include "bindings/http/http.h"
#include "bindings/http/http_checks.h"
#include "bindings/http/http_judgement.h"
#include "bindings/http/http_load.h"
#include "interpreter/base/files.h"
#include "interpreter/base/http_headers.h"
#include "interpreter/base/http_url.h"

namespace perilune {

namespace {

constexpr Setting settings_table[] = {
    {.name = "url",
     .doc = "The origin, perhaps with a base path: https://shop.example/api. Without a user, a "
            "query or a fragment.",
     .identity = true},
    {.name = "headers",
     .type = Type::map,
     .doc = "Headers of every request: text, or secrets such as a token.",
     .need = Need::optional,
     .may_be_secret = true},
    {.name = "certificate_authority",
     .doc = "A PEM file with the authority that signs the server's certificate; that one alone is "
            "then trusted. Otherwise the system's.",
     .need = Need::optional},
    {.name = "timeout",
     .type = Type::duration,
     .doc = "How long one exchange may take.",
     .need = Need::optional,
     .fallback = "30s"},
    {.name = "connect_timeout",
     .type = Type::duration,
     .doc = "How long a connection may take, TLS included.",
     .need = Need::optional,
     .fallback = "10s"},
    {.name = "idle_timeout",
     .type = Type::duration,
     .doc = "An exchange that moves fewer than 16 bytes a second for so long is given up.",
     .need = Need::optional,
     .fallback = "60s"},
    {.name = "retry_after_max",
     .type = Type::duration,
     .doc = "The longest wait a Retry-After header may ask for.",
     .need = Need::optional,
     .fallback = "5m"},
    {.name = "rate_per_s",
     .type = Type::number,
     .doc = "At most so many requests a second, `load` excepted; the others wait their turn.",
     .need = Need::optional},
    {.name = "probes",
     .type = Type::list,
     .doc = "What `probe` may send beside GET, HEAD and OPTIONS, each as \"POST /login\": requests "
            "that change nothing, since a plan sends them too.",
     .need = Need::optional},
};

constexpr std::string_view operation_names[] = {"get",         "head",    "check", "probe",
                                                "certificate", "wait_ok", "post",  "put",
                                                "patch",       "delete",  "load"};

Awaitable<Result<Value>> observe_exchange(HttpTargetPointer target, Call* call,
                                          std::string method) {
    auto request = make_request(*target, *call, method);
    if (!request) co_return request.error();
    const auto answer = co_await exchange(target, std::move(*request), call);
    co_return judge_observe(*target, *call, method, answer);
}

Awaitable<Result<Value>> observe_probe(HttpTargetPointer target, Call* call) {
    const std::string& method = call->arguments["method"].text();
    const std::string& path = call->arguments["path"].text();
    const std::string wish = method + " " + path.substr(0, path.find('?'));
    const bool reads = method == "GET" || method == "HEAD" || method == "OPTIONS";
    if (!reads && std::ranges::find(target->probes, wish) == target->probes.end())
        co_return fail("denied", "The probe " + wish + " on " + call->target +
                                     " is refused: it could change something. If it does not, add "
                                     "\"" +
                                     wish + "\" to the target's setting `probes`.");
    auto result = co_await observe_exchange(target, call, method);
    co_return std::move(result);
}

Awaitable<Result<Value>> observe_certificate(HttpTargetPointer target, Call* call) {
    if (!target->base.starts_with("https://"))
        co_return fail("no_certificate", call->target +
                                             " has no certificate: its url begins with "
                                             "http://.");
    HttpRequest request;
    request.method = "HEAD";
    request.url = target->base + "/";
    request.certificate_authority = target->certificate_authority;
    request.connect_timeout_s = target->connect_timeout_s;
    request.want_certificate = true;
    const auto answer = co_await exchange(target, std::move(request), call);
    if (!answer.ok()) {
        Error error = answer.error();
        if (error.retry == Retry::unknown) error.retry = Retry::safe;
        co_return error;
    }
    List names;
    for (const auto& name : answer->certificate.names) names.emplace_back(name);
    Value certificate;
    certificate.set("names", std::move(names))
        .set("issuer", answer->certificate.issuer)
        .set("starts_at", answer->certificate.starts_at)
        .set("ends_at", answer->certificate.ends_at);
    co_return certificate;
}

Awaitable<Outcome> act_exchange(HttpTargetPointer target, Call* call, std::string method) {
    auto request = make_request(*target, *call, method);
    if (!request) co_return Outcome::failed(request.error());
    const auto answer = co_await exchange(target, std::move(*request), call);
    co_return judge_change(*target, *call, method, answer);
}

// Nothing is read beforehand: HTTP has no general way to tell whether a request is still needed.
Awaitable<Result<Before>> before_exchange(Call* call, char sign, std::string method) {
    Before before;
    before.sign = sign;
    before.plan = method + " " + call->arguments["path"].text();
    if (call->operation == "load")
        before.plan += " at " +
                       std::to_string(std::lround(call->arguments["rate_per_s"].number())) +
                       " a second";
    co_return before;
}

Handler observe(HttpTargetPointer target, const std::string& method) {
    Handler made;
    made.observe = [target, method](Call& call) { return observe_exchange(target, &call, method); };
    return made;
}

Handler observe_by(HttpTargetPointer target,
                   Awaitable<Result<Value>> (*function)(HttpTargetPointer, Call*)) {
    Handler made;
    made.observe = [target, function](Call& call) { return function(target, &call); };
    return made;
}

Handler change(HttpTargetPointer target, char sign, const std::string& method) {
    Handler made;
    made.before = [sign, method](Call& call) { return before_exchange(&call, sign, method); };
    made.act = [target, method](Call& call, const Value&) {
        return act_exchange(target, &call, method);
    };
    return made;
}

Status read_probes(const Value& given, HttpTarget& target) {
    for (const auto& one : given.list()) {
        const std::string& wish = one.text();
        const auto blank = wish.find(' ');
        const std::string method = wish.substr(0, blank);
        const bool known =
            method == "POST" || method == "PUT" || method == "PATCH" || method == "DELETE";
        if (!known || blank == std::string::npos || !check_url_path(wish.substr(blank + 1)).ok())
            return fail("bad_setting", "probes of " + target.name + " holds \"" + wish +
                                           "\"; write each as \"POST /login\".");
        target.probes.push_back(wish);
    }
    return Done{};
}

void set_limits(const Value& values, HttpTarget& target) {
    const auto read = [&](std::string_view name, double& into) {
        if (values.has(name)) into = values[name].number();
    };
    read("timeout", target.timeout_s);
    read("connect_timeout", target.connect_timeout_s);
    read("idle_timeout", target.idle_timeout_s);
    read("retry_after_max", target.retry_after_max_s);
    double rate_per_s = 0;
    read("rate_per_s", rate_per_s);
    target.interval_s = rate_per_s > 0 ? 1 / rate_per_s : 0;
}

Result<Driver> make(const Settings& settings, Services& services) {
    const auto base = check_base_url(settings.values["url"].text());
    if (!base)
        return fail("bad_setting", "url of " + settings.target + ": " + base.error().message);
    if (!services.http) return fail("no_http", "The host lends no HTTP client.");
    const auto target = std::make_shared<HttpTarget>(
        HttpTarget{.name = settings.target, .loop = services.loop, .client = *services.http});
    target->base = *base;
    const auto headers = read_headers_setting(settings.values["headers"], settings.target);
    if (!headers) return headers.error();
    target->headers = *headers;
    if (const auto read = read_probes(settings.values["probes"], *target); !read)
        return read.error();
    if (settings.values.has("certificate_authority"))
        target->certificate_authority =
            path_below(settings.folder, settings.values["certificate_authority"].text());
    set_limits(settings.values, *target);
    Driver driver;
    driver.state = target;
    auto& operations = driver.operations;
    operations["get"] = observe(target, "GET");
    operations["head"] = observe(target, "HEAD");
    operations["check"] = observe_by(target, observe_check);
    operations["probe"] = observe_by(target, observe_probe);
    operations["certificate"] = observe_by(target, observe_certificate);
    operations["wait_ok"] = observe_by(target, observe_wait_ok);
    operations["post"] = change(target, '+', "POST");
    operations["put"] = change(target, '~', "PUT");
    operations["patch"] = change(target, '~', "PATCH");
    operations["delete"] = change(target, '-', "DELETE");
    operations["load"] = change(target, '~', "GET");
    operations["load"].act = [target](Call& call, const Value&) { return act_load(target, &call); };
    return driver;
}

}  // namespace

extern constinit const DriverKind http_kind = {
    .family = "http",
    .name = "http",
    .doc = "Any service that speaks HTTP or HTTPS: one origin, requests written by hand.",
    .settings = settings_table,
    .operations = operation_names,
    .make = make,
    .doctor_checks = "the server, by a HEAD of /; any answer will do",
    .doctor_cannot = "whether requests with the credentials of a runbook are let in",
};

}  // namespace perilune
