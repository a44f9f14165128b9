// An object sent in parts (AWS, "Uploading and copying objects using multipart upload"): nothing of
// it is visible before the last word, and a try after a crash goes on where the first one was.
#pragma once

#include <map>
#include <memory>

#include "bindings/storage/s3_write.h"

namespace perilune {

// A part as the service has it.
struct S3Part {
    std::string etag;
    double size_bytes = 0;
    std::string digest;     // SHA-256 in hexadecimal; empty of a part copied within the bucket.
    std::uint64_t crc = 0;  // CRC-64/NVME, likewise.
};

// Every function is for the loop's thread; several parts may be sent at once. An upload is either
// completed or aborted.
class S3Upload {
public:
    // Begins an upload, or takes up the one that an earlier try of the call began. With a call, the
    // upload's name and every part become `part` records (rule 13.2) before anything rests on them.
    static Awaitable<Result<std::shared_ptr<S3Upload>>> begin(S3Pointer s3, S3Writing writing,
                                                              Call* call, S3Bounds bounds);

    // Sends part `number` (from 1 on), unless an earlier try sent the same bytes.
    Awaitable<Status> send(int number, std::shared_ptr<const std::string> bytes, S3Bounds bounds);
    // Makes part `number` from a range of an object of the bucket.
    Awaitable<Status> copy(int number, const S3Object* from, double first, double last,
                           S3Bounds bounds);
    // Makes the object of parts 1 to `count`, all of which were sent.
    Awaitable<Result<S3Object>> complete(int count, S3Bounds bounds);
    Awaitable<Status> abort(S3Bounds bounds);

private:
    S3Upload(S3Pointer s3, S3Writing writing, Call* call);
    Awaitable<Result<bool>> is_usable(S3Bounds bounds);
    Awaitable<Status> create(S3Bounds bounds);
    Awaitable<bool> keep_part(int number, S3Part part);
    void take_up(const Map& parts);
    std::string upload_name() const;
    std::string part_name(int number) const;
    S3Object object_of(const S3Answer& answer, int count) const;

    S3Pointer s3_;
    S3Writing writing_;
    Call* call_;
    std::string id_;
    std::map<int, S3Part> parts_;
};

}  // namespace perilune
