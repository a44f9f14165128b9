// Headers as settings and calls give them: names to text or secrets, opened only when they are
// sent.
#pragma once

#include "interpreter/base/http_client.h"

namespace perilune {

// Text as it is; a secret opened by the call.
Result<std::string> open_text(const Call& call, const Value& value);

// Checks the setting `headers` of a target; nil gives none. `bad_setting` where it is not right.
Result<Map> read_headers_setting(const Value& given, const std::string& target);

// True where the request has the header `lower_name` already, whatever its letters' case.
bool has_header(const HttpRequest& request, const std::string& lower_name);

// Adds headers to a request; a later one replaces an earlier one of the same name.
Status add_headers(HttpRequest& request, const Call& call, const Map& headers);

}  // namespace perilune
