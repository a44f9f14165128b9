// URLs that no argument can lead elsewhere, and headers that stay one line (RFC 3986, RFC 9110).
#pragma once

#include <string>
#include <string_view>

#include "interpreter/base/result.h"

namespace perilune {

// Refuses what is no plain http or https URL: other schemes, a user's name, spaces, control bytes.
Status check_url(std::string_view url);

// "https://host:port" of a checked URL; the only part of one that is fit for a message.
std::string origin_of(std::string_view url);

// A target's `url`: an origin and perhaps a base path, without query or fragment. Returned without
// the last slash, ready for join_url.
Result<std::string> check_base_url(std::string_view url);

// A path that stays below its base: begins with one "/", no "." or ".." segment however encoded,
// no backslash, space, control byte or fragment. It may carry a query.
Status check_url_path(std::string_view path);

// Joins a checked base, a path and a query: a map of names to text, numbers, booleans or lists of
// them, percent-encoded. Refuses what check_url_path refuses.
Result<std::string> join_url(const std::string& base, std::string_view path,
                             const Value& query = {});

// Everything but letters, digits, "-", ".", "_" and "~" as %XX.
std::string url_encode(std::string_view text);
// "a=1&b=2" of such a map.
Result<std::string> encode_form(const Value& fields);

// Refuses a header's name that is no token, and a value that would begin another line.
Status check_header(std::string_view name, std::string_view value);
// Refuses also the headers that belong to the connection and not to its user, such as Host.
Status check_own_header(std::string_view name, std::string_view value);

}  // namespace perilune
