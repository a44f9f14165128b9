// A bucket's objects as other drivers see them: streams in and out, of any length, in little
// memory.
#pragma once

#include "bindings/storage/s3_client.h"
#include "interpreter/base/stream.h"

namespace perilune {

// For threads that may wait, never for the loop's.
class S3Objects final : public ObjectPort {
public:
    explicit S3Objects(S3Pointer s3) : s3_(std::move(s3)) {}

    const S3Place& place() const { return s3_->place; }

    Result<std::unique_ptr<ByteSink>> write_object(const std::string& key) override;
    Result<std::unique_ptr<ByteSink>> begin_object(const ObjectOutline& outline) override;
    Result<std::unique_ptr<ByteSource>> read_object(const std::string& key) override;
    Result<Value> list_objects(const std::string& prefix) override;
    Result<Value> head_object(const std::string& key) override;
    Result<List> describe_objects(List listed) override;
    Status delete_object(const std::string& key) override;

private:
    S3Pointer s3_;
};

}  // namespace perilune
