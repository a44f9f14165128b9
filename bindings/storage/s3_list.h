// Listings, page after page: objects, versions, uploads.
#pragma once

#include <limits>
#include <vector>

#include "bindings/storage/s3_object.h"

namespace perilune {

inline constexpr std::size_t s3_no_limit = std::numeric_limits<std::size_t>::max();

// Current objects in the order of their keys' bytes; `prefix` and `after` as a runbook gives them.
struct S3ListWish {
    std::string prefix = {};
    std::string after = {};
    std::size_t limit = s3_no_limit;
};
Awaitable<Result<std::vector<S3Object>>> list_s3(S3Pointer s3, S3ListWish wish, S3Bounds bounds);

// Versions and marks of deletions by key, of each key newest first; of `key` alone where it is
// given. A bucket that keeps none gives its objects with the version "null".
struct S3VersionsWish {
    std::string prefix = {};
    std::string key = {};
};
Awaitable<Result<std::vector<S3Object>>> list_s3_versions(S3Pointer s3, S3VersionsWish wish,
                                                          S3Bounds bounds);

// Uploads in parts that have neither been completed nor aborted.
struct S3OpenUpload {
    std::string full_key;
    std::string id;
    double written_at_s = 0;  // When it was begun, or its newest part came.
};
Awaitable<Result<std::vector<S3OpenUpload>>> list_s3_uploads(S3Pointer s3, S3Bounds bounds);

// Fills in, for each object, what a listing leaves out, from a HEAD of each, several at once.
// What was deleted since is left out.
Awaitable<Result<std::vector<S3Object>>> describe_s3(S3Pointer s3, std::vector<S3Object> listed,
                                                     S3Bounds bounds);

}  // namespace perilune
