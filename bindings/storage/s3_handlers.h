// The operations of the driver `s3`, by what they do.
#pragma once

#include <string_view>

#include "bindings/storage/s3_object.h"
#include "interpreter/base/stream.h"

namespace perilune {

using Operations = std::map<std::string, Handler, std::less<>>;

// What every handler of one target shares: the bucket, and its objects as other drivers see them.
struct S3Target {
    S3Pointer s3;
    std::shared_ptr<ObjectPort> objects;
};
using S3TargetPointer = std::shared_ptr<S3Target>;

void add_s3_reads(Operations& operations, const S3TargetPointer& target);
void add_s3_content_reads(Operations& operations, const S3TargetPointer& target);
void add_s3_puts(Operations& operations, const S3TargetPointer& target);
void add_s3_copies(Operations& operations, const S3TargetPointer& target);
void add_s3_deletions(Operations& operations, const S3TargetPointer& target);
void add_s3_bulk_changes(Operations& operations, const S3TargetPointer& target);
void add_s3_prefix_restores(Operations& operations, const S3TargetPointer& target);
void add_s3_setup(Operations& operations, const S3TargetPointer& target);
void add_s3_rules(Operations& operations, const S3TargetPointer& target);
void add_s3_replication(Operations& operations, const S3TargetPointer& target);
void add_s3_between(Operations& operations, const S3TargetPointer& target);

// The rules of a bucket's replication as `settings` shows them.
Value shown_replication(const XmlElement& configuration);

// The usual shapes of a handler whose functions are coroutines over the bucket.
using S3Observe = Awaitable<Result<Value>> (*)(S3Pointer, Call*);
using S3Before = Awaitable<Result<Before>> (*)(S3Pointer, Call*);
using S3Act = Awaitable<Outcome> (*)(S3Pointer, Call*, const Value*);
using S3Restore = std::optional<Restore> (*)(const Call&, const Value&, const Value&);
Handler s3_observe(const S3TargetPointer& target, S3Observe observe);
Handler s3_change(const S3TargetPointer& target, S3Before before, S3Act act,
                  S3Restore restore = nullptr);

// The port of the storage target that a call names. For the loop's thread only.
using Port = Result<std::shared_ptr<ObjectPort>>;
Port port_of(const S3TargetPointer& target, const std::string& name);

// The outcome of a change whose one request failed so.
Outcome s3_failed(const Error& error, bool left_some = false);

}  // namespace perilune
