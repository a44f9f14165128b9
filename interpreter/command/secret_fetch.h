// The fetcher of an environment's secrets, by the provider its file names.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "interpreter/base/loop.h"
#include "interpreter/library/environment.h"
#include "interpreter/run/secret_opener.h"

namespace perilune {

// The settings of a provider that an environment may name under `secrets`; null for an unknown one.
const DriverKind* find_secret_provider(std::string_view name);
const std::vector<const DriverKind*>& all_secret_providers();

// Its errors are `secret_missing` or `unsafe_secret`: exit code 4.
Result<FetchSecret> make_secret_fetch(const SecretsSettings& settings, Loop& loop);

// The same of what a driver of the secrets family keeps; null where it cannot give values.
FetchSecret fetch_from_driver(const DriverKind& kind, const Driver& driver);

// Opens every secret that these targets' settings hold, and throws the values away. What cannot be
// opened is named, all at once, as `secret_missing`. Blocking.
using OpenSecret = std::function<Result<std::string>(const Value& handle)>;
Status check_secrets(const Environment& environment, const std::vector<std::string>& targets,
                     const OpenSecret& open);

// The names of the secrets that a value holds and that the environment's provider keeps, each once.
std::vector<std::string> secret_names(const Value& value);

}  // namespace perilune
