#include "interpreter/driver/request_signature.h"

#include <algorithm>
#include <vector>

#include "interpreter/base/aws_role.h"
#include "interpreter/base/aws_signature.h"
#include "interpreter/base/http_headers.h"
#include "interpreter/base/http_url.h"
#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

Error bad_sign(const Call& call, const std::string& why) {
    return fail("bad_argument",
                call.target + ":" + call.operation + ": sign of a request is refused: " + why);
}

Status check_sign(const Call& call, const Value& sign) {
    static const std::vector<std::string> known = {"credentials", "kind", "region", "service"};
    for (const auto& [field, value] : sign.map())
        if (std::find(known.begin(), known.end(), field) == known.end())
            return bad_sign(call,
                            "it has no field \"" + field + "\"." + did_you_mean(field, known));
    if (sign["kind"].text() != "aws")
        return bad_sign(call, "its kind must be \"aws\", the only one there is.");
    for (const auto* field : {"service", "region"})
        if (sign[field].text().empty())
            return bad_sign(call, std::string("it needs ") + field + ", a text.");
    return Done{};
}

Result<std::string> credential(const Call& call, const Value& credentials, const char* field) {
    const Value& held = credentials[field];
    if (!held.is_text() && !held.is_secret())
        return fail("bad_setting", "The credentials of " + call.target + " need " + field +
                                       ". Write it under \"credentials\" in the environment as "
                                       "\"secret:NAME\".");
    auto opened = open_text(call, held);
    // It becomes a part of a header.
    if (opened)
        if (const auto sane = check_header(field, *opened); !sane) return sane.error();
    return opened;
}

Status sign_by_role(HttpRequest& request, const Call& call, const Value& sign) {
    const auto keys = aws_role_keys(sign["credentials"]);
    if (!keys)
        return fail("credentials_refused", "The keys of the role of " + call.target + " are over.",
                    Retry::safe);
    const AwsSigner signer = {.access_key_id = keys->access_key_id,
                              .secret_access_key = keys->secret_access_key,
                              .session_token = keys->session_token,
                              .service = sign["service"].text(),
                              .region = sign["region"].text(),
                              .path = aws_path_of(sign["service"].text())};
    sign_aws_request(signer, request, aws_payload(request.body), wall_now_s());
    return Done{};
}

}  // namespace

Awaitable<Status> renew_role_of(HttpClient& http, const KeepSecret& keep_secret, Call& call,
                                Value sign) {
    if (!is_aws_role(sign["credentials"])) co_return Done{};
    auto renewing = renew_aws_role({.http = http,
                                    .credentials = sign["credentials"],
                                    .region = sign["region"].text(),
                                    .deadline_s = call.deadline_s,
                                    .cancel = call.cancel,
                                    .keep_secret = keep_secret});
    co_return co_await renewing;
}

Status sign_request(HttpRequest& request, const Call& call, const Value& sign) {
    if (sign.is_nil()) return Done{};
    if (auto checked = check_sign(call, sign); !checked) return checked;
    if (has_header(request, "authorization"))
        return bad_sign(call, "the request has a header Authorization of its own.");
    const Value& credentials = sign["credentials"];
    if (is_aws_role(credentials)) return sign_by_role(request, call, sign);
    auto id = credential(call, credentials, "access_key_id");
    if (!id) return id.error();
    auto key = credential(call, credentials, "secret_access_key");
    if (!key) return key.error();
    AwsSigner signer = {.access_key_id = std::move(*id),
                        .secret_access_key = std::move(*key),
                        .session_token = {},
                        .service = sign["service"].text(),
                        .region = sign["region"].text(),
                        .path = aws_path_of(sign["service"].text())};
    if (credentials.has("session_token")) {
        auto token = credential(call, credentials, "session_token");
        if (!token) return token.error();
        signer.session_token = std::move(*token);
    }
    sign_aws_request(signer, request, aws_payload(request.body), wall_now_s());
    return Done{};
}

}  // namespace perilune
