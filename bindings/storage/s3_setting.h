// One setting of a bucket, such as its CORS rules: read, written and removed whole.
#pragma once

#include "bindings/storage/s3_client.h"

namespace perilune {

// By its name in the query, as an element with the name `root`; without children where there is
// none.
Awaitable<Result<XmlElement>> read_s3_setting(S3Pointer s3, std::string name, std::string root,
                                              S3Bounds bounds);
// Writes it, or, without children, removes it.
Awaitable<Status> write_s3_setting(S3Pointer s3, std::string name, const XmlElement* document,
                                   S3Bounds bounds);

// What is, and that it is already so where that is what is wanted.
Before before_s3_setting(const Value& now, const Value& wanted);
// The outcome { before, after, changed }.
Outcome s3_set_to(const Value& before, const Value& after);

}  // namespace perilune
