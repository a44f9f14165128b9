// Writing one object, in one request or in parts, so that an answer that was lost is looked for.
#pragma once

#include "bindings/storage/s3_object.h"

namespace perilune {

// What a new object shall be, beside its bytes.
struct S3Writing {
    std::string doing;  // For messages: "Putting \"a/b\"".
    std::string key;    // As a runbook knows it.
    std::string full_key;
    std::vector<std::pair<std::string, std::string>> headers = {};     // Of the content.
    std::vector<std::pair<std::string, std::string>> conditions = {};  // If-Match and the like.
    std::string digest = {};  // SHA-256 in hexadecimal, where it is known.
    std::string mark = {};    // Noted with it, so that it is known for this very write.
};

// A mark for one write: the call's key, where there is one, and something of its own.
std::string mark_of_write(const Call* call);

// All headers of a request that makes the object.
std::vector<std::pair<std::string, std::string>> headers_of(const S3Writing& writing);

// Describes the object where it has the mark; nothing where it is another one's, or none.
Awaitable<Result<std::optional<S3Object>>> find_written(S3Pointer s3, const S3Writing* writing,
                                                        S3Bounds bounds);

// Writes an object of these bytes in one request. Where the way there failed and no look finds it,
// the same is done again, or, where one try is meant, left to the caller. `bytes` are the caller's.
enum class S3Tries { one, several };
Awaitable<Result<S3Object>> put_s3(S3Pointer s3, S3Writing writing, std::string_view bytes,
                                   S3Bounds bounds, S3Tries tries);

}  // namespace perilune
