// Parameters that several rows of the http table share.
#pragma once

#include "interpreter/base/operation.h"

namespace perilune {

inline constexpr Parameter http_path = {
    .name = "path",
    .doc =
        "Begins with one slash and is joined to the target's `url`. Refused (`bad_path`) where "
        "it would lead elsewhere: another host, a \".\" or \"..\" segment in any encoding, a "
        "backslash, a space, a line break. It may carry a query."};
inline constexpr Parameter http_query = {
    .name = "query",
    .type = Type::map,
    .doc =
        "Fields added to the path's query, percent-encoded: text, numbers, booleans, secrets, "
        "or lists of them.",
    .need = Need::optional,
    .shape = "text",
    .may_be_secret = true};
inline constexpr Parameter http_headers = {
    .name = "headers",
    .type = Type::map,
    .doc =
        "Headers added to the target's own; text or secrets. A value with a line break, and "
        "the headers of the connection itself (Host, Content-Length, …), are refused "
        "(`bad_header`).",
    .need = Need::optional,
    .shape = "text",
    .may_be_secret = true};
inline constexpr Parameter http_json = {
    .name = "json",
    .type = Type::plain,
    .doc = "The body, sent as JSON; may hold secrets. At most one of json, form and body.",
    .need = Need::optional,
    .may_be_secret = true};
inline constexpr Parameter http_form = {
    .name = "form",
    .type = Type::map,
    .doc = "The body, sent as application/x-www-form-urlencoded; may hold secrets.",
    .need = Need::optional,
    .shape = "text",
    .may_be_secret = true};
inline constexpr Parameter http_body = {
    .name = "body",
    .doc = "The body as it is, text or a secret; name its type in the header Content-Type.",
    .need = Need::optional,
    .may_be_secret = true};
inline constexpr Parameter http_expect = {
    .name = "expect",
    .type = Type::plain,
    .doc =
        "The statuses that count as success: 204, \"2xx\", or a list of such. Any other answer "
        "raises `unexpected_status`, a redirect `redirect_refused`, with the answer in the "
        "error's `detail`.",
    .fallback = "2xx"};
inline constexpr Parameter http_expect_200 = {
    .name = "expect",
    .type = Type::plain,
    .doc = "The statuses that count as success: 200, \"2xx\", or a list of such.",
    .fallback = "200"};
inline constexpr Parameter http_key_header = {
    .name = "key_header",
    .doc =
        "The header that carries the call's idempotency key, such as \"Idempotency-Key\", where "
        "the service honours one: then a lost answer is sent again with the same key. Without "
        "it only a person can say whether it happened.",
    .need = Need::optional};
inline constexpr Parameter http_json_fields = {
    .name = "json",
    .type = Type::map,
    .doc =
        "Fields of the JSON answer that must be so, by dotted name: { [\"db.state\"] = \"up\", "
        "[\"nodes[0].ready\"] = true }, or nested.",
    .need = Need::optional,
    .shape = "plain"};

}  // namespace perilune
