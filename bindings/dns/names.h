// Domain names as text: checked (RFC 1035, 2181), lower-cased, made absolute or relative to a zone.
//
// Inside, an absolute name has no last dot ("app.example.com"; the root is "."), and an owner is
// relative to its zone ("app", "@").
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "interpreter/base/result.h"

namespace perilune {

std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);

// True where the name ends in a dot that no backslash escapes.
bool ends_in_dot(std::string_view name);

// Checks labels and lengths and gives the name in lower case; "@" and "." pass as they are.
Result<std::string> checked_name(std::string_view name);

// The absolute form of a name as a zone file writes it: "@" and relative names join `origin`.
std::string absolute_name(std::string_view name, std::string_view origin);

// A target in a runbook's value: a whole host name, lower-case, without the last dot. A single
// label needs its dot ("localhost."), for without one it reads as relative to something.
Result<std::string> target_name(std::string_view name);
// The form target_name gives, of an absolute name.
std::string shown_target(std::string_view absolute);
// A target as a zone file needs it: with its last dot.
std::string dotted(std::string_view target);

// The owner below `zone` of an absolute name; nothing where it lies outside.
std::optional<std::string> owner_in_zone(std::string_view absolute, std::string_view zone);
// The owner of a name as a runbook gives it: relative, "@", or absolute with a last dot.
Result<std::string> resolve_owner(std::string_view name, std::string_view zone);

}  // namespace perilune
