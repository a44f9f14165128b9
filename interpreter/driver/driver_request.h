// What a Lua driver's `http` asks for, checked and made ready to be sent, and what came back.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "interpreter/base/http_client.h"

namespace perilune {

// Where a driver may send requests to: a host's name, which is spoken to by https at its own port,
// "*.example.com" for those below one, or "{url}" for the origin of a setting.
struct DriverReach {
    std::vector<std::string> hosts;
    Value settings;
    std::string certificate_authority;  // A path; empty: the system's.
};

struct DriverRequest {
    HttpRequest http;
    bool reads = false;    // Changes nothing, so it may be sent again.
    bool once = false;     // It is not, however it fails: who asks whether something is well.
    std::set<int> accept;  // Statuses besides 200 to 299 that are no failure.
    Value handles;         // Fields of the answer that the driver gets as handles only.
    Value sign;            // How each sending is signed; see sign_request.
};

// Opens secrets and builds the request. Refuses what the driver may not reach.
Result<DriverRequest> make_request(const DriverReach& reach, const Call& call, const Value& asked);

// { status, headers, took_s, json | body }; `json` where the answer says it is and can be read.
Value answer_value(const HttpAnswer& answer);

using KeepSecret = std::function<Value(const std::string& name, const std::string& value)>;
// Puts handles in place of the texts of an answer's `json` that `handles` names: a map of a
// secret's name to its field, "credentials.token" or "items.*.value", or to { field, except },
// where "*" leaves out the fields that are named. Rule 13.4.
Value with_handles(Value answer, const Value& handles, const Call& call, const KeepSecret& keep);

// The error of an answer that is not accepted: what it proves stands in `retry`, what it says in
// `detail` and, shortened, in the message.
Error refusal_of(const Call& call, const DriverRequest& request, const HttpAnswer& answer);

}  // namespace perilune
