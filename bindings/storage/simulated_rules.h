// The rules of a bucket in memory: what operations set, and what they do to its objects in time.
#pragma once

#include <functional>

#include "bindings/storage/simulated_bucket.h"
#include "bindings/storage/store_handlers.h"

namespace perilune {

// What the handlers of rules share.
struct SimulatedRulesPlace {
    std::shared_ptr<BucketState> state;
    Services* services = nullptr;
    // The bucket of another target; null where there is none.
    std::function<std::shared_ptr<BucketState>(const std::string& target)> bucket_of;
};

// settings, set_cors, set_lifecycle, set_replication, replication_status and presign.
void add_simulated_rules(Operations& operations, const SimulatedRulesPlace& place);

// Does what the rules of a bucket, and of those that are replicated into it, ask for by now.
void apply_rules(BucketState& state);
// Notes that a new object is to be replicated, where a rule says so.
void note_for_replication(BucketState& state, const HeldObject& object);

}  // namespace perilune
