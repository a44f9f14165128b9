// What the changes of single objects share: whose write an object is, what it replaced, and how
// that is taken back.
#pragma once

#include "bindings/storage/s3_object.h"

namespace perilune {

// Whether the object was written by this very call, in a try whose answer was lost.
bool is_written_by(const std::optional<S3Object>& object, const Call& call);

// Whether two objects are known to have the same content and type.
bool is_same_object(const S3Object& one, const S3Object& other);

// The outcome of a change after which `now` is current. `digest` (may be empty) is known of it.
Outcome s3_written(const S3Object& now, const Value& before, const std::string& digest);

// The version that was current before and is still kept, now that `written` (a version's name;
// empty where none was given) was put in its place; empty where it is gone. A write while
// versioning is suspended replaces the version "null" and keeps all others.
std::string kept_version(const Value& before, const std::string& written);

// Takes back a change of `key`: what was there comes back, or the object goes where there was none.
std::optional<Restore> restore_s3_object(const std::string& key, const Value& before,
                                         const Value& result);

// "1 KiB → 2 KiB"
std::string show_replaced(const std::optional<S3Object>& from, double to_bytes);

// The digest of an object's bytes, which are read. For threads that may wait.
Result<std::string> digest_content(S3Pointer s3, const std::string& key, const std::string& version,
                                   const std::string& algorithm, S3Bounds bounds);

// The SHA-256 of an object: as it is known, or of its bytes.
Awaitable<Result<std::string>> digest_of_s3(S3Pointer s3, S3Object object, S3Bounds bounds);

// Copies an object (or the version of it that was described) within the bucket, in one request or,
// where it is larger than that allows, in parts. A copy made by an earlier try is found.
Awaitable<Result<S3Object>> copy_s3(S3Pointer s3, Call* call, S3Object from, std::string to_key,
                                    S3Bounds bounds);

}  // namespace perilune
