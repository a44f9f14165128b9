// What changes of a key-value store have in common, whatever keeps it: undo, limits and results.
#pragma once

#include <string>
#include <vector>

#include "interpreter/base/driver.h"

namespace perilune {

std::vector<std::string> cache_keys_of(const Call& call);

// The calls that take set and delete back, from `{ there, value | digest, expires_at_ms? }`.
std::optional<Restore> restore_cache_set(const Call& call, const Value& before, const Value&);
std::optional<Restore> restore_cache_delete(const Call& call, const Value& before, const Value&);

// What delete_matching or flush_sessions deletes.
struct Sweep {
    std::string pattern;
    std::size_t batch = 500;
    double pause_s = 0.01;
    double most = -1;  // Below 0: no limit.
};

// `sessions` is the pattern of session keys; empty where it is not known.
Result<Sweep> sweep_of(const std::string& target, const std::string& sessions, const Call& call);
// Of so many keys that match; refuses more than are allowed.
Result<Before> before_sweep_of(const std::string& target, const Sweep& sweep, std::size_t keys);

// From `{ primary, follows? }`.
Before before_promote_of(const Value& state);
Value promoted(const Value& before, bool changed);

}  // namespace perilune
