// The fetcher of an environment's secrets, by the provider its file names.
#pragma once

#include "interpreter/base/loop.h"
#include "interpreter/library/environment.h"
#include "interpreter/run/secret_opener.h"

namespace perilune {

Result<FetchSecret> make_secret_fetch(const SecretsSettings& settings, Loop& loop);

}  // namespace perilune
