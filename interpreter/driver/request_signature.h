// Signs a Lua driver's request in the manner that its `sign` names, with secrets opened for it.
#pragma once

#include "interpreter/base/http_client.h"
#include "interpreter/driver/driver_request.h"

namespace perilune {

// Asks for keys of the role that `sign` names, where it names one: to be done before sign_request.
Awaitable<Status> renew_role_of(HttpClient& http, const KeepSecret& keep_secret, Call& call,
                                Value sign);

// `sign` is { kind = "aws", service, region, credentials = { access_key_id, secret_access_key,
// session_token? } or { role } }; nil signs nothing. To be done for every sending: a signature has
// a time.
Status sign_request(HttpRequest& request, const Call& call, const Value& sign);

}  // namespace perilune
