// Signs a Lua driver's request in the manner that its `sign` names, with secrets opened for it.
#pragma once

#include "interpreter/base/http_client.h"

namespace perilune {

// `sign` is { kind = "aws", service, region, credentials = { access_key_id, secret_access_key,
// session_token? } }; nil signs nothing. To be done for every sending: a signature has a time.
Status sign_request(HttpRequest& request, const Call& call, const Value& sign);

}  // namespace perilune
