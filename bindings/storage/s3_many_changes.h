// What the changes of many objects share: their state, the moment before them, deletions in bulk.
#pragma once

#include "bindings/storage/s3_list.h"

namespace perilune {

// The current objects that a call means: those of `keys`, or all with `prefix`.
Awaitable<Result<std::vector<S3Object>>> meant_objects(S3Pointer s3, Call* call);

// Their state: equal states, nothing happened in between.
Value state_of(const std::vector<S3Object>& objects);

// Whether replaced and deleted content is kept now.
Awaitable<Result<bool>> keeps_versions(S3Pointer s3, S3Bounds bounds);

// A moment that every version there is was made before, and every one that this call makes comes
// after: S3 dates versions by whole seconds, so the second that it is now is waited out. The first
// try keeps it, with `planned`, as a part of the call; the next one gives the same.
struct S3Moment {
    double at_s = 0;
    double planned = 0;
};
Awaitable<Result<S3Moment>> moment_before(S3Pointer s3, Call* call, double planned);

// Deletes current objects; gives a list of { key, message } for those that were refused.
Awaitable<Result<List>> delete_objects(S3Pointer s3, Call* call, std::vector<std::string> keys);

// An error that would meet every other object too.
bool passes_through(const Error& error);

Value failure_of(const std::string& key, const std::string& message);

}  // namespace perilune
