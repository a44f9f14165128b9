// An object's content as a stream: ranges of it, several under way, checked as a whole at its end.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>

#include "bindings/storage/s3_check.h"
#include "interpreter/base/stream.h"

namespace perilune {

// Reads on a thread of its own, never on the loop's. A range that fails on the way is read again;
// an object that is replaced meanwhile ends the stream with `changed_meanwhile`, and one whose
// bytes do not fit its checksum with `damaged`.
class S3Source final : public ByteSource {
public:
    // Describes the object, or that version of it, first; not_found where it is not there. Ends,
    // also in the middle of a wait, with the bounds of the call that it is read for.
    static Result<std::unique_ptr<S3Source>> open(S3Pointer s3, const std::string& key,
                                                  const std::string& version, S3Bounds bounds);
    ~S3Source() override;
    S3Source(const S3Source&) = delete;
    S3Source& operator=(const S3Source&) = delete;

    Result<std::string> read(std::size_t bytes_max) override;
    const S3Object& object() const;

private:
    struct Ranges;
    S3Source(std::shared_ptr<Ranges> ranges, S3Check check);

    std::shared_ptr<Ranges> ranges_;  // Shared with the requests under way.
    S3Check check_;
    std::string range_;  // What has come and is not yet given.
    std::size_t given_ = 0;
    bool ended_ = false;
};

}  // namespace perilune
