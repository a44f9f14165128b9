#include "bindings/storage/s3_client.h"

#include <algorithm>
#include <cmath>

#include "bindings/storage/s3_errors.h"
#include "bindings/storage/s3_role.h"
#include "interpreter/base/aws_role.h"
#include "interpreter/base/aws_signature.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/base/pause.h"

namespace perilune {

namespace {

constexpr int tries_max = 8;
constexpr double pause_first_s = 0.1;
constexpr double pause_most_s = 5;

Result<AwsSigner> signer_of(const S3& s3) {
    AwsSigner signer{.access_key_id = {},
                     .secret_access_key = {},
                     .session_token = {},
                     .service = "s3",
                     .region = s3.place.region,
                     .path = AwsPath::as_sent};
    if (is_aws_role(s3.place.credentials)) {
        const auto keys = aws_role_keys(s3.place.credentials);
        if (!keys)
            return fail("credentials_refused",
                        "The keys of the role of " + s3.place.target + " are over.", Retry::safe);
        signer.access_key_id = keys->access_key_id;
        signer.secret_access_key = keys->secret_access_key;
        signer.session_token = keys->session_token;
        return signer;
    }
    const auto open = [&](const char* field, std::string& into) -> Status {
        const Value& held = s3.place.credentials[field];
        if (held.is_nil())
            return fail("bad_setting", "The credentials of " + s3.place.target + " need " + field +
                                           ". Write it under \"credentials\" in the environment "
                                           "as \"secret:NAME\".");
        auto opened = s3.services->open_secret(held);
        if (!opened) return opened.error();
        into = std::move(*opened);
        return Done{};
    };
    if (const auto opened = open("access_key_id", signer.access_key_id); !opened)
        return opened.error();
    if (const auto opened = open("secret_access_key", signer.secret_access_key); !opened)
        return opened.error();
    if (s3.place.credentials.has("session_token"))
        if (const auto opened = open("session_token", signer.session_token); !opened)
            return opened.error();
    return signer;
}

Result<HttpRequest> signed_request(const S3& s3, const S3Request& request, const S3Bounds& bounds) {
    const auto signer = signer_of(s3);
    if (!signer) return signer.error();
    HttpRequest http;
    http.method = request.method;
    http.url = url_of(s3.place, request.key, request.query);
    http.headers = request.headers;
    http.body_max = request.body_max;
    http.deadline_s = bounds.deadline_s;
    http.may_arrive_twice = request.repeatable;
    http.certificate_authority = s3.place.authority;
    const std::string payload =
        request.payload.empty() ? aws_payload(request.bytes()) : request.payload;
    sign_aws_request(*signer, http, payload, wall_now_s());
    return http;
}

// The answer to HEAD has no body, so that a 403 may mean anything: a request that has one and
// changes nothing tells what.
Awaitable<Result<S3Answer>> exchange(S3Pointer s3, const S3Request* request, S3Bounds bounds) {
    auto renewing = renew_s3_role(s3, bounds);
    const auto renewed = co_await renewing;
    if (!renewed) co_return renewed.error();
    auto http = signed_request(*s3, *request, bounds);
    if (!http) co_return http.error();
    http->lent_body = request->bytes();
    http->has_body = !request->bytes().empty();
    auto sending = s3->services->http->send(std::move(*http), bounds.cancel);
    auto got = co_await sending;
    if (!got && got.error().code == "body_too_large") {
        // Errors are short: what is longer is what was asked for.
        Error error = got.error();
        error.code = "too_large";
        error.retry = Retry::never;
        co_return error;
    }
    if (!got) co_return got.error();
    S3Answer answer{.status = got->status,
                    .headers = std::move(got->headers),
                    .body = std::move(got->body),
                    .xml = {}};
    if (answer.status < 200 || answer.status > 299) co_return s3_error(s3->place, *request, answer);
    if (request->answer.empty()) co_return answer;
    const auto read = read_promised(s3->place, *request, answer);
    if (!read) co_return read.error();
    co_return answer;
}

// Whether the bucket answers a question about itself; of a HEAD that was refused, the reason.
Awaitable<Status> ask_bucket(S3Pointer s3, std::string doing, S3Bounds bounds) {
    const S3Request request = bucket_question(*s3, std::move(doing));
    auto asking = exchange(s3, &request, bounds);
    const auto answer = co_await asking;
    if (!answer) co_return answer.error();
    s3->bucket_seen = true;
    co_return Done{};
}

bool says_nothing(const S3Request& request, const Error& error) {
    const int status = static_cast<int>(error.detail["status"].number());
    return request.method == "HEAD" && !request.key.empty() &&
           (status == 400 || status == 401 || status == 403);
}

}  // namespace

Awaitable<Status> renew_s3_role(S3Pointer s3, S3Bounds bounds) {
    if (!is_aws_role(s3->place.credentials)) co_return Done{};
    auto renewing = renew_aws_role({.http = *s3->services->http,
                                    .credentials = s3->place.credentials,
                                    .region = s3->place.region,
                                    .deadline_s = bounds.deadline_s,
                                    .cancel = bounds.cancel,
                                    .keep_secret = s3->services->keep_secret});
    co_return co_await renewing;
}

S3Bounds bounds_of(const Call& call) {
    return {.deadline_s = call.deadline_s, .cancel = call.cancel, .may_act = call.may_act};
}

const std::string& S3Answer::header(const std::string& name) const {
    static const std::string nothing;
    const auto found = headers.find(name);
    return found == headers.end() ? nothing : found->second;
}

Awaitable<Result<S3Answer>> send_s3(S3Pointer s3, S3Request request, S3Bounds bounds) {
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (!reads && bounds.may_act && !bounds.may_act())
        co_return fail("not_sent",
                       request.doing + " of " + s3->place.target +
                           " was not sent: this host may have lost the run to another one.",
                       Retry::safe);
    auto sending = exchange(s3, &request, bounds);
    auto answer = co_await sending;
    if (answer) {
        s3->bucket_seen = true;
        co_return answer;
    }
    const bool head_404 = request.method == "HEAD" && !request.key.empty() && !s3->bucket_seen &&
                          answer.error().code == "not_found";
    if (!head_404 && !says_nothing(request, answer.error())) co_return answer;
    auto asking = ask_bucket(s3, request.doing, bounds);
    const auto asked = co_await asking;
    // Who may read objects may not be allowed to list them: that says nothing about the object.
    const bool explains = !asked && (!head_404 || asked.error().code != "permission_denied");
    if (explains) co_return asked.error();
    co_return answer;
}

Awaitable<Result<S3Answer>> send_s3_patiently(S3Pointer s3, S3Request request, S3Bounds bounds) {
    double pause_s = pause_first_s;
    for (int tries = 1;; ++tries) {
        auto sending = send_s3(s3, request, bounds);
        auto answer = co_await sending;
        if (answer || tries == tries_max || !passes_soon(answer.error())) co_return answer;
        const double told_s = answer.error().detail["retry_after_s"].number();
        const double at_s = boot_now_s() + std::max(told_s, pause_s);
        if (at_s >= bounds.deadline_s) co_return answer;
        auto pausing = pause_until(s3->services->loop, at_s, bounds.cancel);
        const bool go_on = co_await pausing;
        if (!go_on) co_return answer;
        pause_s = std::min(pause_s * 2, pause_most_s);
    }
}

S3Request bucket_question(const S3& s3, std::string doing) {
    S3Request request;
    request.doing = std::move(doing);
    request.query = {{"list-type", "2"}, {"max-keys", "0"}, {"prefix", s3.place.prefix}};
    return request;
}

Awaitable<bool> keep_part_of(S3Pointer s3, Call* call, std::string name, Value value) {
    if (!call || !call->keep_part) co_return true;
    call->parts[name] = value;
    Leaf<bool> durable([&](Leaf<bool>::Resume resume) {
        call->keep_part(name, value,
                        [s3, resume] { s3->services->loop.post([resume] { resume(true); }); });
    });
    co_await durable;
    co_return true;
}

Result<std::string> presign_s3(const S3& s3, const std::string& method, const std::string& full_key,
                               int valid_s) {
    const auto signer = signer_of(s3);
    if (!signer) return signer.error();
    HttpRequest http;
    http.method = method;
    http.url = url_of(s3.place, full_key, {});
    presign_aws_url(*signer, http, aws_unsigned_payload, wall_now_s(), valid_s);
    return http.url;
}

void set_digested_body(S3Request& request, const XmlElement& document) {
    request.body = write_xml_document(document);
    Digest md5("md5");
    md5.add(request.body);
    request.headers.emplace_back("Content-MD5", to_base64(md5.finish()));
    request.headers.emplace_back("Content-Type", "application/xml");
}

}  // namespace perilune
