// One object as S3 describes it: in the headers of an answer, or as an entry of a listing.
#pragma once

#include <string>

#include "bindings/storage/s3_client.h"

namespace perilune {

// What this driver notes with an object that it writes (as x-amz-meta-NAME).
inline constexpr std::string_view s3_noted_call = "perilune-call";
inline constexpr std::string_view s3_noted_digest = "perilune-sha256";
inline constexpr std::string_view s3_noted_part_bytes = "perilune-part-bytes";

// The header that notes something with an object.
std::string s3_note(std::string_view name);

// Of an object that is written without one.
inline constexpr const char* s3_plain_content_type = "application/octet-stream";

struct S3Object {
    std::string key;  // Relative to the target's prefix.
    double size_bytes = 0;
    double modified_at_s = 0;
    std::string etag;  // Without quotes.
    std::string version;
    std::string content_type;
    std::string sha256;       // In hexadecimal, where the service knows it or it was noted.
    std::string crc64;        // As in its header; of the whole content.
    std::string call;         // The key of the call that wrote it.
    double part_bytes = 0;    // The size of the parts it was sent in, where that was noted.
    bool etag_is_md5 = true;  // As far as its encryption tells.
    bool deleted = false;     // The mark of a deletion.
    bool latest = true;
    std::string replication;  // "PENDING", "COMPLETED", "FAILED", "REPLICA"; else empty.
    // The headers that a copy of it must be given to be the same.
    std::vector<std::pair<std::string, std::string>> kept_headers;

    // The Object that the vocabulary describes.
    Value to_value() const;
    // What undo compares.
    Value to_state() const;
};

// Of an answer to HEAD or GET of the object.
S3Object read_s3_object(const S3Place& place, const std::string& full_key, const S3Answer& answer);
// Of an entry of a listing of objects or of versions; its key must be within the prefix.
S3Object read_s3_entry(const S3Place& place, const std::string& full_key, const XmlElement& entry);

// The state of a key where there may be none.
Value s3_state(const std::string& key, const std::optional<S3Object>& object);

// The headers by which a request copies from an object of the bucket, as it was described.
std::vector<std::pair<std::string, std::string>> copy_source_of(const S3Place& place,
                                                                const S3Object& from);

// Unix seconds of "Fri, 20 Nov 2026 09:13:22 GMT" (RFC 9110, 5.6.7); 0 where it is none.
double read_http_date(const std::string& text);
// An ETag without its quotes.
std::string plain_etag(std::string_view text);

// Describes one object, or one version of it; nothing where it is not there.
Awaitable<Result<std::optional<S3Object>>> head_s3(S3Pointer s3, std::string key,
                                                   std::string version, S3Bounds bounds);

}  // namespace perilune
