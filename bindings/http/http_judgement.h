// What an answer, or none, means for an observe and for a change.
#pragma once

#include "bindings/http/http_target.h"

namespace perilune {

// An observe is never in doubt: what may have been sent is asked again safely.
Result<Value> judge_observe(const HttpTarget& target, const Call& call, const std::string& method,
                            const Result<HttpAnswer>& answer);

// A change happened, did not, was proved not executed, or may have happened.
Outcome judge_change(const HttpTarget& target, const Call& call, const std::string& method,
                     const Result<HttpAnswer>& answer);

}  // namespace perilune
