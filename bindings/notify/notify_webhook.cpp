// The driver `webhook`: each message is one signed JSON document, posted to any address.
#include <algorithm>

#include "bindings/notify/notify.h"
#include "bindings/notify/notify_notice.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/files.h"
#include "interpreter/base/http_headers.h"
#include "interpreter/base/http_url.h"
#include "interpreter/base/http_verdict.h"
#include "interpreter/base/json.h"

namespace perilune {

namespace {

constexpr double retry_after_max_s = 60;

constexpr Setting settings_table[] = {
    {.name = "url",
     .doc = "Where each message is posted; may be a secret, since such addresses often hold one.",
     .may_be_secret = true,
     .identity = true},
    {.name = "secret",
     .doc = "The key of the signature; without it messages are not signed.",
     .need = Need::optional,
     .may_be_secret = true},
    {.name = "signature_header",
     .doc = "The header that carries \"sha256=\" and the HMAC-SHA256 of the body in hexadecimal.",
     .need = Need::optional,
     .fallback = "X-Perilune-Signature"},
    {.name = "headers",
     .type = Type::map,
     .doc = "Further headers: text or secrets.",
     .need = Need::optional,
     .may_be_secret = true},
    {.name = "certificate_authority",
     .doc = "A PEM file with the authority to trust instead of the system's.",
     .need = Need::optional},
    {.name = "timeout",
     .type = Type::duration,
     .doc = "How long one message may take: a dead pager must not hold up a recovery.",
     .need = Need::optional,
     .fallback = "10s"},
};

constexpr std::string_view operation_names[] = {"send", "open", "update", "resolve"};

struct Webhook {
    HttpClient& client;
    Value url;
    Value secret;
    std::string signature_header;
    Map headers;
    std::string certificate_authority;
    double timeout_s = 10;
};
using WebhookPointer = std::shared_ptr<Webhook>;

// The document: what was asked, when, and an id by which a receiver knows a message it has seen.
std::string body_of(const Call& call) {
    Value document{Map{}};
    for (const auto& [name, value] : call.arguments.map())
        if (name != "on_undelivered" && name != "timeout") document.set(name, value);
    document.set("kind", call.operation)
        .set("id", call.key)
        .set("target", call.target)
        .set("at", wall_now_s());
    return to_json(document);
}

Result<HttpRequest> request_of(const Webhook& hook, const Call& call) {
    HttpRequest request;
    request.method = "POST";
    auto url = open_text(call, hook.url);
    if (!url) return url.error();
    request.url = std::move(*url);
    request.body = body_of(call);
    request.has_body = true;
    request.headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", call.key}};
    if (const auto added = add_headers(request, call, hook.headers); !added) return added.error();
    if (!hook.secret.is_nil()) {
        const auto key = open_text(call, hook.secret);
        if (!key) return key.error();
        if (key->empty())
            return fail("bad_secret", "The webhook's secret is empty: nothing can be signed.");
        request.headers.emplace_back(hook.signature_header,
                                     "sha256=" + to_hex(hmac_sha256(*key, request.body)));
    }
    request.certificate_authority = hook.certificate_authority;
    request.deadline_s = boot_now_s() + hook.timeout_s;
    if (call.deadline_s > 0) request.deadline_s = std::min(request.deadline_s, call.deadline_s);
    return request;
}

Error refusal(const Call& call, const HttpAnswer& answer) {
    Error error = fail("unexpected_status", call.target + ": the webhook answered " +
                                                std::to_string(answer.status) +
                                                ". Check its address and its own log.");
    return with_verdict(std::move(error), answer, retry_after_max_s);
}

Awaitable<Result<Before>> before_post(Call* call) { co_return before_message(*call); }

Awaitable<Outcome> act_post(WebhookPointer hook, Call* call) {
    auto request = request_of(*hook, *call);
    if (!request) co_return undelivered(*call, request.error());
    const auto answer = co_await hook->client.send(std::move(*request), call->cancel);
    if (!answer.ok()) {
        Error error = answer.error();
        // A long answer is an answer: what stands in it does not matter here.
        const double status = error.detail["status"].number();
        if (error.code == "body_too_large" && status >= 200 && status < 300)
            co_return delivered(*call, true, call->key);
        error.message = call->target + ": " + error.message;
        co_return undelivered(*call, error);
    }
    if (answer->status >= 200 && answer->status < 300) co_return delivered(*call, true, call->key);
    co_return undelivered(*call, refusal(*call, *answer));
}

Result<Driver> make(const Settings& settings, Services& services) {
    const Value& values = settings.values;
    const auto refuse = [&](const std::string& why) {
        return fail("bad_setting", "In the settings of " + settings.target + ": " + why);
    };
    if (!services.http) return fail("no_http", "The host lends no HTTP client.");
    if (values["url"].is_text())
        if (const auto sane = check_url(values["url"].text()); !sane)
            return refuse(sane.error().message);
    const auto hook = std::make_shared<Webhook>(
        Webhook{.client = *services.http, .url = values["url"], .secret = values["secret"]});
    hook->signature_header = values["signature_header"].text();
    if (const auto sane = check_own_header(hook->signature_header, ""); !sane)
        return refuse(sane.error().message);
    auto headers = read_headers_setting(values["headers"], settings.target);
    if (!headers) return headers.error();
    hook->headers = std::move(*headers);
    if (values.has("certificate_authority"))
        hook->certificate_authority =
            path_below(settings.folder, values["certificate_authority"].text());
    if (values.has("timeout")) hook->timeout_s = values["timeout"].number();
    Driver driver;
    driver.state = hook;
    for (const auto& name : operation_names) {
        Handler handler;
        handler.before = [](Call& call) { return before_post(&call); };
        handler.act = [hook](Call& call, const Value&) { return act_post(hook, &call); };
        driver.operations.emplace(name, std::move(handler));
    }
    return driver;
}

}  // namespace

extern constinit const DriverKind notify_webhook_kind = {
    .family = "notify",
    .name = "webhook",
    .doc =
        "Posts each message as JSON: `kind` (send, open, update, resolve), `id`, `target`, `at` "
        "(Unix seconds) and the operation's own fields. `id`, also in the header "
        "Idempotency-Key, is the same where one message is sent again. With `secret` the body "
        "is signed: \"sha256=\" and its HMAC-SHA256. Any 2xx means taken.",
    .settings = settings_table,
    .operations = operation_names,
    .make = make,
    .doctor_cannot = "whether the webhook takes messages: only one of them tells",
};

}  // namespace perilune
