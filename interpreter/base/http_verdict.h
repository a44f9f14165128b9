// What the status of an unwelcome answer proves about a request that should have changed something.
#pragma once

#include <optional>

#include "interpreter/base/http_client.h"

namespace perilune {

// True where the request may have been executed all the same: gateways give up (502, 504) and
// servers fail half-way (500) without knowing, and 302 and 303 often follow a change. A 501 and a
// 505 say that nothing was begun.
bool leaves_doubt(int status);

// How many seconds to wait, at most `most_s`, after a 429, a 420 (which some say in its place) or a
// 503 with Retry-After: they prove that the request was not executed. Nothing after any other
// answer.
std::optional<double> told_to_wait(const HttpAnswer& answer, double most_s);

// Fills in `retry` and, where the answer asks for a wait, `detail.retry_after_s`.
Error with_verdict(Error error, const HttpAnswer& answer, double wait_most_s);

// The outcome of a change that failed so; `not_sent` where trying again is proved right.
Outcome failed_outcome(Error error);

}  // namespace perilune
