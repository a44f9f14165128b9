// Temporary keys of the role that a container, a machine or a token stands for at AWS.
//
// The setting `credentials` says { role = "container" }, "instance" or "web_identity"; where they
// are had stands in the variables that AWS's own programs read (AWS SDKs and Tools, "Standardized
// credential providers").
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "interpreter/base/http_client.h"

namespace perilune {

struct AwsKeys {
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token;
    double ends_at = 0;  // Unix seconds.
};

// What asking for keys needs of a target and of one call.
struct AwsRoleCall {
    HttpClient& http;
    Value credentials;
    std::string region;     // Of STS; empty or "auto": us-east-1.
    double deadline_s = 0;  // Boot clock.
    std::shared_ptr<Cancel> cancel;
    // Keeps the keys out of all that is shown (Services::keep_secret); may be empty.
    std::function<Value(const std::string&, const std::string&)> keep_secret = {};
};

bool is_aws_role(const Value& credentials);

// Asks for keys where there are none that live for five minutes more. Keys that still live are good
// enough where nobody can give newer ones. Errors: bad_setting, credentials_refused, those of
// HttpClient.
Awaitable<Status> renew_aws_role(AwsRoleCall call);

// The keys that renew_aws_role has had for such credentials; nothing where they are over.
std::optional<AwsKeys> aws_role_keys(const Value& credentials);

}  // namespace perilune
