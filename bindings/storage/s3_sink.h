// A stream into one object: short ones leave in one request, long ones in parts, several at once.
#pragma once

#include <condition_variable>
#include <mutex>

#include "bindings/storage/s3_upload.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/stream.h"

namespace perilune {

// Written to on a thread of its own, never on the loop's. Holds at most `at_once` parts that are
// under way and the one that fills.
class S3Sink final : public ByteSink {
public:
    S3Sink(S3Pointer s3, S3Writing writing, const ObjectOutline& outline);
    ~S3Sink() override;
    S3Sink(const S3Sink&) = delete;
    S3Sink& operator=(const S3Sink&) = delete;

    Status write(std::string_view bytes) override;
    Result<Value> commit() override;
    void abandon() override;

private:
    struct Shared;

    Status send_part();
    Status wait_for_parts(std::size_t under_way_max);
    Result<S3Object> finish();
    Error ended() const;
    S3Bounds bounds() const;

    S3Pointer s3_;
    S3Writing writing_;
    ObjectOutline outline_;
    std::size_t part_bytes_;
    std::string filling_;
    double written_bytes_ = 0;
    int parts_ = 0;
    Digest digest_;
    bool ended_ = false;
    std::shared_ptr<S3Upload> upload_;
    std::shared_ptr<Shared> shared_;  // With the requests under way.
};

}  // namespace perilune
